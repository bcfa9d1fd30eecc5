"""Whether probabilities can be taken at their word, and how each class fares; all with intervals.

Everything derives from saved predictions, and every interval that isn't a proportion's own comes
from a bootstrap over pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.evaluation.metrics import area_under_roc
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.statistics import Estimate, Interval, bootstrap_interval, proportion

BINS = 15
"""As in Guo et al. 2017; of equal mass, so that no bin rests on a handful of pictures."""

UNIT = Interval(0.0, 1.0)


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
            how often they are right (Naeini et al. 2015), over ``BINS`` bins of equal mass.
        brier: Brier score, 0..1: half the mean squared distance between the probabilities and
            the truth, which for two classes is the usual mean of (p − y)².
        log_loss: Mean −ln of the true class's probability, 0 or more.
        auc: See ``Metrics.auc``; None where a class has no picture.
        bins: The reliability table, least sure first.
        per_class: For each class.
    """

    ece: Estimate
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
    losses = -np.log(np.clip(chances, np.finfo(np.float64).eps, 1.0))
    return Reliability(
        ece=_estimate(lambda chosen: calibration_error(confidence[chosen], right[chosen]), n),
        brier=_estimate(lambda chosen: squares[chosen].mean(axis=-1), n),
        log_loss=_estimate(lambda chosen: losses[chosen].mean(axis=-1), n, Interval(0.0, np.inf)),
        auc=_area(predictions),
        bins=_bins(confidence, right),
        per_class=tuple(
            _class_figures(predictions, index) for index in range(len(predictions.classes))
        ),
    )


def calibration_error(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the expected calibration error along the last axis, 0..1.

    Args:
        confidence: Probability of the answer given, (…, N).
        right: Whether that answer is right, (…, N).
    """
    n = confidence.shape[-1]
    order = np.argsort(confidence, axis=-1, kind="stable")
    gaps = np.take_along_axis(right - confidence, order, axis=-1)
    sums = np.add.reduceat(gaps, _starts(n), axis=-1)
    return np.asarray(np.abs(sums).sum(axis=-1) / n)


def _starts(n: int) -> npt.NDArray[np.int64]:
    """Return where each bin begins among n sorted pictures; sizes differ by one at most."""
    return np.array([part[0] for part in np.array_split(np.arange(n), min(BINS, n))])


def _bins(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    order = np.argsort(confidence, kind="stable")
    found = []
    for members in np.array_split(order, min(BINS, len(order))):
        n, hits = len(members), int(right[members].sum())
        sure = confidence[members]
        ends = float(sure[0]), float(sure[-1])
        found.append(Bin(n, *ends, float(sure.mean()), proportion(hits, n)))
    return tuple(found)


def _area(predictions: Predictions) -> Estimate | None:
    value = area_under_roc(predictions.labels, predictions.probabilities)
    if value is None:
        return None

    def of(chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        labels, probabilities = predictions.labels[chosen], predictions.probabilities[chosen]
        flat = zip(
            labels.reshape(-1, labels.shape[-1]),
            probabilities.reshape(-1, *probabilities.shape[-2:]),
            strict=True,
        )
        areas = [area_under_roc(*pair) for pair in flat]
        # A resample may lack a class; it says nothing then.
        found = np.array([np.nan if area is None else area for area in areas])
        return found.reshape(labels.shape[:-1])

    n = len(predictions)
    return Estimate(value, bootstrap_interval(of, n, limits=UNIT), n)


def _class_figures(predictions: Predictions, index: int) -> ClassFigures:
    called, true = predictions.predicted == index, predictions.labels == index
    hits = called & true
    n = len(predictions)

    def f1(chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        # 2·tp / (2·tp + fp + fn), nan where a resample holds none of either
        both = called[chosen].sum(axis=-1) + true[chosen].sum(axis=-1)
        with np.errstate(invalid="ignore"):
            return np.asarray(2 * hits[chosen].sum(axis=-1) / both)

    return ClassFigures(
        predictions.classes[index],
        precision=_part(hits, called),
        recall=_part(hits, true),
        f1=_estimate(f1, n) if (called | true).any() else None,
    )


def _part(hits: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]) -> Estimate | None:
    return proportion(int(hits.sum()), int(of.sum())) if of.any() else None


def _estimate(statistic: Any, n: int, limits: Interval = UNIT) -> Estimate:
    value = float(statistic(np.arange(n)))
    return Estimate(value, bootstrap_interval(statistic, n, limits=limits), n)
