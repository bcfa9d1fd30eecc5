"""The area under the ROC curve, of any number of classes, with its interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tl_catdog.statistics import Estimate, score_interval, student_quantile

Floats = npt.NDArray[np.float64]

PSEUDO = 0.5
"""So much of a picture that tells nothing is added to each of two classes, for the variance."""


def area_under_roc(labels: npt.NDArray[np.int64], probabilities: Floats) -> float | None:
    """Return the area under the ROC curve, 0..1, or None where a class has no picture.

    For more than two classes it is the mean of each class against the rest. It is the chance that
    a picture of a class gets more of its probability than one of another (Hanley, McNeil 1982), so
    ranks give it, in a fraction of the time that building the curve takes.

    Args:
        labels: True class indices, (N,).
        probabilities: (N, C).

    >>> dog = np.array([0.1, 0.8, 0.4, 0.8])
    >>> area_under_roc(np.array([0, 0, 1, 1]), np.column_stack([1 - dog, dog]))
    0.625
    """
    found = _contributions(labels, probabilities)
    return None if found is None else found[0]


def area_estimate(labels: npt.NDArray[np.int64], probabilities: Floats) -> Estimate | None:
    """Return the area with its 95 % interval, or None where a class has no picture.

    The variance is DeLong's (DeLong, DeLong, Clarke-Pearson 1988), extended to the mean over
    classes: a picture counts with its own class against the rest, and among the rest of the others.
    It is nothing for a perfect classifier and unsteady with few pictures, so a part of a picture
    that tells nothing joins each class, and the interval is Wilson's of as many independent
    answers as would vary as much.

    Args:
        labels: True class indices, (N,).
        probabilities: (N, C).
    """
    found = _contributions(labels, probabilities)
    if found is None:
        return None
    area, values, best = found
    sizes = np.bincount(labels, minlength=probabilities.shape[1])
    weight = 2 * PSEUDO / len(sizes)
    means = (_sums(labels, values, len(sizes)) + weight * best / 2) / (sizes + weight)
    squares = _sums(labels, (values - means[labels]) ** 2, len(sizes))
    squares += weight * (best / 2 - means) ** 2
    if not squares.any():  # all are equally probable
        squares = sizes * best**2 / 4
    many = sizes > 1
    # One picture shows no spread: that of the other classes stands in, or else the greatest.
    pooled = squares[many].sum() / (sizes[many] - 1).sum() if many.any() else (best**2).mean() / 4
    parts = np.where(many, squares / np.maximum(sizes - 1, 1), pooled) / sizes
    variance = float(parts.sum())
    level = 1 + float((means - best).sum()) / 2  # each picture counts on both sides
    quantile = student_quantile(parts, sizes)
    interval = score_interval(area, level * (1 - level) / variance, quantile)
    return Estimate(area, interval, len(labels))


def _sums(labels: npt.NDArray[np.int64], values: Floats, classes: int) -> Floats:
    return np.bincount(labels, weights=values, minlength=classes).astype(np.float64)


def _contributions(
    labels: npt.NDArray[np.int64], probabilities: Floats
) -> tuple[float, Floats, Floats] | None:
    """Return the area, what each picture contributes, (N,), and one of each class at most, (C,)."""
    from scipy.stats import rankdata

    n, classes = probabilities.shape
    sizes = np.bincount(labels, minlength=classes)
    if (sizes == 0).any():
        return None
    columns = range(1, 2) if classes == 2 else range(classes)
    values, best, areas = np.zeros(n), np.zeros(classes), []
    for column in columns:
        inside = labels == column
        few, rest = int(sizes[column]), n - int(sizes[column])
        ranks = rankdata(probabilities[:, column])
        above = (ranks[inside] - rankdata(probabilities[inside, column])) / rest
        below = 1 - (ranks[~inside] - rankdata(probabilities[~inside, column])) / few
        areas.append(float(above.mean()))
        values[inside] += above
        values[~inside] += below * sizes[labels[~inside]] / rest
        best += np.where(np.arange(classes) == column, 1.0, sizes / rest)
    return float(np.mean(areas)), values / len(columns), best / len(columns)
