"""What predictions on labelled pictures are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.evaluation.area import area_under_roc
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.spreadsheets import to_csv
from tl_catdog.statistics import Estimate, Interval, mean_proportion, proportion, wilson_interval

UNEQUAL = 1.5
"""Classes are of unequal size where the largest has more than so many times the smallest's."""

TOP, TOP_FROM = 5, 10
"""Whether the true class is among the first ``TOP`` is told from so many classes on."""


@dataclass(frozen=True)
class Confusion:
    """How often pictures of one class were said to be of another: ``n`` of its ``of``."""

    truth: str
    said: str
    n: int
    of: int


@dataclass(frozen=True)
class Metrics:
    """Figures of one network on one split.

    Attributes:
        n: Number of pictures.
        accuracy: Part that is right, 0..1.
        accuracy_ci: Wilson's 95 % interval of it.
        balanced_accuracy: Mean of the classes' recalls, 0..1, each of equal weight however many
            pictures it has; classes without a picture are left out.
        top5_accuracy: Part whose true class is among the five most probable; None where there are
            fewer than ten classes.
        auc: Area under the ROC curve, 0..1; for more than two classes the mean of each class
            against the rest; None where a class has no picture.
        log_loss: Mean −ln of the probability given to the true class, 0 or more.
        confusion: Rows are true classes, columns predicted ones.
    """

    classes: tuple[str, ...]
    n: int
    accuracy: float
    accuracy_ci: Interval
    balanced_accuracy: Estimate
    top5_accuracy: Estimate | None
    auc: float | None
    log_loss: float
    confusion: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many pictures each class has."""
        return tuple(sum(row) for row in self.confusion)

    @property
    def unequal(self) -> bool:
        """Whether classes have so unequal numbers that accuracy may hide the small ones."""
        there = [size for size in self.sizes if size]
        return len(there) > 1 and max(there) > UNEQUAL * min(there)

    def confusions(self) -> list[Confusion]:
        """Return which classes were taken for which, the most frequent first."""
        found = [
            Confusion(self.classes[truth], self.classes[said], n, size)
            for truth, (row, size) in enumerate(zip(self.confusion, self.sizes, strict=True))
            for said, n in enumerate(row)
            if n and said != truth
        ]
        return sorted(found, key=lambda item: (-item.n, item.of))

    def confusion_csv(self) -> str:
        """Return the confusion matrix as a table: a row for what is true, a column for what said.

        A name that a spreadsheet would take for a formula has a quote in front.
        """
        rows = zip(self.classes, self.confusion, strict=True)
        header = ("true \\ said", *self.classes)
        return to_csv([header, *((label, *row) for label, row in rows)])

    def to_json(self) -> dict[str, Any]:
        """Return the figures under the names that ``evaluate --json`` prints."""
        return {
            "n": self.n,
            "classes": list(self.classes),
            "accuracy": self.accuracy,
            "accuracy_ci": [self.accuracy_ci.low, self.accuracy_ci.high],
            "balanced_accuracy": self.balanced_accuracy.value,
            "balanced_accuracy_ci": _span(self.balanced_accuracy),
            "top5_accuracy": self.top5_accuracy and self.top5_accuracy.value,
            "top5_accuracy_ci": self.top5_accuracy and _span(self.top5_accuracy),
            "auc": self.auc,
            "log_loss": self.log_loss,
            "confusion": [list(row) for row in self.confusion],
        }


def _span(figure: Estimate) -> list[float]:
    return [figure.interval.low, figure.interval.high]


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
        balanced_accuracy=_balanced(matrix),
        top5_accuracy=_top5(predictions),
        auc=area_under_roc(predictions.labels, predictions.probabilities),
        log_loss=float(
            metrics.log_loss(predictions.labels, predictions.probabilities, labels=indices)
        ),
        confusion=tuple(tuple(int(cell) for cell in row) for row in matrix),
    )


def _balanced(matrix: npt.NDArray[np.int64]) -> Estimate:
    sizes = matrix.sum(axis=1)
    there = sizes > 0
    return mean_proportion(np.diag(matrix)[there], sizes[there])


def _top5(predictions: Predictions) -> Estimate | None:
    if len(predictions.classes) < TOP_FROM:
        return None
    chances = predictions.probabilities
    true = np.take_along_axis(chances, predictions.labels[:, None], axis=1)
    # As argmax takes the first of equal ones, so does the order here.
    earlier = np.arange(chances.shape[1]) < predictions.labels[:, None]
    before = (chances > true).sum(axis=1) + ((chances == true) & earlier).sum(axis=1)
    return proportion(int((before < TOP).sum()), len(predictions))
