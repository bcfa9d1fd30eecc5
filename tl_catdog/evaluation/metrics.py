"""What predictions on labelled pictures are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.prediction.predictions import Predictions
from tl_catdog.statistics import Interval, wilson_interval


@dataclass(frozen=True)
class Metrics:
    """Figures of one network on one split.

    Attributes:
        n: Number of pictures.
        accuracy: Part that is right, 0..1.
        accuracy_ci: Wilson's 95 % interval of it.
        auc: Area under the ROC curve, 0..1; for more than two classes the mean of each class
            against the rest; None where a class has no picture.
        log_loss: Mean −ln of the probability given to the true class, 0 or more.
        confusion: Rows are true classes, columns predicted ones.
    """

    classes: tuple[str, ...]
    n: int
    accuracy: float
    accuracy_ci: Interval
    auc: float | None
    log_loss: float
    confusion: tuple[tuple[int, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the figures under the names that ``evaluate --json`` prints."""
        return {
            "n": self.n,
            "classes": list(self.classes),
            "accuracy": self.accuracy,
            "accuracy_ci": [self.accuracy_ci.low, self.accuracy_ci.high],
            "auc": self.auc,
            "log_loss": self.log_loss,
            "confusion": [list(row) for row in self.confusion],
        }


def compute_metrics(predictions: Predictions) -> Metrics:
    """Compute the figures.

    Raises:
        ValueError: There are no predictions.
    """
    if not len(predictions):
        raise ValueError("no predictions to evaluate")
    from sklearn import metrics

    indices = np.arange(len(predictions.classes))
    right = int(predictions.correct.sum())
    n = len(predictions)
    matrix = metrics.confusion_matrix(predictions.labels, predictions.predicted, labels=indices)
    return Metrics(
        classes=predictions.classes,
        n=n,
        accuracy=right / n,
        accuracy_ci=wilson_interval(right, n),
        auc=area_under_roc(predictions.labels, predictions.probabilities),
        log_loss=float(
            metrics.log_loss(predictions.labels, predictions.probabilities, labels=indices)
        ),
        confusion=tuple(tuple(int(cell) for cell in row) for row in matrix),
    )


def area_under_roc(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]
) -> float | None:
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
    from scipy.stats import rankdata

    columns = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = []
    for column in columns:
        truth = labels == column
        inside = int(truth.sum())
        outside = len(truth) - inside
        if not inside or not outside:
            return None
        above = rankdata(probabilities[:, column])[truth].sum() - inside * (inside + 1) / 2
        areas.append(float(above / (inside * outside)))
    return float(np.mean(areas))
