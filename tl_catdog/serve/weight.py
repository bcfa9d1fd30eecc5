"""How long a picture will take, by its header."""

from __future__ import annotations

from typing import NamedTuple

from tl_catdog.data.images import opened, told
from tl_catdog.errors import ImageError

LIGHT = 2_000_000
"""Pixels of what is decoded in some 0.1 s at most, of the slowest formats; see ``weigh``."""

DRAFTED = 8
"""A plain JPEG takes so much less time: it is decoded at a part of its size."""


class Weight(NamedTuple):
    """A picture's pixels, and whether it takes long."""

    pixels: int
    heavy: bool


def weigh(data: bytes, max_pixels: int) -> Weight:
    """Return how long a picture will take; what is none, or too large, takes no time.

    Args:
        data: Its encoded bytes.
        max_pixels: Larger ones are refused.
    """
    try:
        with told(), opened(data, max_pixels) as image:
            pixels = image.width * image.height
            fast = image.format == "JPEG" and "progressive" not in image.info
    except ImageError:
        return Weight(0, False)
    return Weight(pixels, pixels > LIGHT * (DRAFTED if fast else 1))
