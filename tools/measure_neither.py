"""Measure what happens to pictures of neither kind: do they land in "unsure"?

usage: python tools/measure_neither.py RUN [--runs-dir models] [--precision 0.995]

Shows a trained run (its own test pictures beside) photographs that scikit-learn and scikit-image
ship (each whole and its four quarters; the one of a cat is left out), drawn shapes and noise, and
prints for each kind the part that is withheld, by probability alone, by novelty alone and by both,
and how well each of the two signs ranks them above the test pictures (ROC-AUC).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from sklearn.metrics import roc_auc_score

from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.prediction.rejection import Policy, choose_policy
from tl_catdog.runs.folder import find_run
from tl_catdog.statistics import proportion

SIZE = 256
DRAWN = 60  # pictures of each made-up kind
CATS = ("chelsea",)


def photographs() -> Iterator[Image.Image]:
    folders = files("sklearn.datasets") / "images", files("skimage") / "data"
    for folder in folders:
        for path in sorted(Path(str(folder)).iterdir()):
            if path.suffix not in (".jpg", ".png") or path.stem in CATS:
                continue
            picture = Image.open(path).convert("RGB")
            wide, tall = picture.width // 2, picture.height // 2
            yield picture
            for left in (0, wide):
                for top in (0, tall):
                    yield picture.crop((left, top, left + wide, top + tall))


def shapes(rng: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), tuple(map(int, rng.integers(0, 256, 3))))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(1, 9)):
        a, b = np.sort(rng.integers(0, SIZE, (2, 2)), axis=0)
        box = (*map(int, a), *map(int, b + 1))
        colour = tuple(map(int, rng.integers(0, 256, 3)))
        [pen.ellipse, pen.rectangle, pen.line][rng.integers(3)](box, fill=colour)
    return picture


def noise(rng: np.random.Generator) -> Image.Image:
    """Noise of a random coarseness, from single pixels to wide clouds."""
    side = int(SIZE / 2 ** rng.integers(0, 6))
    pixels = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BICUBIC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs-dir", type=Path, default=Path("models"))
    parser.add_argument("--precision", type=float)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run = find_run(options.run, options.runs_dir)
    policy = choose_policy(read_predictions(run.predictions_path("validation")), options.precision)
    print(policy.sentence())
    known = read_predictions(run.predictions_path("test"))
    rng = np.random.default_rng(options.seed)
    kinds = {
        "photographs": list(photographs()),
        "shapes": [shapes(rng) for _ in range(DRAWN)],
        "noise": [noise(rng) for _ in range(DRAWN)],
    }
    predictor = Predictor.load(run)
    familiar = known.probabilities.max(axis=1), known.novelty
    print(f"{'':<14}{'n':>4}  {'by probability':<22}{'by novelty':<22}{'by both':<22}AUC  AUC")
    show("own test", *familiar, policy, familiar)
    for kind, pictures in kinds.items():
        show(kind, *apply_policy(predictor, pictures), policy, familiar)


def apply_policy(
    predictor: Predictor, pictures: list[Image.Image]
) -> tuple[np.ndarray, np.ndarray]:
    """Return how sure the network is of each picture, and how unlike the known ones it is."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{i:04}.png") for i in range(len(pictures))]
        for path, picture in zip(paths, pictures, strict=True):
            picture.save(path)
        answers = list(predictor.answers(paths))
    sure = [max(answer.probabilities.values()) for answer in answers]
    return np.array(sure), np.array([answer.novelty for answer in answers])


def show(
    kind: str,
    sure: np.ndarray,
    novelty: np.ndarray,
    policy: Policy,
    familiar: tuple[np.ndarray, np.ndarray],
) -> None:
    doubtful, unlike = sure < policy.confidence, novelty > policy.novelty
    cells = [
        f"{proportion(int(part.sum()), len(part))!s:<22}"
        for part in (doubtful, unlike, doubtful | unlike)
    ]
    truth = np.r_[np.zeros(len(familiar[0])), np.ones(len(sure))]
    areas = (
        roc_auc_score(truth, np.r_[-familiar[0], -sure]),
        roc_auc_score(truth, np.r_[familiar[1], novelty]),
    )
    print(f"{kind:<14}{len(sure):>4}  {''.join(cells)}{areas[0]:.3f} {areas[1]:.3f}")


if __name__ == "__main__":
    main()
