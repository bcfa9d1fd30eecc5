"""Decode and resize one picture: the ONE path that training, evaluation and prediction share.

Nothing of Pillow's is changed for the program that imports this. Its own limit,
``Image.MAX_IMAGE_PIXELS``, therefore holds as well: above it, it warns, and above twice of it, it
refuses, as we do from ``MAX_PIXELS`` on. The command line turns its warnings off, see
``runtime.ignore_pillow_warnings``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from tl_catdog.data.colours import ORIENTATION, UPRIGHT, orientation, squeezed, to_rgb, upright
from tl_catdog.data.digest import HashedFile
from tl_catdog.data.formats import READ
from tl_catdog.data.jpeg import refuse_truncated
from tl_catdog.data.jpeg2000 import decode_smaller
from tl_catdog.data.opening import MAX_PIXELS, opened, refuse_large
from tl_catdog.data.reading import read_file
from tl_catdog.data.tiff import as_grey
from tl_catdog.errors import ImageError

__all__ = [
    "MAX_PIXELS",
    "ORIENTATION",
    "ImageSource",
    "Pixels",
    "decode",
    "decoded",
    "least_side",
    "opened",
    "path_of",
    "refuse_large",
    "to_rgb",
    "told",
    "try_decode",
    "upright",
    "whole",
]

Pixels = npt.NDArray[np.uint8]

ImageSource = Path | HashedFile | bytes | npt.NDArray[Any] | ImageError
"""A picture: its file, hashed or not, its encoded bytes, or its values, see ``decode``; or why it
can't be read, which tells it like a broken file among others."""

NEAR, FAR, ENOUGH = 2, 4, 448
"""A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves both sides
``FAR`` times as large as the result, or ``ENOUGH`` pixels if that is less, but ``NEAR`` times as
large in any case: faster for a camera's pictures, with the same answers (ADR 009, ADR 032)."""


def decode(source: ImageSource, size: int, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode a picture, turn it upright, make it RGB and resize it to a square.

    The whole picture is squeezed to the square, as the video's generator does: nothing is cut off.
    Pillow's bilinear filter averages all source pixels when it shrinks (antialiasing).

    Args:
        source: A file's path, a file that was hashed, encoded bytes, or values 0..255 of shape
            (H, W), (H, W, 1), (H, W, 3) or, with transparency, (H, W, 4). An error is raised.
        size: Height and width of the result in pixels.
        max_pixels: Larger pictures are refused by their header; no more than ``MAX_PIXELS``.

    Returns:
        RGB values 0..255 of shape (size, size, 3).

    Raises:
        ImageError: The file can't be read, is of no format that is read (``formats.ENDINGS``), is
            cut short, or has more than ``max_pixels`` pixels; the values aren't a picture's.
        CatdogError: The file has changed since it was hashed.
    """
    if isinstance(source, ImageError):
        raise source
    if isinstance(source, np.ndarray):
        return squeezed(_of_values(source, max_pixels), size)
    try:
        data = _data(source)
    except OSError as error:
        raise ImageError(f"can't be read ({error.strerror or error})") from error
    except ValueError as error:  # a null byte, which no file's name has
        raise ImageError(f"can't be read ({error})") from error
    if not data:
        raise ImageError("the file is empty")
    with told(), opened(data, max_pixels) as image:
        turned = orientation(image)  # Pillow turns a TIFF by itself when it decodes it
        pixels = decoded(image, data, least_side(size))
        refuse_truncated(image, data)
        return squeezed(pixels, size, turned)


def decoded(image: Image.Image, data: bytes, side: int, mode: str | None = None) -> Image.Image:
    """Return an opened picture's pixels, as its file has them but for their scale.

    Args:
        image: The picture that ``opened`` returned.
        data: Its file.
        side: How many pixels each side keeps at least, where the format allows for less work.
        mode: In which of Pillow's modes it is wanted, where that makes for less work, too.

    Raises:
        ImageError: Its values aren't a picture's.
        Exception: Whatever Pillow and libheif raise at what is broken.
    """
    image.draft(mode, (side, side))  # JPEG's decoder alone does this
    decode_smaller(image, data, side)
    image.load()
    return as_grey(image)


def whole(image: Image.Image, data: bytes, side: int, mode: str | None = None) -> Image.Image:
    """Return what ``decoded`` returns, upright."""
    turn = UPRIGHT.get(orientation(image))
    pixels = decoded(image, data, side, mode)
    return pixels if turn is None else pixels.transpose(turn)


def least_side(size: int) -> int:
    """Return how many pixels each side of a JPEG keeps at least when it is decoded.

    Args:
        size: Height and width of the result in pixels.

    >>> [least_side(size) for size in (64, 112, 160, 224, 260)]
    [256, 448, 448, 448, 520]
    """
    return max(NEAR * size, min(FAR * size, ENOUGH))


def path_of(source: ImageSource) -> Path | None:
    """Return a picture's file; None if it was given otherwise."""
    if isinstance(source, HashedFile):
        return source.path
    return source if isinstance(source, Path) else None


def _data(source: Path | HashedFile | bytes) -> bytes:
    if isinstance(source, HashedFile):
        return source.read()
    return source if isinstance(source, bytes) else read_file(source)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn whatever Pillow raises at a picture in the block into an error that says it.

    Raises:
        ImageError: The block raised anything.
    """
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"not a {READ} picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"more pixels than the {MAX_PIXELS:,} allowed") from error
    except MemoryError as error:
        raise ImageError("decoding it needs more memory than there is") from error
    except Exception as error:
        # Pillow's decoders answer broken bytes with OSError, SyntaxError, ValueError, EOFError,
        # struct.error, zlib.error and more; whichever it is, the picture is the one at fault.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"broken: {reason}") from error


def _of_values(values: npt.NDArray[Any], max_pixels: int) -> Image.Image:
    """Return the picture whose values an array holds.

    Raises:
        ImageError: Its shape or its values aren't a picture's.
    """
    plane = values[:, :, 0] if values.ndim == 3 and values.shape[2] == 1 else values
    colours = plane.ndim == 2 or (plane.ndim == 3 and plane.shape[2] in (3, 4))
    if not colours or 0 in plane.shape or values.dtype.kind not in "uif":
        raise ImageError(
            "an array of numbers of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) was expected, "
            f"found {values.shape} of {values.dtype}"
        )
    if plane.shape[0] * plane.shape[1] > max_pixels:
        raise ImageError(f"more pixels than the {max_pixels:,} allowed")
    if values.dtype == np.uint8:
        return Image.fromarray(plane)
    least, most = plane.min(), plane.max()
    if not (least >= 0 and most <= 255):  # what is not a number is outside as well
        raise ImageError(f"values 0 to 255 were expected, found {least:g} to {most:g}")
    if values.dtype.kind == "f" and 0 < most <= 1:
        raise ImageError("values 0 to 255 were expected, found none above 1: multiply them")
    return Image.fromarray(np.rint(plane).astype(np.uint8))


def try_decode(
    source: ImageSource, size: int, *, max_pixels: int = MAX_PIXELS
) -> Pixels | ImageError:
    """Return what ``decode`` returns, or the error instead of raising it: for many at once.

    Raises:
        CatdogError: The file has changed since it was hashed.
    """
    try:
        return decode(source, size, max_pixels=max_pixels)
    except ImageError as error:
        return error
