"""Whether an export is unsure where its run is: its novelty, and which answers are withheld."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.prediction.rejection import Policy

TOLERANCE = 1e-4
"""What set the threshold lies on it, and probabilities of the same network are rounded to either
side."""

NOVELTY_TOLERANCE = 1e-3
"""How much the novelty, 0 to 2, may differ in the run's own arithmetic: half precision of the bank
that ships makes 1e-4 of it."""

NEAR = 0.05
"""Novelties so near to the limit may lie on the other side where a format computes an int8 network
in single precision: they differ by 0.04 at most, and by 0.001 in the mean (docs/adr/035)."""

AGREEMENT = 0.995
"""The part of the other pictures that must lie on the same side, 0..1."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Doubts:
    """What is said of N pictures, and when it is withheld.

    Attributes:
        chances: Probabilities, (N, C).
        novelty: Of each picture, (N,); None where there is none.
        policy: When an answer is withheld; None where that isn't known.
    """

    chances: Values
    novelty: Values | None
    policy: Policy | None

    def withheld(self) -> npt.NDArray[np.bool_] | None:
        """Return which answers are withheld, (N,); None where that isn't known."""
        policy = self.policy
        if policy is None:
            return None
        doubtful = self.chances.max(axis=1) < policy.confidence - TOLERANCE
        if self.novelty is None or policy.novelty is None:
            return np.asarray(doubtful)
        return np.asarray(doubtful | (self.novelty > policy.novelty + NOVELTY_TOLERANCE))


def novelty_difference(mine: Doubts, theirs: Doubts) -> float | None:
    """Return the greatest difference of a novelty, 0 to 2; None where either has none."""
    if mine.novelty is None or theirs.novelty is None:
        return None
    return float(np.abs(mine.novelty - theirs.novelty).max())


def novelty_agrees(mine: Doubts, theirs: Doubts, *, other: bool) -> bool:
    """Tell whether an export's novelty is the run's.

    Args:
        mine: The run's.
        theirs: The export's.
        other: Whether it computes otherwise than the run. Then it counts on which side of the limit
            pictures are that aren't near it.
    """
    if mine.novelty is None or theirs.novelty is None:
        return True
    if not other:
        return float(np.abs(mine.novelty - theirs.novelty).max()) <= NOVELTY_TOLERANCE
    limit = None if mine.policy is None else mine.policy.novelty
    if limit is None:
        return True
    same = (theirs.novelty > limit) == (mine.novelty > limit)
    return float((same | (np.abs(mine.novelty - limit) < NEAR)).mean()) >= AGREEMENT


def unsure_same(mine: Doubts, theirs: Doubts) -> float | None:
    """Return the part of the pictures whose answer both give or both withhold, 0..1."""
    withheld, elsewhere = mine.withheld(), theirs.withheld()
    if withheld is None or elsewhere is None:
        return None
    return float((withheld == elsewhere).mean())
