"""Inspection of one file: is it a whole picture, is it dark or blurred, does its name fit."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageStat, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from tl_catdog.audit import findings
from tl_catdog.audit.thumbnails import LEAST_SIDE, grey_thumbnail, to_grey
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import MAX_PIXELS, Pixels, opened, upright
from tl_catdog.data.reading import read_file
from tl_catdog.errors import ImageError

SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
}

TINY = 32
"""Pixels of the shorter side: the smallest pictures that the networks here are made for."""

BLACK, WHITE = 40, 225
"""Grey values: a picture is nearly black or white if 99 of 100 pixels are beyond."""

CONTRAST = 4.0
"""Standard deviation of the grey values below which a picture is nearly one colour."""

SHARP = 15.0
"""Blurred is what has weaker edges: the 99th percentile of the Laplacian's size with the shorter
side at LEAST_SIDE pixels. Of 1,000 photographs of cats and dogs the softest has 19; blurred with a
radius of 1/47 of the shorter side, 98 of 100 fall below (ADR 013)."""

HARMLESS = ("extraneous bytes", "JFIF", "Adobe", "Unsupported")
"""Warnings of the JPEG decoder after which all pixels are right, or which aren't about the file."""

MISSING = ("truncated", "premature end", "not enough data", "unexpected end", "incomplete")
"""Words by which decoders say that a file ends too early."""

OTHERS = ("TIFF", "AVIF", "JPEG2000", "PSD", "ICO", "PPM")
"""Formats that are told by name, though they aren't read; only their headers are looked at."""


@dataclass(frozen=True)
class Inspection:
    """What one file is.

    Attributes:
        digest: SHA-256 of its bytes, or ``UNREADABLE``.
        thumbnail: See ``thumbnails.grey_thumbnail``; None where it can't be decoded.
        remarks: Kind and detail of each finding about it alone.
    """

    digest: str
    thumbnail: Pixels | None
    remarks: tuple[tuple[str, str], ...] = ()


def inspect(path: Path) -> Inspection:
    """Inspect a file. Whatever is in it, nothing is raised."""
    try:
        data = read_file(path)
    except OSError as error:
        return _broken(UNREADABLE, findings.UNREADABLE, error.strerror or str(error))
    digest = hashlib.sha256(data).hexdigest()
    if not data:
        return _broken(digest, findings.NOT_AN_IMAGE, "the file is empty")
    try:
        with opened(data) as image:
            remarks = [*_names(path, image), *_sizes(image)]
            grey = _grey(image, data)
    except (ImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return _broken(digest, findings.HUGE, _words(error) or f"more than {MAX_PIXELS:,} pixels")
    except UnidentifiedImageError:
        return _broken(digest, findings.NOT_AN_IMAGE, _guess(data))
    except Exception as error:  # decoders answer broken bytes with errors of many kinds
        reason = _words(error) or type(error).__name__
        missing = any(word in reason.lower() for word in MISSING)
        return _broken(digest, findings.TRUNCATED if missing else findings.CORRUPT, reason)
    return Inspection(digest, grey_thumbnail(grey), (*remarks, *_appearance(grey)))


def _broken(digest: str, kind: str, detail: str) -> Inspection:
    return Inspection(digest, None, ((kind, detail),))


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())


def _grey(image: Image.Image, data: bytes) -> Image.Image:
    """Decode a picture completely, grey and upright.

    Pillow takes a JPEG whose data ends early but has an end marker for whole, its lower part grey.
    This decoder passes on what the JPEG library warns of.

    Raises:
        Exception: The data is damaged.
    """
    if not isinstance(image, JpegImageFile):
        return to_grey(image)
    try:
        pixels = simplejpeg.decode_jpeg(
            data, "GRAY", min_height=LEAST_SIDE, min_width=LEAST_SIDE, strict=True
        )
    except ValueError as error:
        if not any(word in str(error) for word in HARMLESS):
            raise
        return to_grey(image)
    return upright(image, Image.fromarray(pixels[:, :, 0]))


def _names(path: Path, image: Image.Image) -> list[tuple[str, str]]:
    # A JPEG of several pictures, as cameras write it, calls itself MPO.
    kind = "JPEG" if isinstance(image, JpegImageFile) else str(image.format)
    if not path.suffix or path.suffix.lower() in SUFFIXES[kind]:
        return []
    return [(findings.EXTENSION, f"a {kind} named {path.suffix}")]


def _sizes(image: Image.Image) -> list[tuple[str, str]]:
    width, height = image.size
    remarks = []
    if min(width, height) < TINY:
        remarks.append((findings.TINY, f"{width}×{height} pixels"))
    if getattr(image, "is_animated", False):
        remarks.append((findings.ANIMATED, f"{getattr(image, 'n_frames', 2)} frames"))
    return remarks


def _appearance(grey: Image.Image) -> list[tuple[str, str]]:
    """Return whether a picture is dark, bright, blank or blurred: one remark, or none."""
    shorter = min(grey.size)
    if shorter > LEAST_SIDE:
        scale = LEAST_SIDE / shorter
        size = round(grey.width * scale), round(grey.height * scale)
        grey = grey.resize(size, Image.Resampling.BOX)
    histogram = np.array(grey.histogram())
    low, high = _percentile(histogram, 0.01), _percentile(histogram, 0.99)
    if high < BLACK:
        return [(findings.DARK, f"99 of 100 pixels are no brighter than {high} of 255")]
    if low > WHITE:
        return [(findings.BRIGHT, f"99 of 100 pixels are no darker than {low} of 255")]
    spread = ImageStat.Stat(grey).stddev[0]
    if spread < CONTRAST:
        return [(findings.BLANK, f"its grey values vary by {spread:.1f} of 255")]
    if min(grey.size) < 3:
        return []
    values = np.asarray(grey, np.int16)
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    sizes = np.abs(4 * values[1:-1, 1:-1] - around)
    edges = _percentile(np.bincount(sizes.ravel()), 0.99)
    # Tiny pictures have no room to be blurred in.
    if edges < SHARP and shorter >= LEAST_SIDE:
        return [(findings.BLURRED, f"edges of {edges}; sharp photographs have 50 and more")]
    return []


def _percentile(counts: npt.NDArray[np.int64], part: float) -> int:
    """Return the least value that at least a part of all values don't exceed.

    Args:
        counts: How often each value occurs.
        part: 0..1.
    """
    return int(np.searchsorted(np.cumsum(counts), part * counts.sum()))


def _guess(data: bytes) -> str:
    """Say what a file that holds no picture seems to hold."""
    try:
        with Image.open(io.BytesIO(data), formats=OTHERS) as image:
            return f"a {image.format} file, which isn't read here"
    except Exception:  # none of these either
        pass
    head = data[:512]
    if head.lstrip()[:1] == b"<":
        return "text in angle brackets: a web page or a drawing in SVG"
    try:
        head.decode("ascii")
    except UnicodeDecodeError:
        return "no format that is known here"
    return "text"
