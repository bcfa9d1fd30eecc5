"""What settings are worth: answers for each fold by a head that was trained on the other folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tl_catdog.config import TrainConfig
from tl_catdog.cores import usable_cores
from tl_catdog.data.parallel import map_threaded
from tl_catdog.features.linear_head import STRENGTHS as CHOSEN_FROM
from tl_catdog.features.linear_head import cautious
from tl_catdog.tuning.heads import (
    Answers,
    calibrated,
    judged,
    linear_chances,
    losses_of,
    together,
    unit_logits,
)
from tl_catdog.tuning.problem import Backbone, Positions, Problem
from tl_catdog.tuning.space import Point, Space

Chances = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What settings are worth on all pictures of a pool, out of fold.

    Attributes:
        losses: Each picture's log loss at the temperature of its fold, (N,), in the pool's order.
        right: Whether each was answered right, (N,).
        temperatures: As in ``heads.Answers``, the geometric means over the folds.
    """

    losses: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    temperatures: tuple[float, float]

    @property
    def accuracy(self) -> float:
        """Part of the pictures that were answered right, 0..1."""
        return float(self.right.mean())


class _Worth:
    """What comes together of a point's answers, fold by fold."""

    def __init__(self, problem: Problem) -> None:
        count = len(problem.labels)
        self._problem, self._losses = problem, np.zeros(count)
        self._right, self._logs = np.zeros(count, np.bool_), list[npt.NDArray[np.float64]]()
        self.means: list[float] = []

    def add(self, rest: Positions, answers: Answers) -> float:
        """Take a fold's answers; return their mean log loss."""
        labels = self._problem.labels[rest]
        self._losses[rest] = losses_of(answers.chances, labels)
        self._right[rest] = answers.chances.argmax(axis=1) == labels
        self._logs.append(np.log(np.maximum(answers.temperatures, 1e-9)))
        self.means.append(float(self._losses[rest].mean()))
        return self.means[-1]

    def judged(self) -> Judged:
        """Return what they are of all pictures."""
        linear, units = np.exp(np.mean(self._logs, axis=0))
        pool = self._problem.pool
        return Judged(self._losses[pool], self._right[pool], (float(linear), float(units)))


@dataclass
class Judge:
    """Judges points of a space on a problem; what it computed of linear models it keeps.

    Attributes:
        problem: The pictures and their folds.
        space: What the points are of.
    """

    problem: Problem
    space: Space
    _linear: dict[tuple[Backbone, bool, float, int], Chances] = field(default_factory=dict)
    _chosen: dict[bool, float] = field(default_factory=dict)
    _known: dict[str, Judged] = field(default_factory=dict)
    _least: float = np.inf

    def default_strength(self) -> float:
        """Return the C that a training would choose by itself on these pictures.

        A training chooses it on its validation pictures, or out of fold where it has none; here it
        is chosen out of fold, from the same values and by the same loss.
        """
        base = self.problem.base
        if base.strength is not None:
            return base.strength
        balanced = base.class_weights == "balanced"
        if balanced not in self._chosen:
            least, best = np.inf, CHOSEN_FROM[0]
            for strength in CHOSEN_FROM:
                loss = self._mean_loss(self.space.backbones[0], strength, balanced)
                if loss > least:  # it has one valley
                    break
                least, best = loss, strength
            self._chosen[balanced] = best
        return self._chosen[balanced]

    def losses(self, point: Point | None) -> Iterator[float]:
        """Yield the mean log loss of each fold, in order; whoever has seen enough may stop.

        Args:
            point: What to judge; None for what a training does by itself.
        """
        worth = _Worth(self.problem)
        for (_, rest), answers in zip(self.problem.folds, self._answers(point), strict=True):
            yield worth.add(rest, answers)
        mean = float(np.mean(worth.means))
        if point is None or mean < self._least:  # these are asked for again: what is best, and it
            self._known = {key: kept for key, kept in self._known.items() if key == repr(None)}
            self._known[repr(point)] = worth.judged()
            self._least = min(mean, self._least)

    def judge(self, point: Point | None) -> Judged:
        """Return what a point is worth on all pictures of the pool."""
        if repr(point) not in self._known:
            worth = _Worth(self.problem)
            for (_, rest), answers in zip(self.problem.folds, self._answers(point), strict=True):
                worth.add(rest, answers)
            return worth.judged()
        return self._known[repr(point)]

    def predict(
        self, point: Point | None, training: Positions, asked: Positions, known: Judged
    ) -> Chances:
        """Return what a head trained at a point says of other pictures, (M, C).

        Args:
            point: As above.
            training: Positions of the pictures to train on.
            asked: Positions of the pictures to answer.
            known: What the point is worth: the temperatures of the head's parts are from there.
        """
        with threadpool_limits(1):
            alone, trained, _ = self._head(point, training, asked, None)
        return together(alone, trained, known.temperatures)

    def _answers(self, point: Point | None) -> Iterator[Answers]:
        """Yield the answers for each fold, in order."""
        labels = self.problem.labels

        def of_fold(number: int) -> Answers:
            training, rest = self.problem.folds[number]
            alone, trained, strength = self._head(point, training, rest, number)
            return judged(alone, trained, labels[rest], strength)

        self.strength_of(point)  # once, before there are threads
        # A core for each fold: several threads for one would wait for each other, and add up in
        # another order.
        with threadpool_limits(1):
            yield from map_threaded(of_fold, range(len(self.problem.folds)), ahead=usable_cores())

    def settings_of(self, point: Point | None, images: int) -> TrainConfig:
        """Return the settings of a training at a point on so many pictures."""
        problem = self.problem
        return self.space.settings(problem.base, point, images, problem.classes)

    def strength_of(self, point: Point | None) -> float:
        """Return the C that a point stands for."""
        settings = self.settings_of(point, len(self.problem.pool))
        return self.default_strength() if settings.strength is None else settings.strength

    def _head(
        self, point: Point | None, training: Positions, asked: Positions, fold: int | None
    ) -> tuple[Chances, npt.NDArray[np.float64] | None, float]:
        """Return the linear model's answers, the units' logits, and C."""
        problem, strength = self.problem, self.strength_of(point)
        settings = self.settings_of(point, len(training))
        backbone = (settings.arch, settings.image_size or 0)
        alone = self._alone(
            backbone, settings.class_weights == "balanced", strength, training, asked, fold
        )
        if self.space.few or settings.head == "linear":
            return alone, None, strength
        features = problem.features[backbone]
        trained = unit_logits(
            features[training],
            problem.labels[training],
            features[asked, 0],
            problem.classes,
            problem.resolved(settings, len(training)),
            problem.seed,
        )
        return alone, trained, strength

    def _alone(
        self,
        backbone: Backbone,
        balanced: bool,
        strength: float,
        training: Positions,
        asked: Positions,
        fold: int | None,
    ) -> Chances:
        key = None if fold is None else (backbone, balanced, strength, fold)
        if key is not None and key in self._linear:
            return self._linear[key]
        features, labels = self.problem.features[backbone], self.problem.labels
        found = linear_chances(
            features[training],
            labels[training],
            features[asked, 0],
            strength,
            balanced=balanced,
            seed=self.problem.seed,
        )
        if key is not None:
            self._linear[key] = found
        return found

    def _mean_loss(self, backbone: Backbone, strength: float, balanced: bool) -> float:
        """Return what a training chooses its C by: the loss at the temperature that suits all."""
        problem = self.problem

        def of_fold(number: int) -> Chances:
            training, rest = problem.folds[number]
            return self._alone(backbone, balanced, strength, training, rest, number)

        with threadpool_limits(1):
            found: Callable[[int], Chances] = of_fold
            parts = list(map_threaded(found, range(len(problem.folds)), ahead=usable_cores()))
        labels = np.concatenate([problem.labels[rest] for _, rest in problem.folds])
        loss = calibrated(np.concatenate(parts), labels, strength).log_loss_after
        return cautious(loss, strength) if problem.few else loss
