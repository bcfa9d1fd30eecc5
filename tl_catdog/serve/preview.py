"""A small picture to show, for what a browser can't, from the decoding that the answer needs."""

from __future__ import annotations

import base64
import io

from PIL import Image

from tl_catdog.data.colours import SIDEWAYS, orientation, squeezed
from tl_catdog.data.images import Pixels, decoded, least_side, opened, told, try_decode
from tl_catdog.data.jpeg import refuse_truncated
from tl_catdog.errors import ImageError

LONGER = 448
"""Pixels of its longer side at most."""

QUALITY = 80


def decode_for(
    data: bytes, size: int, max_pixels: int, *, preview: bool
) -> tuple[Pixels | ImageError, bytes | None]:
    """Return what ``images.try_decode`` does, and a small picture if it is wanted.

    Args:
        data: Encoded bytes.
        size: Height and width of the first in pixels.
        max_pixels: Larger pictures are refused by their header.
        preview: Whether the second is wanted: a JPEG, upright, at most ``LONGER`` wide and high.
    """
    if not preview or not data:
        return try_decode(data, size, max_pixels=max_pixels), None
    try:
        with told(), opened(data, max_pixels) as image:
            turned = orientation(image)
            pixels = decoded(image, data, least_side(size))
            refuse_truncated(image, data)
            square = squeezed(pixels, size, turned)
            shown = Image.fromarray(squeezed(pixels, LONGER, turned))
            sides = pixels.size[::-1] if turned in SIDEWAYS else pixels.size
    except ImageError as error:
        return error, None
    scale = min(1.0, LONGER / max(sides))
    width, height = (max(1, round(scale * side)) for side in sides)
    out = io.BytesIO()
    shown.resize((width, height), Image.Resampling.BILINEAR).save(out, "JPEG", quality=QUALITY)
    return square, out.getvalue()


def shown_as(preview: bytes | None) -> str | None:
    """Return a small picture as a data URI."""
    if preview is None:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(preview).decode()}"
