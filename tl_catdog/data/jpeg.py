"""What Pillow doesn't say of a JPEG: that data is missing, or that there are very many scans."""

from __future__ import annotations

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from tl_catdog.errors import ImageError

MAX_SCANS = 100
"""A progressive JPEG has some ten scans. Each is a pass over the whole picture, yet takes a few
bytes: one of 100 KB can keep a core busy for a minute."""

GREY = range(126, 131)
"""Grey values of pixels whose data is missing: 128, but for rounding and a neighbour's colour."""


def refuse_endless(image: Image.Image, data: bytes) -> None:
    """Refuse a progressive JPEG with more scans than ``MAX_SCANS``, before it is decoded.

    Raises:
        ImageError: It has.
    """
    if _is_progressive(image):
        scans = data.count(b"\xff\xda")
        if scans > MAX_SCANS:
            raise ImageError(f"{scans:,} scans are more than {MAX_SCANS} allowed")


def refuse_truncated(image: Image.Image, data: bytes) -> None:
    """Refuse a decoded JPEG whose data ends early, though it has an end marker.

    Pillow takes it for whole and shows grey below, or, of a progressive one, a blur. A second
    decoder passes on what the JPEG library warns of. It is asked only where the last pixel is grey:
    where data is missing, the last block is. Less than a block of 8 or 16 pixels goes unnoticed.

    Raises:
        ImageError: Data is missing.
    """
    if not isinstance(image, JpegImageFile) or not _may_be_truncated(image):
        return
    import simplejpeg

    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_height=8, min_width=8, strict=True)
    except ValueError as error:
        # It has other warnings, too, after which all pixels are right.
        if "premature end" in str(error):
            raise ImageError("broken: its data is cut short") from error


def _is_progressive(image: Image.Image) -> bool:
    return isinstance(image, JpegImageFile) and "progressive" in image.info


def _may_be_truncated(image: Image.Image) -> bool:
    if _is_progressive(image) or image.mode not in ("L", "RGB"):
        return True
    last = image.getpixel((image.width - 1, image.height - 1))
    bands = last if isinstance(last, tuple) else (last, last, last)
    red, green, blue = (float(band or 0) for band in bands)
    return round(0.299 * red + 0.587 * green + 0.114 * blue) in GREY
