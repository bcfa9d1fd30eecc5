"""Thumbnails: pictures small, grey and upright, made to be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.images import Pixels, opened, to_rgb, whole
from tl_catdog.data.reading import read_file

SIDE = 128
"""Height and width of a thumbnail in pixels: enough to tell pictures apart, 16 KB each."""

LEAST_SIDE = SIDE
"""A JPEG is decoded at the smallest scale that leaves at least so many pixels on each side."""


class Thumbnails:
    """The thumbnails of a set, and how large their originals are.

    Args:
        count: How many pictures there are.

    Attributes:
        pixels: The thumbnails, (N, SIDE, SIDE).
        sides: Pixels of the shorter side of each original, (N,), SIDE for whatever is larger.
    """

    def __init__(self, count: int) -> None:
        self.pixels = ArrayStore(count, (SIDE, SIDE), np.uint8)
        self.sides: npt.NDArray[np.float32] = np.full(count, SIDE, np.float32)

    def write(self, position: int, thumbnail: Pixels | None, side: int = SIDE) -> None:
        """Keep a picture's thumbnail, if it has one.

        Args:
            position: Which picture's.
            thumbnail: (SIDE, SIDE), or None for a picture that can't be decoded.
            side: Pixels of the original's shorter side.
        """
        if thumbnail is not None:
            self.pixels.write(position, thumbnail)
            self.sides[position] = min(side, SIDE)


def to_grey(image: Image.Image, data: bytes = b"") -> Image.Image:
    """Decode an opened picture, grey and upright, a JPEG no larger than ``LEAST_SIDE`` takes.

    Args:
        image: The picture.
        data: Its file, by which a JPEG 2000 is decoded at a smaller size.

    Raises:
        Exception: Whatever Pillow's decoders raise at broken files.
    """
    turned = whole(image, data, LEAST_SIDE, "L")
    return turned if turned.mode == "L" else to_rgb(turned).convert("L")


def grey_thumbnail(grey: Image.Image) -> Pixels:
    """Return a grey picture's thumbnail, (SIDE, SIDE), 0..255: each pixel a mean of its area."""
    return np.asarray(_resized(grey))


class Readable(Protocol):
    """A picture that isn't a file of this machine's, as objects of a store aren't."""

    def read(self) -> bytes:
        """Return its bytes."""


def colour_thumbnail(file: Path | Readable) -> Pixels | None:
    """Return a file's thumbnail in colours, (SIDE, SIDE, 3), or None if it can't be decoded."""
    try:
        data = read_file(file) if isinstance(file, Path) else file.read()
        with opened(data) as image:
            return np.asarray(_resized(to_rgb(whole(image, data, LEAST_SIDE))))
    except Exception:  # whoever decodes it for use says what is wrong with it
        return None


def _resized(image: Image.Image) -> Image.Image:
    """Return a picture at thumbnail size; of a smaller one no pixel becomes a square."""
    small = min(image.size) < SIDE
    return image.resize((SIDE, SIDE), Image.Resampling.BILINEAR if small else Image.Resampling.BOX)
