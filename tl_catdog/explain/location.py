"""A place in a picture, whatever the picture's size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Location:
    """A place as parts of the picture's width and height, 0..1, from the upper left.

    >>> Location(x=0.1, y=0.9).words
    'the lower left'
    """

    x: float
    y: float

    @property
    def words(self) -> str:
        """Where that is, in words."""
        across, down = (min(int(3 * part), 2) for part in (self.x, self.y))
        if across == 1:
            return ("the middle of the top", "the middle", "the middle of the bottom")[down]
        side = "left" if across == 0 else "right"
        return f"the {('upper ', '', 'lower ')[down]}{side}"


def peak_of(values: npt.NDArray[Any]) -> Location | None:
    """Return where a map, (h, w), is greatest: of several such places the one nearest the middle.

    None where nothing is above zero.

    >>> peak_of(np.array([[0, 0, 1, 0]]))
    Location(x=0.625, y=0.5)
    """
    greatest = values.max()
    if not greatest > 0:
        return None
    height, width = values.shape
    spots = [
        Location((int(column) + 0.5) / width, (int(row) + 0.5) / height)
        for row, column in np.argwhere(values >= greatest)
    ]
    return min(spots, key=lambda spot: (spot.x - 0.5) ** 2 + (spot.y - 0.5) ** 2)
