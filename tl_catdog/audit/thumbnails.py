"""Thumbnails: pictures small, grey and upright, made to be compared."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tl_catdog.data.images import Pixels, to_rgb, upright

SIDE = 64
"""Height and width of a thumbnail in pixels: enough to tell pictures apart, 4 KB each."""

LEAST_SIDE = 2 * SIDE
"""A JPEG is decoded at the smallest scale that leaves at least so many pixels on each side."""


def to_grey(image: Image.Image) -> Image.Image:
    """Decode an opened picture, grey and upright, a JPEG no larger than ``LEAST_SIDE`` takes.

    Raises:
        Exception: Whatever Pillow's decoders raise at broken files.
    """
    image.draft("L", (LEAST_SIDE, LEAST_SIDE))
    turned = upright(image)
    return turned if turned.mode == "L" else to_rgb(turned).convert("L")


def grey_thumbnail(grey: Image.Image) -> Pixels:
    """Return a grey picture's thumbnail, (SIDE, SIDE), 0..255: each pixel a mean of its area."""
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX))
