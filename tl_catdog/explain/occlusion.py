"""Occlusion: what becomes of an answer when a part of the picture is covered.

Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from tl_catdog.data.images import Pixels
from tl_catdog.data.parallel import Progress, chunks, map_threaded
from tl_catdog.explain.location import Location
from tl_catdog.prediction.calibration import TINY

SIDE = 0.25
"""Side of the square that covers, as a part of the picture's."""

GRID = 13
"""Places of the square in each direction."""

AT_ONCE = 8

Probability = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]
"""From pictures, (N, S, S, 3), to the probability of one class, (N,)."""


@dataclass(frozen=True)
class Occlusion:
    """What a class's probability is with a square of the picture covered.

    Attributes:
        side: The square's side as a part of the picture's, 0..1.
        before: The probability with nothing covered.
        after: (G, G), the probability with the square in the middle of each of G × G fields; near
            an edge it is moved inwards, so that it always covers as much.
        at_peak: The same at the spot that was asked for; None if none was.
    """

    side: float
    before: float
    after: npt.NDArray[np.float64]
    at_peak: float | None

    @property
    def drop(self) -> npt.NDArray[np.float64]:
        """How much of the probability each square takes, (G, G), −1..1."""
        return self.before - self.after

    @property
    def lost_logit(self) -> npt.NDArray[np.float64]:
        """How much each square takes from ln(p / (1 − p)), (G, G): tells also of sure answers."""
        before, after = (
            logit(np.clip(values, TINY, 1 - TINY)) for values in (self.before, self.after)
        )
        return np.asarray(before - after)

    @property
    def lowest(self) -> float:
        """The least probability that covering one square leaves."""
        return float(self.after.min())

    @property
    def mean(self) -> float:
        """The mean probability over all squares."""
        return float(self.after.mean())

    def to_json(self) -> dict[str, Any]:
        """Return the figures without the map."""
        return {
            "side": self.side,
            "before": self.before,
            "at_peak": self.at_peak,
            "lowest": self.lowest,
            "mean": self.mean,
            "squares": self.after.size,
        }


def square_at(spot: Location, size: int, side: float = SIDE) -> tuple[slice, slice]:
    """Return rows and columns of a square around a spot, moved inwards where it would stick out.

    Args:
        spot: Its middle.
        size: The picture's side in pixels.
        side: The square's side as a part of the picture's.
    """
    length = max(1, round(side * size))
    starts = (
        min(max(round(part * size - length / 2), 0), size - length) for part in (spot.y, spot.x)
    )
    rows, columns = (slice(start, start + length) for start in starts)
    return rows, columns


def covered(image: Pixels, spot: Location, side: float = SIDE) -> Pixels:
    """Return a picture, (S, S, 3), with a square in its mean colour around a spot."""
    hidden = image.copy()
    hidden[square_at(spot, len(image), side)] = image.mean(axis=(0, 1)).round()
    return hidden


def occlude(
    image: Pixels,
    probability: Probability,
    spot: Location | None,
    *,
    side: float = SIDE,
    grid: int = GRID,
    progress: Progress | None = None,
) -> Occlusion:
    """Cover a square at each of many places, and ask for the answer each time.

    Args:
        image: As the network takes it, (S, S, 3).
        probability: The network and the class; called from several threads at once.
        spot: A place to cover besides.
        side: The square's side as a part of the picture's, 0..1.
        grid: Squares in each direction.
        progress: Called with (done, total) squares.
    """
    middles = (np.arange(grid) + 0.5) / grid
    spots = [Location(float(x), float(y)) for y in middles for x in middles] + (
        [spot] if spot else []
    )

    def work(some: list[Location]) -> npt.NDArray[np.float64]:
        return probability(np.stack([covered(image, place, side) for place in some]))

    before = float(probability(image[None])[0])
    found: list[float] = []
    for values in map_threaded(work, chunks(spots, AT_ONCE)):
        found += values.tolist()
        if progress is not None:
            progress(len(found), len(spots))
    after = np.array(found[: grid * grid]).reshape(grid, grid)
    return Occlusion(side, before, after, found[-1] if spot else None)
