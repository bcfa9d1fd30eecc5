"""Intervals and tests for accuracies. Everything here takes counts, not percentages."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A confidence interval, ``low`` ≤ ``high``."""

    low: float
    high: float


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a proportion (Wilson 1927), by SciPy.

    Args:
        successes: 0..n.
        n: Number of trials, 1 or more.
        confidence: 0..1 exclusive.
    """
    found = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return Interval(float(found.low), float(found.high))


@dataclass(frozen=True)
class PairedCounts:
    """Two classifiers on the same pictures: how often each combination of right and wrong came."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        """Number of pictures."""
        return self.both + self.only_a + self.only_b + self.neither


def mcnemar_exact(counts: PairedCounts) -> float:
    """Return the exact two-sided p-value of McNemar's test, 0..1, by SciPy's binomial test.

    Under "both are equally good", a picture that only one gets right is as likely to be a's as b's.
    """
    discordant = counts.only_a + counts.only_b
    if discordant == 0:
        return 1.0
    return float(stats.binomtest(counts.only_a, discordant, 0.5).pvalue)


def paired_difference_interval(counts: PairedCounts, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of accuracy(a) − accuracy(b) on the same pictures, −1..1.

    Newcombe's hybrid score interval for paired proportions (Newcombe 1998, Statistics in Medicine
    17:2635–2650, method 10): it keeps its coverage with few discordant pairs, where the usual
    normal interval collapses to a point. No library here has it.
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
