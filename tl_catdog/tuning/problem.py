"""What a search is made on: pictures' features at each backbone and size, and their folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.features.folds import fold_positions

FOLDS = 5

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Backbone = tuple[str, int]
"""An architecture and a picture size."""


@dataclass(frozen=True)
class Problem:
    """Pictures to find settings on.

    Attributes:
        features: Of each backbone, (N, V, F): N pictures in V views, the first one the plain one.
        labels: Class indices of the N pictures, (N,).
        groups: Equal for pictures that stay in one fold, (N,).
        pool: Positions of those to search on.
        classes: C, 2 or more.
        base: The settings that aren't searched.
        few: Whether a training's head would stay linear, because its pictures are few.
        seed: Of folds, trials and trained units.
    """

    features: Mapping[Backbone, Floats]
    labels: npt.NDArray[np.int64]
    groups: tuple[str, ...]
    pool: Positions
    classes: int
    base: TrainConfig
    few: bool
    seed: int

    @cached_property
    def folds(self) -> tuple[tuple[Positions, Positions], ...]:
        """Positions to train on and to judge by, for each fold; groups lie in one.

        Raises:
            CatdogError: A class has one group only.
        """
        everything = np.ones(len(self.pool), np.bool_)
        parts = fold_positions(
            self.labels[self.pool],
            [self.groups[place] for place in self.pool],
            everything,
            FOLDS,
            self.seed,
        )
        return tuple((self.pool[some], self.pool[rest]) for some, rest in parts)

    def of(self, pool: Positions, seed: int) -> Problem:
        """Return the same problem on some of the pictures."""
        return Problem(
            self.features,
            self.labels,
            self.groups,
            pool,
            self.classes,
            self.base,
            self.few,
            seed,
        )

    def resolved(self, settings: TrainConfig, images: int) -> ResolvedConfig:
        """Return settings as a training on so many pictures would fill them in."""
        return settings.resolved(images, self.classes)

    def groups_of(self, positions: Positions) -> Sequence[str]:
        """Return the groups of some pictures."""
        return [self.groups[place] for place in positions]
