"""What is searched: each setting's values, and the settings that a point of them stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tl_catdog.config import TrainConfig
from tl_catdog.defaults import UNITS_PER_CLASS
from tl_catdog.models.layout import units_for
from tl_catdog.tuning.problem import Backbone

if TYPE_CHECKING:
    import optuna

BACKBONE, STRENGTH, WEIGHTS, HEAD = "backbone", "strength", "class_weights", "head"
RATE, LENGTH, DROPOUT, WIDTH, SMOOTHING = (
    "learning_rate", "length", "dropout", "width", "label_smoothing",
)  # fmt: skip

STRENGTHS = (
    *(0.3, 0.55, 1.0, 1.7, 3.0, 5.5, 10.0, 17.0, 30.0),
    *(55.0, 100.0, 170.0, 300.0, 550.0, 1000.0),
)
"""Values of C, near enough to each other: neighbours differ by less than folds tell. Those that a
training chooses from by itself are among them."""

WORDS: dict[str, tuple[str, ...]] = {WEIGHTS: ("none", "balanced"), HEAD: ("auto", "linear")}
"""Settings that are words; which of them a point has is told by their places."""

LENGTHS_TRIED = (0.2, 0.5, 1.0)
"""Times the epochs that a training would take by itself."""

WIDTHS_TRIED = (0.5, 1, 2)
"""Times the hidden units that a training would take by itself."""

UNORDERED = (BACKBONE, *WORDS)

Point = Mapping[str, Any]
"""A value for each of the names that are searched."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, on a logarithmic scale or an even one."""

    low: float
    high: float
    log: bool = False


Values = tuple[Any, ...] | Range


@dataclass(frozen=True)
class Space:
    """The names that are searched, with their values in order.

    Attributes:
        backbones: At least one.
        unequal: Whether the classes differ in size, so that weights for them may count.
        few: Whether there are no hidden units to train, whatever is tried.
    """

    backbones: tuple[Backbone, ...]
    unequal: bool
    few: bool

    @property
    def values(self) -> dict[str, Values]:
        """The values of each name. Of choices it is their places that are searched, in order."""
        found: dict[str, Values] = {STRENGTH: STRENGTHS}
        if len(self.backbones) > 1:
            found[BACKBONE] = self.backbones
        if self.unequal:
            found[WEIGHTS] = WORDS[WEIGHTS]
        if not self.few:
            found |= {
                HEAD: WORDS[HEAD],
                RATE: Range(5e-5, 3e-3, log=True),
                LENGTH: LENGTHS_TRIED,
                DROPOUT: Range(0.0, 0.8),
                WIDTH: WIDTHS_TRIED,
                SMOOTHING: Range(0.0, 0.2),
            }
        return found

    def suggest(self, trial: optuna.trial.Trial) -> dict[str, Any]:
        """Let a trial choose a point."""
        point: dict[str, Any] = {}
        for name, values in self.values.items():
            if isinstance(values, Range):
                point[name] = trial.suggest_float(name, values.low, values.high, log=values.log)
            elif name in UNORDERED:
                point[name] = trial.suggest_categorical(name, list(range(len(values))))
            else:  # neighbours are alike
                point[name] = trial.suggest_int(name, 0, len(values) - 1)
        return point

    def distributions(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """Return Optuna's distribution of each name."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        found: dict[str, optuna.distributions.BaseDistribution] = {}
        for name, values in self.values.items():
            if isinstance(values, Range):
                found[name] = FloatDistribution(values.low, values.high, log=values.log)
            elif name in UNORDERED:
                found[name] = CategoricalDistribution(list(range(len(values))))
            else:
                found[name] = IntDistribution(0, len(values) - 1)
        return found

    def holds(self, point: Point) -> bool:
        """Return whether a point has a value for each name, and each is one of its values."""
        values = self.values
        return set(point) == set(values) and all(
            _is_one_of(point[name], allowed) for name, allowed in values.items()
        )

    def default(self, strength: float, base: TrainConfig) -> dict[str, Any]:
        """Return the point nearest to what a training does by itself.

        Args:
            strength: The C that it would choose; one of ``STRENGTHS``.
            base: The settings.
        """
        resolved = base.resolved()
        places = {
            BACKBONE: 0,
            STRENGTH: _nearest(STRENGTHS, strength),
            WEIGHTS: WORDS[WEIGHTS].index(base.class_weights),
            HEAD: WORDS[HEAD].index(base.head),
            LENGTH: LENGTHS_TRIED.index(1.0),
            WIDTH: WIDTHS_TRIED.index(1),
            RATE: resolved.learning_rate,
            DROPOUT: base.dropout,
            SMOOTHING: resolved.label_smoothing,
        }
        point = {}
        for name, values in self.values.items():
            value = places[name]
            if isinstance(values, Range):
                value = min(max(value, values.low), values.high)
            point[name] = value
        return point

    def settings(
        self, base: TrainConfig, point: Point | None, images: int, classes: int
    ) -> TrainConfig:
        """Return the settings of a training at a point.

        Args:
            base: What isn't searched.
            point: None stands for what a training does by itself.
            images: How many pictures are trained on.
            classes: C.
        """
        arch, size = self.backbones[0 if point is None else point.get(BACKBONE, 0)]
        changed: dict[str, Any] = {"arch": arch, "image_size": size}
        if point is None:
            return replace(base, **changed)
        changed[STRENGTH] = STRENGTHS[point[STRENGTH]]
        if WEIGHTS in point:
            changed[WEIGHTS] = WORDS[WEIGHTS][point[WEIGHTS]]
        if HEAD in point:
            changed[HEAD] = WORDS[HEAD][point[HEAD]]
        if changed.get(HEAD) == "auto":  # else there are no units to train
            plain = replace(base, **changed, epochs=None, dense_units=None)
            filled = plain.resolved(images, classes)
            least = UNITS_PER_CLASS * units_for(classes)  # a training refuses fewer
            changed |= {
                RATE: _rounded(point[RATE]),
                "epochs": max(1, round(LENGTHS_TRIED[point[LENGTH]] * filled.epochs)),
                DROPOUT: _rounded(point[DROPOUT]),
                "dense_units": max(least, round(WIDTHS_TRIED[point[WIDTH]] * filled.dense_units)),
                SMOOTHING: _rounded(point[SMOOTHING]),
            }
        return replace(base, **changed)


def _is_one_of(value: Any, allowed: Values) -> bool:
    if isinstance(allowed, Range):
        return type(value) is float and allowed.low <= value <= allowed.high
    return type(value) is int and 0 <= value < len(allowed)


def _nearest(values: tuple[float, ...], wanted: float) -> int:
    return min(range(len(values)), key=lambda place: abs(values[place] / wanted - 1))


def _rounded(value: float) -> float:
    """Return a value with three digits: nobody wants to read more of them."""
    return float(f"{value:.3g}")
