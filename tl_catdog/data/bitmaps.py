"""Run-length BMP files, which Pillow decodes byte by byte in Python."""

from __future__ import annotations

from PIL import Image

from tl_catdog.errors import ImageError

RUN_LENGTHS = frozenset({1, 2})
"""BMP's compressions RLE8 and RLE4."""

MAX_RUN_LENGTH = 2**22
"""Pixels of such a picture: a second's work."""

RUNS = 2_000_000
"""How often the decoder may ask for bytes, which it does one by one."""


def refuse_slow(image: Image.Image) -> None:
    """Refuse a run-length BMP that would take long, and let others be read byte by byte.

    Raises:
        ImageError: It has more than ``MAX_RUN_LENGTH`` pixels.
    """
    if image.format != "BMP" or image.info.get("compression") not in RUN_LENGTHS:
        return
    if image.width * image.height > MAX_RUN_LENGTH:
        raise ImageError(
            f"a run-length BMP of {image.width}×{image.height} pixels, more than "
            f"{MAX_RUN_LENGTH:,} allowed"
        )
    file = getattr(image, "fp", None)
    if file is not None and hasattr(file, "left"):
        file.left = max(file.left, RUNS)
