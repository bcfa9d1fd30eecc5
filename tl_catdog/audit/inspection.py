"""Inspection of one file: is it a whole picture, what does it look like, does its name fit."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import simplejpeg
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from tl_catdog.audit import findings
from tl_catdog.audit.appearance import Appearance
from tl_catdog.audit.thumbnails import LEAST_SIDE, grey_thumbnail, to_grey
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import MAX_PIXELS, Pixels, opened, upright
from tl_catdog.data.parallel import map_processes, map_threaded
from tl_catdog.data.reading import read_file
from tl_catdog.errors import ImageError

MANY = 500
"""From so many pictures on, processes save more time than it takes to start them."""

SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
}

TINY = 32
"""Pixels of the shorter side: the smallest pictures that the networks here are made for."""

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
        side: Pixels of the shorter side, or of the scale at which it was decoded, which is no less
            than ``LEAST_SIDE`` where the picture isn't.
        appearance: What strikes the eye about it, for ``appearance.unusual`` to judge.
        remarks: Kind and detail of each finding about it alone.
    """

    digest: str
    thumbnail: Pixels | None
    side: int = 0
    appearance: Appearance | None = None
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
    except ImageError as error:
        return _broken(digest, findings.HUGE, _words(error))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _broken(digest, findings.HUGE, f"more pixels than the {MAX_PIXELS:,} allowed")
    except UnidentifiedImageError:
        return _broken(digest, findings.NOT_AN_IMAGE, _guess(data))
    except Exception as error:  # decoders answer broken bytes with errors of many kinds
        reason = _words(error) or type(error).__name__
        missing = any(word in reason.lower() for word in MISSING)
        return _broken(digest, findings.TRUNCATED if missing else findings.CORRUPT, reason)
    look = Appearance.of(grey)
    return Inspection(digest, grey_thumbnail(grey), min(grey.size), look, tuple(remarks))


def inspect_all(paths: Sequence[Path]) -> Iterator[Inspection]:
    """Inspect files on all cores, in order."""
    # Inspecting holds the interpreter's lock.
    return (map_processes if len(paths) >= MANY else map_threaded)(inspect, paths)


def _broken(digest: str, kind: str, detail: str) -> Inspection:
    return Inspection(digest, None, remarks=((kind, detail),))


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
