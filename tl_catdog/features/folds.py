"""Parting pictures into folds: copies and groups together, some of every class left to train on."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

from tl_catdog.errors import CatdogError

TRIES = 20  # seeds for folds that leave some of every class


def lone_classes(
    labels: npt.NDArray[np.int64], digests: Sequence[str], classes: int | None = None
) -> tuple[int, ...]:
    """Return the classes of one picture and its copies, or none: nothing to check them against.

    Args:
        labels: Class indices, (N,).
        digests: SHA-256 of the pictures, or their groups.
        classes: How many classes there are; by themselves, as many as the labels name.
    """
    pairs = {(int(label), digest) for label, digest in zip(labels, digests, strict=True)}
    counts = Counter(label for label, _ in pairs)
    total = int(labels.max()) + 1 if classes is None else classes
    return tuple(label for label in range(total) if counts[label] < 2)


def fold_positions(
    labels: npt.NDArray[np.int64],
    digests: Sequence[str],
    trusted: npt.NDArray[np.bool_],
    folds: int,
    seed: int,
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return the positions of the pictures each probe is trained on, and of those it predicts.

    The arguments are those of ``cross_validated``.
    """
    classes = int(labels.max()) + 1
    if classes < 2:
        raise CatdogError(
            "expected two classes or more, found one.", "Add a folder of pictures of another kind."
        )
    if alone := lone_classes(labels, digests):
        raise CatdogError(
            "expected two different pictures or more of every class to check them against each "
            f"other, found one in {len(alone)} of {classes} classes.",
            "Add pictures of it, or remove its folder.",
        )
    groups: Any = np.unique(np.asarray(digests), return_inverse=True)[1]
    count = min(folds, int(np.bincount(labels).max()), int(groups.max()) + 1)
    for some in range(TRIES):
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed + some)
        with warnings.catch_warnings():
            # A class of fewer pictures than folds: some folds have none of it to predict.
            warnings.simplefilter("ignore", UserWarning)
            parts = list(splitter.split(labels, labels, groups))
        # Pictures that stay together can leave a probe without a class.
        if all(len(np.unique(labels[training])) == classes for training, _ in parts):
            break
    else:
        parts = list(LeaveOneGroupOut().split(labels, labels, groups))
    return [(_of_every_class(training, labels, trusted), rest) for training, rest in parts]


def _of_every_class(
    training: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], trusted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return what to train on: what is trusted, and all of a class of which nothing is."""
    known = np.unique(labels[training[trusted[training]]])
    return training[trusted[training] | ~np.isin(labels[training], known)]
