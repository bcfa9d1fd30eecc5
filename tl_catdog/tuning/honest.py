"""Which settings a search keeps, and what they are worth on pictures that it hasn't seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.errors import CatdogError
from tl_catdog.features.group_effect import clustered_mean
from tl_catdog.statistics import Estimate, Interval, proportion
from tl_catdog.tuning.problem import Positions, Problem
from tl_catdog.tuning.space import Point, Space
from tl_catdog.tuning.study import Trial, best_of
from tl_catdog.tuning.trials import Judge, Judged

Flags = npt.NDArray[np.bool_]

TEST, NESTED = "test", "nested"
"""What a figure is of: a test folder, or folds that a whole search each was made without."""

WORST = -math.log(1e-12)
"""The greatest log loss of a picture, as ``heads.losses_of`` bounds it."""


@dataclass(frozen=True)
class Decision:
    """What a search keeps.

    Attributes:
        point: The winner's, or None for what a training does by itself.
        trial: The trial of the least loss, kept or not.
        gain: The default's mean log loss less that trial's, on the same pictures, with its 95 %
            interval over groups.
        error: The standard error of that, over groups as well.
        default, found: What both are worth within the search.
    """

    point: Point | None
    trial: Trial
    gain: Estimate
    error: float
    default: Judged
    found: Judged

    @property
    def kept(self) -> Judged:
        """What the settings that are kept are worth within the search."""
        return self.default if self.point is None else self.found


def decide(judge: Judge, trials: Sequence[Trial]) -> Decision:
    """Keep the default unless the best trial is better by more than its paired error.

    Each picture's log loss under one is compared with that under the other. The mean of the
    differences has to be above zero by more than its standard error, groups being what was drawn.

    Args:
        judge: Judges both again, on all pictures: nothing that is decided by comes out of a file.
        trials: At least the first, which is the default.
    """
    best = best_of(trials) or trials[0]
    default = judge.judge(None)
    found = default if not best.number else judge.judge(best.point)
    differences = default.losses - found.losses
    gain, error = Estimate(0.0, Interval(0.0, 0.0), len(differences)), 0.0
    if best.number:
        groups = judge.problem.groups_of(judge.problem.pool)
        gain = clustered_mean(differences, groups, Interval(-WORST, WORST))
        error = standard_error(differences, groups)
    better = bool(best.number) and gain.value > error
    return Decision(best.point if better else None, best, gain, error, default, found)


def standard_error(values: npt.NDArray[np.float64], groups: Sequence[str]) -> float:
    """Return the standard error of a mean over pictures, groups being what was drawn.

    As in ``group_effect.clustered_mean``: Liang and Zeger 1986, with the factor G / (G − 1).

    Args:
        values: Of the pictures, (N,).
        groups: Their groups; infinite for a single one.
    """
    which = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(which, weights=values - values.mean())
    count = len(sums)
    if count < 2:
        return math.inf
    return float(np.sqrt(count / (count - 1) * np.sum(sums**2))) / len(values)


@dataclass(frozen=True)
class Outer:
    """What searches are worth on pictures that they haven't seen.

    Attributes:
        right: Whether each of these was answered right, (M,).
        positions: Which pictures they are, (M,).
        judged: ``test`` or ``nested``.
    """

    right: Flags
    positions: Positions
    judged: str

    def accuracy(self, problem: Problem) -> Estimate:
        """Return the accuracy; where pictures are of groups, groups are what was drawn."""
        groups = problem.groups_of(self.positions)
        if len(set(groups)) == len(groups):
            return proportion(int(self.right.sum()), len(self.right))
        return clustered_mean(self.right.astype(np.float64), groups, Interval(0, 1))


def on_test(judge: Judge, decision: Decision, training: Positions, test: Positions) -> Outer:
    """Answer the test pictures by a head trained as a training would train it.

    Args:
        judge: What the search was made with.
        decision: What it kept.
        training: Positions of the pictures that a training is fitted on.
        test: Positions of the test pictures, none of which is of a group that was searched on.
    """
    chances = judge.predict(decision.point, training, test, decision.kept)
    return Outer(chances.argmax(axis=1) == judge.problem.labels[test], test, TEST)


def nested(
    problem: Problem, space: Space, find: Callable[[Judge, str, int], Sequence[Trial]]
) -> Outer:
    """Make the whole search once more for each outer fold, without that fold's pictures.

    Args:
        problem: All pictures.
        space: What is searched.
        find: Makes a search with a judge, under a name, which comes as its number from 1 as well.
    """
    right = np.zeros(len(problem.labels), np.bool_)
    for number, (training, rest) in enumerate(problem.folds, start=1):
        inner = Judge(problem.of(training, problem.seed + number), space)
        try:
            inner.problem.folds  # noqa: B018 (computed when it is asked for)
        except CatdogError:  # a class has one group left: there is nothing to choose by
            alone = Judge(problem, space)
            known = Judged(np.zeros(0), np.zeros(0, np.bool_), (1.0, 1.0))
            chances = alone.predict(None, training, rest, known)
        else:
            decision = decide(inner, find(inner, f"outer {number}", number))
            chances = inner.predict(decision.point, training, rest, decision.kept)
        right[rest] = chances.argmax(axis=1) == problem.labels[rest]
    return Outer(right[problem.pool], problem.pool, NESTED)


def optimism_of(problem: Problem, decision: Decision, outer: Outer) -> Estimate:
    """Return by how much the search's own accuracy is above that on pictures it hasn't seen.

    On the same pictures, as in nested folds, each picture is compared with itself; else both
    accuracies vary by themselves.
    """
    inner = decision.kept.right
    if outer.judged == NESTED:
        differences = inner.astype(np.float64) - outer.right
        return clustered_mean(differences, problem.groups_of(problem.pool), Interval(-1, 1))
    own, other = proportion(int(inner.sum()), len(inner)), outer.accuracy(problem)
    value = own.value - other.value
    # Newcombe 1998, Statistics in Medicine 17:873–890, method 10: unpaired proportions.
    low = value - math.hypot(own.value - own.interval.low, other.interval.high - other.value)
    high = value + math.hypot(own.interval.high - own.value, other.value - other.interval.low)
    return Estimate(value, Interval(max(-1.0, low), min(1.0, high)), other.n)
