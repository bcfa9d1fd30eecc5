"""Inspection of one file: is it a whole picture, what does it look like, does its name fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import simplejpeg
from PIL import Image

from tl_catdog.audit import findings
from tl_catdog.audit.appearance import Appearance
from tl_catdog.audit.thumbnails import LEAST_SIDE, grey_thumbnail, to_grey
from tl_catdog.data.colours import orientation, upright
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.formats import ENDINGS, TEXT_KIND, UnreadError, format_of, other_kind
from tl_catdog.data.images import MAX_PIXELS, Pixels, opened
from tl_catdog.data.jpeg import is_jpeg
from tl_catdog.data.parallel import map_processes, map_threaded
from tl_catdog.data.reading import read_file
from tl_catdog.errors import ImageError

MANY = 500
"""From so many pictures on, processes save more time than it takes to start them."""

TINY = 32
"""Pixels of the shorter side: the smallest pictures that the networks here are made for."""

HARMLESS = ("extraneous bytes", "JFIF", "Adobe", "Unsupported")
"""Warnings of the JPEG decoder after which all pixels are right, or which aren't about the file."""

MISSING = ("truncated", "premature end", "not enough data", "unexpected end", "incomplete")
"""Words by which decoders say that a file ends too early."""

PARTS = {"TIFF": "pages", "HEIF": "pictures"}
"""What a file has several of, where they aren't the frames of an animation."""


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
        return unreadable(error.strerror or str(error))
    return inspect_data(data, path)


def unreadable(reason: str) -> Inspection:
    """Return what is known of a file that can't be read."""
    return _broken(UNREADABLE, findings.UNREADABLE, reason)


def inspect_data(data: bytes, path: PurePath) -> Inspection:
    """Inspect a file's bytes. Whatever they are, nothing is raised.

    Args:
        data: The bytes.
        path: The file's name, which may not fit them.
    """
    digest = hashlib.sha256(data).hexdigest()
    if not data:
        return _broken(digest, findings.NOT_AN_IMAGE, "the file is empty")
    try:
        with opened(data) as image:
            size = image.size  # before it is decoded at a smaller one
            grey = _grey(image, data)
            remarks = [*_names(path, data), *_sizes(size), *_frames(image)]
    except UnreadError as error:
        return _broken(digest, findings.NOT_AN_IMAGE, _unread(error, data))
    except ImageError as error:
        _, broken, reason = _words(error).partition("broken: ")
        if not broken:
            return _broken(digest, findings.HUGE, _words(error))
        return _broken(digest, findings.CORRUPT, reason)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _broken(digest, findings.HUGE, f"more pixels than the {MAX_PIXELS:,} allowed")
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
    if not is_jpeg(image):
        return to_grey(image, data)
    try:
        pixels = simplejpeg.decode_jpeg(
            data, "GRAY", min_height=LEAST_SIDE, min_width=LEAST_SIDE, strict=True
        )
    except ValueError as error:
        if not any(word in str(error) for word in HARMLESS):
            raise
        return to_grey(image, data)
    return upright(image, Image.fromarray(pixels[:, :, 0]), orientation(image))


def _names(path: PurePath, data: bytes) -> list[tuple[str, str]]:
    kind = format_of(data)
    if kind is None or not path.suffix or path.suffix.lower() in ENDINGS[kind]:
        return []
    return [(findings.EXTENSION, f"a {kind} named {path.suffix}")]


def _sizes(size: tuple[int, int]) -> list[tuple[str, str]]:
    width, height = size
    return [(findings.TINY, f"{width}×{height} pixels")] if min(size) < TINY else []


def _frames(image: Image.Image) -> list[tuple[str, str]]:
    parts = PARTS.get(image.format or "", "frames")
    try:
        if not getattr(image, "is_animated", False):
            return []
        return [(findings.ANIMATED, f"{getattr(image, 'n_frames', 2)} {parts}")]
    except Exception:  # those after the first are broken, or very many
        return [(findings.ANIMATED, f"several {parts}")]


def _unread(error: UnreadError, data: bytes) -> str:
    """Say what a file that isn't read seems to hold."""
    if format_of(data) is None:
        kind = other_kind(data)
        if kind is None:
            return "no format that is known here"
        if kind == TEXT_KIND:
            return kind
    return _words(error)
