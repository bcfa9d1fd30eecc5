"""Measure what a logistic regression gets on the features of each backbone, on sets of pictures.

usage: python tools/measure_backbones.py SET [SET ...] [--backbones mobilenet mobilenet:288 ...]

Each SET is a folder of pictures with splits. Features are pooled and divided by their length; C is
chosen on the validation pictures, and the test pictures are answered (of a set without a test split
the validation ones, C by folds of the training pictures). Prints a row of Markdown for each
backbone: accuracy on each set, the mean, log loss, and McNemar's exact test of all test pictures
against the first backbone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from statsmodels.stats.contingency_tables import mcnemar

from tl_catdog.config import TrainConfig
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.sets import load_set
from tl_catdog.features.linear_probe import pooled

DEFAULT = ("mobilenet", "mobilenet:288", *(f"efficientnet-lite{number}" for number in range(3)))
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def answers(folder: Path, backbone: str) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each judged picture is right, (N,), and its log loss, (N,)."""
    arch, _, size = backbone.partition(":")
    config = TrainConfig(arch=arch, image_size=int(size) if size else None).resolved()
    images = load_set(folder)
    rows, labels = {}, {}
    for split in images.splits:
        found = pooled(config, images.split(split))
        length = np.linalg.norm(found.features, axis=1, keepdims=True)
        rows[split] = found.features / length
        labels[split] = np.array([images.classes.index(item.label) for item in found.examples])
    judged = TEST if TEST in rows else VALIDATION

    def model(strength: float) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=5000)

    def loss(chances: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return -np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-12))

    def worth(strength: float) -> float:
        if judged == VALIDATION:
            folds = StratifiedKFold(5, shuffle=True, random_state=0)
            chances = cross_val_predict(
                model(strength), rows[TRAIN], labels[TRAIN], cv=folds, method="predict_proba"
            )
            return float(loss(chances, labels[TRAIN]).mean())
        fitted = model(strength).fit(rows[TRAIN], labels[TRAIN])
        return float(loss(fitted.predict_proba(rows[VALIDATION]), labels[VALIDATION]).mean())

    best = model(min(STRENGTHS, key=worth)).fit(rows[TRAIN], labels[TRAIN])
    chances = best.predict_proba(rows[judged])
    return chances.argmax(axis=1) == labels[judged], loss(chances, labels[judged])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--backbones", nargs="+", default=list(DEFAULT), help="ARCH or ARCH:SIZE")
    options = parser.parse_args()
    names = [folder.name for folder in options.sets]
    print(f"| backbone | {' | '.join(names)} | mean | log loss | p |")
    print("|-" * (len(names) + 4) + "|")
    first: np.ndarray | None = None
    for backbone in options.backbones:
        found = [answers(folder, backbone) for folder in options.sets]
        right = np.concatenate([item[0] for item in found])
        first = right if first is None else first
        pairs = [
            [int(((first == a) & (right == b)).sum()) for b in (True, False)] for a in (True, False)
        ]
        means = [float(item[0].mean()) for item in found]
        cells = " | ".join(f"{mean:.3f}" for mean in means)
        losses = np.mean([item[1].mean() for item in found])
        p = mcnemar(pairs, exact=True).pvalue
        print(
            f"| {backbone} | {cells} | {np.mean(means):.3f} | {losses:.3f} | {p:.2g} |", flush=True
        )


if __name__ == "__main__":
    main()
