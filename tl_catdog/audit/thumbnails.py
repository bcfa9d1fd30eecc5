"""What a picture looks like in a few numbers: small, grey, upright; made to be compared."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tl_catdog.data.images import Pixels, to_rgb, upright

SIDE = 64
"""Height and width of a look: enough to tell pictures apart, 4 KB each."""

DETAIL = 2 * SIDE
"""A JPEG is decoded at the smallest scale that leaves at least so many pixels on each side."""


def grey_of(image: Image.Image) -> Image.Image:
    """Return an opened picture grey and upright, a JPEG no larger than it takes.

    Raises:
        Exception: Whatever Pillow's decoders raise at broken files.
    """
    image.draft("L", (DETAIL, DETAIL))
    turned = upright(image)
    return turned if turned.mode == "L" else to_rgb(turned).convert("L")


def look_of(grey: Image.Image) -> Pixels:
    """Return a grey picture as a look: (SIDE, SIDE), 0..255, means of what each stands for."""
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX))
