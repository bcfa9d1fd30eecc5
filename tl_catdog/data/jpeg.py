"""What Pillow doesn't say of a JPEG: that data is missing, or that there are very many scans."""

from __future__ import annotations

import re

from PIL import Image

from tl_catdog.errors import ImageError

MAX_SCANS, FEW_SCANS = 100, 20
"""A progressive JPEG has some ten scans. Each is a pass over the whole picture, yet takes a few
bytes: one of 100 KB can keep a core busy for a minute."""

PASSED = 1_200_000_000
"""Pixels that all scans together may pass over, beyond ``FEW_SCANS``: two seconds, measured."""

MAX_MARKERS = 200_000
"""Of all kinds in one file, but those that restart the decoder."""
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
SCAN, END = 0xDA, 0xD9

GREY = range(126, 131)
"""Grey values of pixels whose data is missing: 128, but for rounding and a neighbour's colour."""


def is_jpeg(image: Image.Image) -> bool:
    """Return whether Pillow opened a picture as a JPEG, or as one of several, as cameras write it.

    By its name: importing Pillow's class would register it with the Pillow of whoever imports us.
    """
    return image.format in ("JPEG", "MPO")


def refuse_endless(image: Image.Image, data: bytes) -> None:
    """Refuse a JPEG with more scans than are allowed, before it is decoded.

    Raises:
        ImageError: It has.
    """
    # Pictures that follow, as cameras and telephones append them, have scans of their own.
    if is_jpeg(image) and data.count(b"\xff\xda") > FEW_SCANS:
        refuse_scans(_scans(data), image.width * image.height)


def refuse_scans(scans: int, pixels: int) -> None:
    """Refuse a JPEG of so many scans and pixels, if decoding it would take long.

    Raises:
        ImageError: It would.
    """
    allowed = min(MAX_SCANS, max(FEW_SCANS, PASSED // max(1, pixels)))
    if scans > allowed:
        raise ImageError(f"{scans:,} scans are more than {allowed} allowed")


def _scans(data: bytes) -> int:
    """Return how many scans a JPEG has, up to its end marker.

    Raises:
        ImageError: It has more than ``MAX_MARKERS`` markers.
    """
    at, scans, markers = 2, 0, 0
    while (found := MARKER.search(data, at)) is not None:
        markers += 1
        if markers > MAX_MARKERS:
            raise ImageError(f"broken: more than {MAX_MARKERS:,} markers")
        kind = found[1][0]
        if kind == END:
            break
        scans += kind == SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return scans


def refuse_truncated(image: Image.Image, data: bytes) -> None:
    """Refuse a decoded JPEG whose data ends early, though it has an end marker.

    Pillow takes it for whole and shows grey below, or, of a progressive one, a blur. A second
    decoder passes on what the JPEG library warns of. It is asked only where the last pixel is grey:
    where data is missing, the last block is. Less than a block of 8 or 16 pixels goes unnoticed.

    Raises:
        ImageError: Data is missing.
    """
    if not is_jpeg(image) or not _may_be_truncated(image):
        return
    import simplejpeg

    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_height=8, min_width=8, strict=True)
    except ValueError as error:
        # It has other warnings, too, after which all pixels are right.
        if "premature end" in str(error):
            raise ImageError("broken: its data is cut short") from error


def _is_progressive(image: Image.Image) -> bool:
    return is_jpeg(image) and "progressive" in image.info


def _may_be_truncated(image: Image.Image) -> bool:
    if _is_progressive(image) or image.mode not in ("L", "RGB"):
        return True
    last = image.getpixel((image.width - 1, image.height - 1))
    bands = last if isinstance(last, tuple) else (last, last, last)
    red, green, blue = (float(band or 0) for band in bands)
    return round(0.299 * red + 0.587 * green + 0.114 * blue) in GREY
