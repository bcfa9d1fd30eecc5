"""What answers can show of their precision: exact tests, in a sequence fixed before looking.

Answers come the surest first: whether each is ``right``, (N,), and whether a group is ``whole``
with it, (N,), the next one being less sure. Equal answers are given or withheld together (ADR 024).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import cache

import numpy as np
import numpy.typing as npt

RUNGS = (0.99, 0.98, 0.97, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""What is promised where 99.5 % can't be: the highest of these that can."""

RISK = 0.05
"""How often the precision asked for may be promised in vain."""

FURTHER_RISK = 0.025
"""How often a lower one may be, for going on beyond the surer half: chosen so that, with the risk
of choosing a rung, 5 % aren't exceeded in any of the worlds of ``tools/measure_promises.py``."""

TOLERATED = 5
"""A sequence starts where a precision can be shown with so many mistakes: with none allowed, one
wrong label among the surest would end it."""

FEW = 20
"""Of so few pictures all count: half of them would show nothing."""


def answers_shown(
    right: npt.NDArray[np.bool_],
    whole: npt.NDArray[np.bool_],
    precision: float,
    *,
    tolerated: int | None,
) -> int:
    """Return how many of the surest answers show a precision, by fixed sequence testing.

    Args:
        right: Whether each answer is right, the surest first, (N,).
        whole: Whether the next answer is less sure than this one, (N,).
        precision: 0..1 exclusive.
        tolerated: Start where so many mistakes can be among them, if that is before the surer half
            ends.
    """
    start = _surer_half(len(right))
    if tolerated is not None:
        start = min(start, fewest(precision, tolerated))
    return _sequence(right, whole, precision, max(start, fewest(precision)), RISK)


def _sequence(
    right: npt.NDArray[np.bool_],
    whole: npt.NDArray[np.bool_],
    precision: float,
    start: int,
    risk: float,
) -> int:
    """Return the last number of answers, from a start on, before the first that shows it not."""
    ends = np.flatnonzero(whole) + 1
    ends = ends[ends >= start]
    mistakes = np.cumsum(~right)[ends - 1]
    failures = np.flatnonzero(mistakes > allowed_mistakes(ends, precision, risk))
    last = int(failures[0]) if len(failures) else len(ends)
    return int(ends[last - 1]) if last else 0


def highest_rung(
    right: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]
) -> tuple[float | None, int]:
    """Return the highest rung that the surer half shows, and how many answers do; or None, 0."""
    ends = np.flatnonzero(whole) + 1
    half = int(ends[ends >= _surer_half(len(right))][0])
    mistakes = int((~right[:half]).sum())
    for rung in RUNGS:
        if mistakes <= allowed_mistakes(np.array([half]), rung, RISK)[0]:
            return rung, max(half, _sequence(right, whole, rung, half, FURTHER_RISK))
    return None, 0


def _surer_half(n: int) -> int:
    """Return half of n pictures, but ``FEW`` at least or all."""
    return min(n, max(math.ceil(n / 2), FEW))


def allowed_mistakes(
    given: npt.NDArray[np.int64], precision: float, risk: float
) -> npt.NDArray[np.int64]:
    """Return how many mistakes among so many answers still show a precision; −1 for none at all.

    The most k of which P(at most k mistakes) ≤ risk if answers were right just so often: then the
    exact lower bound of Clopper and Pearson (1934) is the precision or more.
    """
    from scipy.stats import binom

    most = binom.ppf(risk, given, 1 - precision)
    exceeds = binom.cdf(most, given, 1 - precision) > risk
    return np.asarray(most - exceeds, np.int64)


@cache
def fewest(precision: float, mistakes: int = 0) -> int:
    """Return how few answers can show a precision with so many mistakes among them."""
    from scipy.stats import beta

    def shown(given: int) -> bool:
        return bool(beta.ppf(RISK, given - mistakes, mistakes + 1) >= precision)

    low = high = mistakes + 1
    while not shown(high):
        low, high = high + 1, 2 * high
    return bisect_left(range(high), True, lo=low, key=shown)
