"""Whether probabilities can be taken at their word, and how each class fares; all with intervals.

Everything derives from saved predictions. Intervals are proportions' own (Wilson), or of figures
that are made comparable to one; none is a bootstrap's, which with few pictures, few of a class or
few mistakes shows no spread where there is some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.evaluation.area import area_estimate
from tl_catdog.evaluation.calibration_error import (
    calibration_error,
    confidence_bins,
    plain_calibration_error,
)
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.statistics import Estimate, f1_score, mean_loss, proportion


@dataclass(frozen=True)
class Bin:
    """Pictures answered about equally surely.

    Attributes:
        n: How many.
        low, high: Range of their confidence, 0..1.
        confidence: Its mean: the part that should be right.
        accuracy: The part that is right, with Wilson's interval.
    """

    n: int
    low: float
    high: float
    confidence: float
    accuracy: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return the bin as ``--json`` prints it."""
        return {
            "n": self.n,
            "low": self.low,
            "high": self.high,
            "confidence": self.confidence,
            "accuracy": self.accuracy.to_json(),
        }


@dataclass(frozen=True)
class ClassFigures:
    """One class against the rest; a figure is None where no picture would count for it.

    ``precision``: of the pictures called so, the part that is. ``recall``: of the pictures that
    are, the part called so. ``f1``: their harmonic mean.
    """

    label: str
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None

    def to_json(self) -> dict[str, Any]:
        """Return the figures as ``--json`` prints them."""
        parts = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {
            "label": self.label,
            **{name: part and part.to_json() for name, part in parts.items()},
        }


@dataclass(frozen=True)
class Reliability:
    """How far probabilities can be trusted.

    Attributes:
        ece: Expected calibration error, 0..1: the mean distance between how sure answers are and
            how often they are right, without the bias of the plain figure.
        ece_plain: The plain figure that others give (Naeini et al. 2015); chance alone makes it
            greater than 0.
        brier: Brier score, 0..1: half the mean squared distance between the probabilities and
            the truth, which for two classes is the usual mean of (p − y)².
        log_loss: Mean −ln of the true class's probability, 0 or more.
        auc: See ``Metrics.auc``; None where a class has no picture.
        bins: The reliability table, least sure first: what both calibration errors rest on.
        per_class: For each class.
    """

    ece: Estimate
    ece_plain: float
    brier: Estimate
    log_loss: Estimate
    auc: Estimate | None
    bins: tuple[Bin, ...]
    per_class: tuple[ClassFigures, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the figures under the names that ``evaluate --json`` prints."""

        def span(figure: Estimate | None) -> list[float] | None:
            return None if figure is None else [figure.interval.low, figure.interval.high]

        return {
            "auc_ci": span(self.auc),
            "log_loss_ci": span(self.log_loss),
            "ece": self.ece.value,
            "ece_ci": span(self.ece),
            "ece_plain": self.ece_plain,
            "brier": self.brier.value,
            "brier_ci": span(self.brier),
            "reliability": [item.to_json() for item in self.bins],
            "per_class": [item.to_json() for item in self.per_class],
        }


def reliability(predictions: Predictions) -> Reliability:
    """Compute the figures with their intervals.

    Raises:
        ValueError: There are no predictions.
    """
    n = len(predictions)
    if not n:
        raise ValueError("no predictions to evaluate")
    confidence, right = predictions.probabilities.max(axis=1), predictions.correct
    truth = np.eye(len(predictions.classes))[predictions.labels]
    squares = 0.5 * ((predictions.probabilities - truth) ** 2).sum(axis=1)
    chances = predictions.probabilities[np.arange(n), predictions.labels]
    losses = _log_loss(chances)
    instead = np.sort(predictions.probabilities, axis=1)[:, -2]  # the second most probable class
    return Reliability(
        ece=calibration_error(confidence, right),
        ece_plain=plain_calibration_error(confidence, right),
        brier=mean_loss(squares, 1.0),
        # A mistake costs what these pictures would on the average, if each were the class that
        # comes second in its answer.
        log_loss=mean_loss(losses, float(_log_loss(instead).mean())),
        auc=area_estimate(predictions.labels, predictions.probabilities),
        bins=_bins(confidence, right),
        per_class=tuple(
            _class_figures(predictions, index) for index in range(len(predictions.classes))
        ),
    )


def _log_loss(chances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(-np.log(np.clip(chances, np.finfo(np.float64).eps, 1.0)))


def _bins(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    found = []
    for members in confidence_bins(confidence):
        n, hits, sure = len(members), int(right[members].sum()), confidence[members]
        ends = float(sure.min()), float(sure.max())
        found.append(Bin(n, *ends, float(sure.mean()), proportion(hits, n)))
    return tuple(found)


def _class_figures(predictions: Predictions, index: int) -> ClassFigures:
    called, true = predictions.predicted == index, predictions.labels == index
    hits = int((called & true).sum())
    said, there = int(called.sum()), int(true.sum())
    return ClassFigures(
        predictions.classes[index],
        precision=proportion(hits, said) if said else None,
        recall=proportion(hits, there) if there else None,
        f1=f1_score(hits, said, there),
    )
