"""A picture's pixels as a viewer shows them: upright, in RGB, squeezed to a square, in strips.

Strips keep memory at what the decoded picture itself takes, whatever its mode: only a strip of it
is turned, converted and resized at a time. The result has the bits of the same done to the whole.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

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

SIDEWAYS = frozenset({5, 6, 7, 8})
FROM_THE_END = frozenset({3, 4, 7, 8})
"""Orientations whose upright rows are columns of the file, and whose first row is its last one."""

BACKGROUND = (255, 255, 255)
"""Transparent pixels show this colour: white, as a page would."""

WHOLE, STRIP = 2**22, 2**20
"""Pictures of more pixels than the first are converted in strips of as many as the second."""

NUMBERS = {3: "H", 4: "I", 8: "h", 9: "i"}  # types of whole numbers in EXIF data, to be unpacked
IN_XMP = rb'tiff:Orientation(="|>)([0-9])'


def orientation(image: Image.Image) -> int:
    """Return a picture's EXIF orientation, 1 where it has none; only that tag is read.

    Pillow reads all tags for it, and of a file that was made for it each may have the size of all:
    64 KB of EXIF data take 350 MB then. What a program has changed in a picture's EXIF data isn't
    seen here.

    Args:
        image: The picture as it was opened.
    """
    found = image.info.get("exif")
    profile = image.info.get("Raw profile type exif")
    if found is None and isinstance(profile, str):
        found = bytes.fromhex("".join(profile.split("\n")[3:]))
    value = _tag(found) if isinstance(found, bytes) else None
    if value is None:
        value = _in_xmp(image)
    return 1 if value is None else value


def _tag(exif: bytes) -> int | None:
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = "<" if exif[:2] == b"II" else ">"
    found = None
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for number in range(count):
            tag, kind, values = struct.unpack_from(f"{order}HHI", exif, at + 2 + 12 * number)
            if tag == ORIENTATION and kind in NUMBERS and values == 1:
                place = at + 2 + 12 * number + 8
                (found,) = struct.unpack_from(order + NUMBERS[kind], exif, place)
    except struct.error:  # cut short: what was found counts
        pass
    return found


def _in_xmp(image: Image.Image) -> int | None:
    text = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or b""
    content = text.encode("utf-8", "replace") if isinstance(text, str) else text
    match = re.search(IN_XMP, content) if isinstance(content, bytes) else None
    return int(match[2]) if match else None


def upright(
    image: Image.Image, pixels: Image.Image | None = None, turned: int | None = None
) -> Image.Image:
    """Return a picture turned as its EXIF orientation says.

    Pillow's own function writes all the metadata anew, too, and fails where a part is broken.

    Args:
        image: The opened picture.
        pixels: What to turn instead of it: its pixels, decoded by another decoder.
        turned: Its orientation; None: as it is in its EXIF data, which a program may have changed.
    """
    if pixels is None:
        image.load()  # what is neither turned nor converted would look for its file later
        pixels = image
    turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1) if turned is None else turned)
    return pixels if turn is None else pixels.transpose(turn)


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a picture of any of Pillow's modes as RGB, as a viewer would show it.

    16-bit grey is scaled to 8 bits (Pillow's own conversion clips it to white), and transparency
    is laid over ``BACKGROUND`` (Pillow's own conversion bares the hidden colour).
    """
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.width * image.height <= WHOLE:
        shown = _shown(image)
        return shown if shown.mode == "RGB" else shown.convert("RGB")
    whole = Image.new("RGB", image.size)
    for top, strip in _strips(image, 1):
        whole.paste(_shown(strip), (0, top))
    return whole


def squeezed(image: Image.Image, size: int, turned: int = 1) -> npt.NDArray[np.uint8]:
    """Return a picture upright, in RGB, resized to a square by Pillow's bilinear filter.

    The filter goes over the rows, each by itself, and rounds; then over the columns of that.

    Args:
        image: The picture; it isn't changed.
        size: Height and width of the result in pixels.
        turned: Its EXIF orientation, if it is to be turned.

    Returns:
        RGB values 0..255 of shape (size, size, 3).
    """
    if image.width * image.height <= WHOLE:
        turn = UPRIGHT.get(turned)
        plain: Image.Image | None = _shown(image if turn is None else image.transpose(turn))
    else:
        width, height = image.size[::-1] if turned in SIDEWAYS else image.size
        # Pillow goes over the columns first where that is less work, as of tall pictures.
        rows_first = height + size <= 2 * width
        plain = None
        for top, strip in _strips(image, turned):
            part = _shown(strip)
            if rows_first:
                part = part.resize((size, part.height), Image.Resampling.BILINEAR)
            if plain is None:
                plain = Image.new(part.mode, (part.width, height))
            plain.paste(part, (0, top))
    assert plain is not None
    # Grey is spread over three equal channels afterwards: the same bits for a third of the work.
    small = plain.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small if small.mode == "RGB" else small.convert("RGB"))


def _strips(image: Image.Image, turned: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield some rows of the upright picture at a time, with the number of the first one."""
    sideways, backwards = turned in SIDEWAYS, turned in FROM_THE_END
    width, height = image.size[::-1] if sideways else image.size
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = (height - bottom, height - top) if backwards else (top, bottom)
        box = (first, 0, last, width) if sideways else (0, first, width, last)
        strip = image.crop(box)
        turn = UPRIGHT.get(turned)
        yield top, strip if turn is None else strip.transpose(turn)


def _shown(image: Image.Image) -> Image.Image:
    """Return a picture or a strip as L, where that says all, or as RGB."""
    if image.mode.startswith("I"):
        values = np.clip(np.asarray(image).astype(np.int32), 0, 65535)
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))  # round(value / 257)
    if image.mode == "F":
        numbers = np.rint(np.asarray(image, dtype=np.float64) / 257.0)
        return Image.fromarray(np.clip(numbers, 0, 255).astype(np.uint8))
    if image.mode in ("La", "RGBa"):  # colours times opacity
        image = image.convert(f"{image.mode[:-1]}A")
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        page = Image.new("RGBA", layers.size, (*BACKGROUND, 255))
        return Image.alpha_composite(page, layers).convert("RGB")
    if image.mode == "LAB":
        return _from_lab()(image)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


@functools.cache
def _from_lab() -> Callable[[Image.Image], Image.Image]:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply
