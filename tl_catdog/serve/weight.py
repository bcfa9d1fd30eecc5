"""How long a picture will take, by its header."""

from __future__ import annotations

from typing import NamedTuple

from tl_catdog.data.images import opened, told
from tl_catdog.errors import ImageError

LIGHT = {
    **dict.fromkeys(("JPEG", "MPO"), 12_500_000),  # decoded at a part of their size
    **dict.fromkeys(("JPEG2000", "HEIF"), 1_200_000),
    "BMP": 500_000,  # run lengths are read in Python
}
"""Pixels, by the format, of what is decoded in some 60 ms on one core, on the slowest content that
was tried; ADR 036 has the measurements."""

OTHERS = 2_000_000

PROGRESSIVE = 1_200_000
"""JPEGs whose scans each go over the whole picture."""


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
            light = LIGHT.get(image.format or "", OTHERS)
            if "progressive" in image.info:
                light = min(light, PROGRESSIVE)
    except ImageError:
        return Weight(0, False)
    return Weight(pixels, pixels > light)
