"""Where the time of a picture goes when a folder is predicted, and how fast it could be at best.

Each step is done for all pictures on all cores, as ``predict`` does it, and its processor time is
told. What the network takes alone, divided by that and decoding, is the most of the bare forward
pass's rate that any prediction of files can reach.

usage: predict_profile.py RUN DIR [--every N]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from tl_catdog.data.folders import images_below
from tl_catdog.data.images import decode, opened, to_rgb
from tl_catdog.data.parallel import map_threaded
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import find_run

BILINEAR = Image.Resampling.BILINEAR


def main() -> None:
    """Measure, and print the figures as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", help="a run in models/, or its folder")
    parser.add_argument("pictures", type=Path, help="a folder of JPEGs")
    parser.add_argument("--every", type=int, default=4, help="take each N-th picture [4]")
    options = parser.parse_args()
    predictor = Predictor.load(find_run(options.run, Path("models")))
    paths = list(images_below(options.pictures))[:: options.every]
    print(json.dumps(profile(predictor, paths)), flush=True)


def profile(predictor: Predictor, paths: Sequence[Path]) -> dict[str, Any]:
    """Return processor milliseconds of each step for a picture, and what follows from them."""
    size = predictor.image_size
    encoded = [path.read_bytes() for path in paths]  # from now on in the system's cache as well
    whole = [_loaded(data) for data in encoded]
    pixels = [decode(path, size)[None] for path in paths]

    steps: dict[str, tuple[Callable[[Any], object], Sequence[Any]]] = {
        "jpeg": (_loaded, encoded),
        "resize": (lambda picture: picture.resize((size, size), BILINEAR), whole),
        "decode": (lambda path: decode(path, size), paths),
        "forward": (predictor.forward, pixels),
    }
    taken = {name: _each(work, items) for name, (work, items) in steps.items()}
    began = time.process_time()
    for _ in predictor.answers(paths):
        pass
    taken["predict"] = 1000 * (time.process_time() - began) / len(paths)
    return {
        "n": len(paths),
        "core_ms": {name: round(value, 2) for name, value in taken.items()},
        "limit": round(taken["forward"] / (taken["forward"] + taken["decode"]), 3),
        "reached": round(taken["forward"] / taken["predict"], 3),
    }


def _loaded(data: bytes) -> Any:
    picture = opened(data)
    picture.load()
    return to_rgb(picture)


def _each(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    for _ in map_threaded(work, items[:8]):  # the first calls make room in memory
        pass
    began = time.process_time()
    for _ in map_threaded(work, items):
        pass
    return 1000 * (time.process_time() - began) / len(items)


if __name__ == "__main__":
    main()
