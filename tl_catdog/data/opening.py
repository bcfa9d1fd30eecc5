"""Opens a picture of any format by its bytes: the one door, with its bounds.

Only the header is read. What decoding would take in memory and time is bounded by that, format by
format, before Pillow or libheif takes any.
"""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from tl_catdog.data.bitmaps import refuse_slow
from tl_catdog.data.formats import (
    AVIF,
    BMP,
    GIF,
    HEIC,
    JPEG,
    JPEG_2000,
    PNG,
    READ,
    TEXT_KIND,
    TIFF,
    WEBP,
    UnreadError,
    format_of,
    other_kind,
)
from tl_catdog.data.heif import open_heif, refuse_parts
from tl_catdog.data.jpeg import refuse_endless
from tl_catdog.data.jpeg2000 import refuse_jpeg2000
from tl_catdog.data.tiff import refuse_tiff, unread
from tl_catdog.errors import ImageError

MAX_PIXELS = 128 * 2**20
"""Larger pictures are refused by their header, before memory is taken (a decompression bomb)."""

MAX_SIDE = 2**17
"""A picture of one column takes as much memory as one of many when it is resized: it is resized to
the result's width first."""

PILLOWS = {
    **{JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", BMP: "BMP", GIF: "GIF", TIFF: "TIFF"},
    **{AVIF: "AVIF", JPEG_2000: "JPEG2000"},
}
"""What Pillow calls the formats; it doesn't open HEIC."""

READS, BYTES_A_READ = 20_000, 64
"""How often a file may be asked for bytes: so often, and once more for so many bytes. Pillow goes
through segments, chunks, blocks and tags in Python, and 20 MB could be five million of them."""


class Counted(io.BytesIO):
    """A file in memory that ends those who read it in very many small parts."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)  # which isn't copied
        self.left = READS + len(data) // BYTES_A_READ

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes, unless it was asked too often.

        Raises:
            ImageError: It was.
        """
        self.left -= 1
        if self.left < 0:
            raise ImageError("broken: it is made of too many and too small parts")
        return super().read(size)


def opened(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open a picture by its bytes; only the header is read, and checked against the limits.

    Args:
        data: The file.
        max_pixels: Larger pictures are refused.

    Raises:
        ImageError: It is of no format that is read, which is named, is too large or would take
            too long.
        Exception: Whatever Pillow and libheif raise at what is broken.
    """
    kind = format_of(data)
    if kind is None:
        raise no_picture(data)
    image = _open(kind, data, max_pixels)
    refuse_large(image, max_pixels)
    refuse_endless(image, data)
    refuse_slow(image)
    return image


def _open(kind: str, data: bytes, max_pixels: int) -> Image.Image:
    file = Counted(data)
    if kind == HEIC:
        return open_heif(file, data, max_pixels)
    tags = refuse_tiff(data, max_pixels) if kind == TIFF else None
    if kind == JPEG_2000:
        refuse_jpeg2000(data, max_pixels)
    if kind == AVIF:
        refuse_parts(data, max_pixels)
    try:
        return Image.open(file, formats=(PILLOWS[kind],))
    except UnidentifiedImageError as error:
        if tags is not None:
            raise unread(tags) from error
        raise ImageError(f"broken: no whole header of {kind}") from error


def no_picture(data: bytes) -> UnreadError:
    """Return the error of a file of no format that is read: it names what it is, if that is known.

    >>> no_picture(b"8BPS").message
    "a Photoshop file (PSD), which isn't read"
    """
    kind = other_kind(data)
    if kind is None:
        return UnreadError(f"not a {READ} picture")
    if kind == TEXT_KIND:
        return UnreadError(f"not a {READ} picture, but text")
    return UnreadError(f"{kind}, which isn't read")


def refuse_large(image: Image.Image, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a picture by its header, before memory is taken.

    Raises:
        ImageError: It has more than ``max_pixels``, or a side longer than ``MAX_SIDE``.
    """
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(f"{width}×{height} pixels are more than {max_pixels:,} allowed")
    if max(width, height) > MAX_SIDE:
        raise ImageError(f"{width}×{height} pixels: no side may have more than {MAX_SIDE:,}")
