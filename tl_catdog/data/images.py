"""Decode and resize one picture: the ONE path that training, evaluation and prediction share.

Nothing of Pillow's is changed for the program that imports this. Its own limit,
``Image.MAX_IMAGE_PIXELS``, therefore holds as well: above it, it warns, and above twice of it, it
refuses, as we do from ``MAX_PIXELS`` on. The command line turns its warnings off, see
``runtime.ignore_pillow_warnings``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from tl_catdog.data.digest import HashedFile
from tl_catdog.data.jpeg import refuse_endless, refuse_truncated
from tl_catdog.data.reading import read_file
from tl_catdog.errors import ImageError

Pixels = npt.NDArray[np.uint8]

ImageSource = Path | HashedFile | bytes | npt.NDArray[Any] | ImageError
"""A picture: its file, hashed or not, its encoded bytes, or its values, see ``decode``; or why it
can't be read, which tells it like a broken file among others."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")

MAX_PIXELS = 128 * 2**20
"""Larger pictures are refused by their header, before memory is taken (a decompression bomb)."""

NEAR, FAR, ENOUGH = 2, 4, 448
"""A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves both sides
``FAR`` times as large as the result, or ``ENOUGH`` pixels if that is less, but ``NEAR`` times as
large in any case: faster for a camera's pictures, with the same answers (ADR 009, ADR 032)."""

BACKGROUND = (255, 255, 255)
"""Transparent pixels show this colour: white, as a page would."""

ORIENTATION = 274  # EXIF's tag
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by EXIF's orientation."""


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
        ImageError: The file can't be read, is not one of ``FORMATS``, is cut short, or has more
            than ``max_pixels`` pixels; the values aren't a picture's.
        CatdogError: The file has changed since it was hashed.
    """
    if isinstance(source, ImageError):
        raise source
    if isinstance(source, np.ndarray):
        return _resized(_of_values(source, max_pixels), size)
    try:
        data = _data(source)
    except OSError as error:
        raise ImageError(f"can't be read ({error.strerror or error})") from error
    except ValueError as error:  # a null byte, which no file's name has
        raise ImageError(f"can't be read ({error})") from error
    if not data:
        raise ImageError("the file is empty")
    with told(), opened(data, max_pixels) as image:
        # Only JPEG's decoder does this; the bilinear filter then averages what is left.
        image.draft(None, (least_side(size), least_side(size)))
        image.load()
        refuse_truncated(image, data)
        return _resized(upright(image), size)


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
        raise ImageError(f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"more pixels than the {MAX_PIXELS:,} allowed") from error
    except MemoryError as error:
        raise ImageError("decoding it needs more memory than there is") from error
    except Exception as error:
        # Pillow's decoders answer broken bytes with OSError, SyntaxError, ValueError, EOFError,
        # struct.error, zlib.error and more; whichever it is, the picture is the one at fault.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"broken: {reason}") from error


def _resized(image: Image.Image, size: int) -> Pixels:
    # Grey is spread over three equal channels afterwards: the same bits for a third of the work.
    grey = image.mode == "L" and not image.has_transparency_data
    plain = image if grey else to_rgb(image)
    return np.asarray(to_rgb(plain.resize((size, size), Image.Resampling.BILINEAR)))


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


def opened(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open a picture by its bytes; only the header is read, and checked against the limits.

    Raises:
        ImageError: It has too many pixels or too many scans.
        Exception: Whatever Pillow raises at what is no picture.
    """
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    refuse_large(image, max_pixels)
    refuse_endless(image, data)
    return image


def refuse_large(image: Image.Image, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a picture by its header, before memory is taken.

    Raises:
        ImageError: It has more than ``max_pixels``.
    """
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(f"{width}×{height} pixels are more than {max_pixels:,} allowed")


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


def upright(image: Image.Image, pixels: Image.Image | None = None) -> Image.Image:
    """Return a picture turned as its EXIF orientation says.

    Pillow's own function writes all the metadata anew, too, and fails where a part is broken.

    Args:
        image: The opened picture.
        pixels: What to turn instead of it: its pixels, decoded by another decoder.
    """
    if pixels is None:
        image.load()  # what is neither turned nor converted would look for its file later
        pixels = image
    turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    return pixels if turn is None else pixels.transpose(turn)


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a picture of any of Pillow's modes as RGB, as a viewer would show it.

    16-bit grey is scaled to 8 bits (Pillow's own conversion clips it to white), and transparency
    is laid over ``BACKGROUND`` (Pillow's own conversion bares the hidden colour).
    """
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        eight_bits = np.clip(np.rint(values / 257.0), 0, 255).astype(np.uint8)
        return Image.fromarray(eight_bits).convert("RGB")
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        page = Image.new("RGBA", layers.size, (*BACKGROUND, 255))
        return Image.alpha_composite(page, layers).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
