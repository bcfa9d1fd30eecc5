"""A small picture to show, for what a browser can't."""

from __future__ import annotations

import base64
import io

from PIL import Image

from tl_catdog.data.images import opened, to_rgb, told, upright
from tl_catdog.errors import ImageError

LONGER = 448
"""Pixels of its longer side at most."""

QUALITY = 80


def preview_of(data: bytes, max_pixels: int) -> str | None:
    """Return a picture, upright and at most ``LONGER`` wide and high, as the data URI of a JPEG.

    Args:
        data: Its encoded bytes.
        max_pixels: Larger ones have none.

    Returns:
        The data URI, of some 100 KB at most; None if the picture can't be read.
    """
    try:
        with told(), opened(data, max_pixels) as image:
            image.draft(None, (LONGER, LONGER))
            turned = upright(image)
            scale = min(1.0, LONGER / max(turned.size))
            width, height = (max(1, round(scale * side)) for side in turned.size)
            small = to_rgb(turned).resize((width, height), Image.Resampling.BILINEAR)
    except ImageError:
        return None
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
