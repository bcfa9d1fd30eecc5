"""What predictions on labelled pictures are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.evaluation.predictions import Predictions
from tl_catdog.evaluation.statistics import Interval, wilson_interval


@dataclass(frozen=True)
class Evaluation:
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


def evaluate(predictions: Predictions) -> Evaluation:
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
    return Evaluation(
        classes=predictions.classes,
        n=n,
        accuracy=right / n,
        accuracy_ci=wilson_interval(right, n),
        auc=_auc(predictions.labels, predictions.probabilities),
        log_loss=float(
            metrics.log_loss(predictions.labels, predictions.probabilities, labels=indices)
        ),
        confusion=tuple(tuple(int(cell) for cell in row) for row in matrix),
    )


def _auc(labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]) -> float | None:
    from sklearn.metrics import roc_auc_score

    columns = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = []
    for column in columns:
        truth = labels == column
        if truth.all() or not truth.any():
            return None
        areas.append(float(roc_auc_score(truth, probabilities[:, column])))
    return float(np.mean(areas))
