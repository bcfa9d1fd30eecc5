"""Intervals and tests. Those for accuracies take counts, not percentages.

SciPy's statistics take most of a second to import, so only what computes something does that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.wording import estimate

CONFIDENCE = 0.95


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


def score_interval(part: float, n: float, quantile: float) -> Interval:
    """Return Wilson's score interval of a proportion that rests on n independent answers.

    Args:
        part: 0..1.
        n: How many there are, more than 0; of a figure that is no count, so many as would make a
            proportion vary as much: its effective sample size.
        quantile: Of the normal distribution, or of Student's where the variance is an estimate.

    >>> found = score_interval(0.95, 100, 1.959964)
    >>> round(found.low, 4), round(found.high, 4)
    (0.8882, 0.9785)
    """
    square = quantile**2
    middle = (part + square / (2 * n)) / (1 + square / n)
    half = quantile / (1 + square / n) * math.sqrt(part * (1 - part) / n + square / (4 * n * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def f1_score(hits: int, called: int, true: int) -> Estimate | None:
    """Return the F1 score of a class with its 95 % interval, or None where nothing counts for it.

    With J = hits / (pictures that are the class or were called so), a proportion with Wilson's
    interval, F1 = 2·J / (1 + J), which only grows with J, so the ends are those of J.

    Args:
        hits: Pictures of the class that were called so.
        called: Pictures that were called so.
        true: Pictures of the class.

    >>> found = f1_score(0, 0, 2)
    >>> found.value, found.interval.low, round(found.interval.high, 2)
    (0.0, 0.0, 0.79)
    """
    n = called + true - hits
    if n == 0:
        return None
    ends = wilson_interval(hits, n)
    low, high = (2 * end / (1 + end) for end in (ends.low, ends.high))
    return Estimate(2 * hits / (called + true), Interval(low, high), n)


def mean_proportion(hits: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Estimate:
    """Return the mean of the proportions of several groups, of equal weight, with its interval.

    The interval is Wilson's of as many independent answers as would vary as much. For that, each
    group counts a half more of either answer (Agresti, Coull 1998), since a small group that is all
    right may well be less so, and varies as if it were by so much smaller.

    Args:
        hits: Of each group, (G,).
        sizes: Of each group, 1 or more, (G,).

    >>> found = mean_proportion(np.array([990, 6]), np.array([1000, 10]))
    >>> round(found.value, 3), round(found.interval.low, 2), round(found.interval.high, 2)
    (0.795, 0.58, 0.92)
    """
    value = float((hits / sizes).mean())
    likely = (hits + 0.5) / (sizes + 1)
    variances = likely * (1 - likely) * (sizes + 0.5) / (sizes * len(sizes)) ** 2
    mean = float(likely.mean())
    quantile = student_quantile(variances, sizes)
    interval = score_interval(value, mean * (1 - mean) / float(variances.sum()), quantile)
    return Estimate(value, interval, int(sizes.sum()))


def student_quantile(
    variances: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64], level: float = CONFIDENCE
) -> float:
    """Return Student's two-sided quantile for a sum of estimates, after Satterthwaite 1946.

    Where a small group makes most of the variance, that variance isn't known well.

    Args:
        variances: Of the parts of the sum, (G,).
        sizes: What each of them rests on, (G,).
        level: 0..1 exclusive.

    >>> round(student_quantile(np.array([1.0, 0.01]), np.array([10, 1000])), 2)
    2.22
    """
    from scipy import stats

    freedom = variances.sum() ** 2 / (variances**2 / sizes).sum()
    return float(stats.t.ppf((1 + level) / 2, freedom))


def mean_loss(losses: npt.NDArray[np.float64], mistake: float) -> Estimate:
    """Return a mean loss with its 95 % interval, which reckons with a mistake that wasn't seen.

    Losses are skewed: a good classifier's mean rests on a few mistakes, and a sample without any
    shows no spread. So the upper end is Student's of the losses and one mistake more; a bootstrap
    or Student's of the losses alone held the mean in as few as a tenth of simulated samples.

    Args:
        losses: Of each picture, 0 or more, (N,), N at least 1.
        mistake: What a mistake costs.

    >>> found = mean_loss(np.zeros(50), 1.0)
    >>> found.value, found.interval.low, round(found.interval.high, 3)
    (0.0, 0.0, 0.059)
    """
    from scipy import stats

    n = len(losses)
    value, more = float(losses.mean()), np.append(losses, mistake)
    low, high = 0.0, float(more.mean())
    if n > 1:
        quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))
        low = value - quantile * float(losses.std(ddof=1)) / math.sqrt(n)
        high += quantile * float(more.std(ddof=1)) / math.sqrt(n)
    else:
        high = max(value, mistake)
    return Estimate(value, Interval(max(low, 0.0), max(high, value)), n)


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
