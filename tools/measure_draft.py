"""Measure what decoding JPEGs at reduced scale saves, and what it does to a network's answers.

usage: python tools/measure_draft.py RUN_FOLDER TEST_FOLDER [--every N]

TEST_FOLDER holds <class>/<picture>.jpg. Each picture is taken as it is and enlarged 2, 4 and 8
times (8: every fourth), as a camera would have given it; each is decoded whole, and with other
rules for how large a JPEG has to stay (tl_catdog.data.images.least_side): so many times the result.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tl_catdog.data import images
from tl_catdog.prediction.predictor import Predictor, to_probabilities
from tl_catdog.runs.folder import read_run

RULES: dict[str, Callable[[int], int]] = {
    "whole": lambda size: 10**4,
    "4": lambda size: 4 * size,
    "2": lambda size: 2 * size,
    "1": lambda size: size,
    "ours": images.least_side,
}


def enlarged(path: Path, factor: int) -> bytes:
    if factor == 1:
        return path.read_bytes()
    picture = Image.open(path).convert("RGB")
    size = picture.width * factor, picture.height * factor
    out = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=92)
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every Nth picture only")
    arguments = parser.parse_args()
    predictor = Predictor.load(read_run(arguments.run))
    size = predictor.image_size
    paths = sorted(arguments.pictures.glob("*/*"))[:: arguments.every]
    print(f"{len(paths)} pictures, {size} px, {predictor.forward.engine}")
    for factor in (1, 2, 4, 8):
        files = [enlarged(path, factor) for path in paths[:: 4 if factor == 8 else 1]]
        expected = None
        for name, rule in RULES.items():
            images.least_side = rule  # type: ignore[assignment]
            began = time.thread_time()
            decoded = [images.decode(file, size) for file in files]
            each = 1000 * (time.thread_time() - began) / len(files)
            outputs = np.concatenate([predictor.forward(pixels[None])[0] for pixels in decoded])
            found = to_probabilities(outputs)
            expected = found if expected is None else expected
            changed = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
            apart = np.abs(found - expected)
            print(
                f"×{factor}  {name:>5}: {each:6.2f} ms, "
                f"{changed} of {len(files)} answers changed, "
                f"probabilities apart by {apart.mean():.5f} in the mean, {apart.max():.4f} at most",
                flush=True,
            )


if __name__ == "__main__":
    main()
