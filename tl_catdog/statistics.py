"""Intervals and tests. Those for accuracies take counts, not percentages.

SciPy's statistics take most of a second to import, so only what computes something does that.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.wording import estimate

CONFIDENCE = 0.95
RESAMPLES = 2000
AT_ONCE = 2_000_000  # values that one step of a bootstrap may hold


@dataclass(frozen=True)
class Interval:
    """A confidence interval, ``low`` ≤ ``high``."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval, and the number of pictures that it rests on."""

    value: float
    interval: Interval
    n: int

    def __str__(self) -> str:
        """Return a proportion for reading: ``98.4 % (97.1–99.2)``."""
        return estimate(self.value, self.interval.low, self.interval.high)

    def to_json(self) -> dict[str, Any]:
        """Return the figure as ``--json`` prints it."""
        return {"value": self.value, "ci": [self.interval.low, self.interval.high], "n": self.n}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Estimate:
        """Restore what ``to_json`` gave."""
        return cls(found["value"], Interval(*found["ci"]), found["n"])


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a proportion (Wilson 1927), by SciPy.

    Args:
        successes: 0..n.
        n: Number of trials, 1 or more.
        confidence: 0..1 exclusive.

    >>> found = wilson_interval(95, 100)
    >>> round(found.low, 4), round(found.high, 4)
    (0.8882, 0.9785)
    """
    from scipy import stats

    found = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return Interval(float(found.low), float(found.high))


def proportion(successes: int, n: int) -> Estimate:
    """Return a proportion with Wilson's interval, of n trials, 1 or more."""
    return Estimate(successes / n, wilson_interval(successes, n), n)


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    n: int,
    *,
    limits: Interval,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Return the percentile bootstrap interval of a figure over n pictures (Efron 1979), by SciPy.

    Args:
        statistic: Takes indices of pictures, (…, n), and gives the figure of each, (…); nan where
            they say nothing of it.
        n: Number of pictures.
        limits: What the figure can be at all; the answer where one picture is all there is.
        confidence: 0..1 exclusive.
        seed: Of the resampling.
    """
    if n < 2:
        return limits
    from scipy import stats

    with warnings.catch_warnings():
        # SciPy warns where a resample says nothing; those are left out below.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (np.arange(n),),
            lambda chosen, axis: statistic(chosen),
            n_resamples=RESAMPLES,
            batch=max(1, AT_ONCE // n),
            method="percentile",
            rng=seed,
        )
    tail = 50 * (1 - confidence)
    spread = found.bootstrap_distribution
    if np.isnan(spread).all():
        return limits
    low, high = np.nanpercentile(spread, [tail, 100 - tail])
    return Interval(float(low), float(high))


@dataclass(frozen=True)
class PairedCounts:
    """Two classifiers on the same pictures: how often each combination of right and wrong came."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @classmethod
    def of(cls, a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> PairedCounts:
        """Count; a and b say which of the same pictures each got right, (N,)."""
        return cls(
            both=int((a & b).sum()),
            only_a=int((a & ~b).sum()),
            only_b=int((~a & b).sum()),
            neither=int((~a & ~b).sum()),
        )

    @property
    def n(self) -> int:
        """Number of pictures."""
        return self.both + self.only_a + self.only_b + self.neither


def mcnemar_exact(counts: PairedCounts) -> float:
    """Return the exact two-sided p-value of McNemar's test, 0..1, by SciPy's binomial test.

    Under "both are equally good", a picture that only one gets right is as likely to be a's as b's.

    >>> mcnemar_exact(PairedCounts(both=90, only_a=6, only_b=0, neither=4))  # 2 · (1/2)⁶
    0.03125
    """
    from scipy import stats

    discordant = counts.only_a + counts.only_b
    if discordant == 0:
        return 1.0
    return float(stats.binomtest(counts.only_a, discordant, 0.5).pvalue)


def paired_difference_interval(counts: PairedCounts, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of accuracy(a) − accuracy(b) on the same pictures, −1..1.

    Newcombe's hybrid score interval for paired proportions (Newcombe 1998, Statistics in Medicine
    17:2635–2650, method 10): it keeps its coverage with few discordant pairs, where the usual
    normal interval collapses to a point. No library here has it.

    The example is the first row of his table III:

    >>> found = paired_difference_interval(PairedCounts(both=36, only_a=12, only_b=2, neither=0))
    >>> round(found.low, 4), round(found.high, 4)
    (0.0569, 0.3404)
    """
    n = counts.n
    a, b = counts.both + counts.only_a, counts.both + counts.only_b
    p_a, p_b = a / n, b / n
    of_a, of_b = wilson_interval(a, n, confidence), wilson_interval(b, n, confidence)
    phi = _newcombe_phi(counts)
    delta = p_a - p_b
    below_a, above_a = p_a - of_a.low, of_a.high - p_a
    below_b, above_b = p_b - of_b.low, of_b.high - p_b
    low = below_a**2 - 2 * phi * below_a * above_b + above_b**2
    high = above_a**2 - 2 * phi * above_a * below_b + below_b**2
    return Interval(
        max(-1.0, delta - math.sqrt(max(low, 0.0))), min(1.0, delta + math.sqrt(max(high, 0.0)))
    )


def _newcombe_phi(counts: PairedCounts) -> float:
    """Return the correlation of being right, with Newcombe's continuity correction."""
    e, f, g, h = counts.both, counts.only_a, counts.only_b, counts.neither
    margins = (e + f) * (g + h) * (e + g) * (f + h)
    if margins == 0:
        return 0.0
    determinant = float(e * h - f * g)
    if determinant > 0:
        determinant = max(determinant - counts.n / 2, 0.0)
    return determinant / math.sqrt(margins)
