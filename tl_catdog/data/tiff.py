"""TIFF files before they are decoded: what Pillow doesn't say of them, or reads wrongly.

The tags of the first page are read here (TIFF 6.0, Adobe 1992; BigTIFF of libtiff). What a camera
calls DNG, NEF or ARW is TIFF as well, and its first page a thumbnail.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tl_catdog.data.colours import STRIP
from tl_catdog.data.formats import RAW, UnreadError
from tl_catdog.data.jpeg import refuse_scans
from tl_catdog.errors import ImageError

MAX_TAGS = 1000  # a picture has some twenty; geographers and microscopes add a hundred
MAX_PARTS = 2**19
"""Strips or tiles: a picture of the largest size in tiles of 16 × 16 pixels."""
TINY_TILE = 8  # pixels; tiles' sides are multiples of 16

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}
WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Bytes of each type of value, and how the unsigned whole ones are unpacked."""

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
MAKE, STRIPS, SAMPLES, STRIP_BYTES, PLANAR, TILE_WIDTH = 271, 273, 277, 279, 284, 322
TILE_HEIGHT, TILES, TILE_BYTES, SUB_PAGES, SAMPLE_FORMAT = 323, 324, 325, 330, 339
DNG_VERSION = 50706
SHORT = 256  # bytes of a tag that are kept
KEPT = dict.fromkeys((STRIPS, STRIP_BYTES, TILES, TILE_BYTES), 8 * MAX_PARTS)
FLOATS = 3  # of SAMPLE_FORMAT
SIGNED = 2

FULL = (1, 255)
"""What white may be in a file of numbers, besides the largest one."""

MAKERS = {
    "NIKON": "NEF",
    "SONY": "ARW",
    "PENTAX": "PEF",
    "RICOH": "PEF",
    "SAMSUNG": "SRW",
    "HASSELBLAD": "3FR",
    "PHASE ONE": "IIQ",
    "LEAF": "MOS",
    "KODAK": "DCR",
    "EASTMAN": "DCR",
    "SEIKO EPSON": "ERF",
    "MAMIYA": "MEF",
}
RAW_COLOURS = {32803, 34892}  # a colour filter's mosaic, and what is linear, as DNG has it

COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 50000}
"""None, CCITT's, LZW, JPEG (old and new), deflate (8, 32946), 16-bit padding, PackBits,
Zstandard: what Pillow's libtiff has been built with on every system. LZMA is left out: its header
says how much memory to take, up to 4 GB."""
JPEGS = {6, 7}
OTHER_COMPRESSIONS = {
    **{33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000", 34887: "LERC"},
    **{
        34925: "LZMA",
        50001: "WebP",
        50002: "JPEG XL",
        52546: "JPEG XL",
        34892: "lossy JPEG of DNG",
    },
    **{32809: "ThunderScan", 32908: "PIXAR's", 32909: "PIXAR's", 34676: "SGI's", 34677: "SGI's"},
}


@dataclass(frozen=True)
class Tags:
    """The tags of a page.

    Attributes:
        order: ``<`` or ``>``, as the ``struct`` module has it.
        found: Type, number of values, and the values' bytes, as far as the file has them.
    """

    order: str
    found: dict[int, tuple[int, int, bytes]]

    def numbers(self, tag: int, default: Sequence[int] = ()) -> tuple[int, ...]:
        """Return a tag's values, which are whole numbers, or what holds without it."""
        kind, count, content = self.found.get(tag, (0, 0, b""))
        if kind not in WHOLE:
            return tuple(default)
        count = min(count, len(content) // SIZES[kind])
        return struct.unpack_from(f"{self.order}{count}{WHOLE[kind]}", content)

    def number(self, tag: int, default: int) -> int:
        """Return a tag's first value."""
        return (*self.numbers(tag), default)[0]

    def text(self, tag: int) -> str:
        """Return a tag's text."""
        return self.found.get(tag, (0, 0, b""))[2].split(b"\0")[0].decode("latin-1").strip()


def tags_of(data: bytes) -> Tags:
    """Return the tags of a file's first page.

    Raises:
        ImageError: They are beyond the file's end, or more than ``MAX_TAGS``.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    offset_kind, count_kind = ("Q", "Q") if big else ("I", "H")
    entry = struct.Struct(f"{order}HH{'Q8s' if big else 'I4s'}")
    try:
        (at,) = struct.unpack_from(order + offset_kind, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + count_kind, data, at)
        if count > MAX_TAGS:
            raise ImageError(f"broken: {count:,} tags are more than {MAX_TAGS:,} allowed")
        at += struct.calcsize(count_kind)
        found = {}
        for number in range(count):
            tag, kind, values, content = entry.unpack_from(data, at + number * entry.size)
            size = values * SIZES.get(kind, 0)
            if size > len(content):
                (place,) = struct.unpack_from(order + offset_kind, content)
                # All tags could lead to the same bytes, as many as the file has.
                content = data[place : place + min(size, KEPT.get(tag, SHORT))]
            found[tag] = (kind, values, content[:size])
    except (struct.error, OverflowError) as error:
        raise ImageError("broken: its tags are beyond its end") from error
    return Tags(order, found)


def raw_kind(tags: Tags) -> str | None:
    """Return what a camera's raw file is called; None for a picture."""
    if DNG_VERSION in tags.found:
        return f"{RAW} (DNG)"
    maker = tags.text(MAKE).upper()
    kind = next((end for name, end in MAKERS.items() if maker.startswith(name)), None)
    # The first page is a small copy, and the picture is in a page below it.
    preview = tags.number(SUBFILE, 0) & 1 and SUB_PAGES in tags.found
    if tags.number(PHOTOMETRIC, 0) in RAW_COLOURS or preview:
        return f"{RAW} ({kind})" if kind else RAW
    return None


def refuse_tiff(data: bytes, max_pixels: int) -> Tags:
    """Refuse a TIFF that isn't read, is read wrongly, or would take very long.

    Returns:
        Its first page's tags.

    Raises:
        ImageError: It says why.
    """
    tags = tags_of(data)
    if kind := raw_kind(tags):
        raise UnreadError(f"{kind}, which isn't read")
    packed = tags.number(COMPRESSION, 1)
    if packed not in COMPRESSIONS:
        how = OTHER_COMPRESSIONS.get(packed, f"compression {packed}")
        raise UnreadError(f"a TIFF file of {how}, which isn't read")
    bits = tags.numbers(BITS, (1,))
    deep = max(bits, default=1) > 8
    separate = tags.number(PLANAR, 1) == 2 and tags.number(SAMPLES, 1) > 1
    numbers = tags.number(SAMPLE_FORMAT, 1) in (SIGNED, FLOATS)
    # Pillow takes wrong bytes for these, without a word.
    if deep and (packed == 1 if separate else packed > 1 and numbers and tags.order == ">"):
        raise unread(tags)
    _refuse_parts(tags, data, max_pixels)
    return tags


def unread(tags: Tags) -> UnreadError:
    """Return the error of a TIFF whose pixels are of a kind that isn't read."""
    bits = tags.numbers(BITS, (1,)) or (1,)
    samples = max(tags.number(SAMPLES, 1), len(bits))
    kind = {FLOATS: " floating", SIGNED: " signed"}.get(tags.number(SAMPLE_FORMAT, 1), "")
    planes = " in planes" if tags.number(PLANAR, 1) == 2 else ""
    channels = "1 channel" if samples == 1 else f"{samples} channels"
    white = " whose zero is white" if tags.number(PHOTOMETRIC, 0) == 0 else ""
    order = "big-endian " if tags.order == ">" and max(bits) > 8 else ""
    return UnreadError(
        f"a {order}TIFF file of {channels} of {max(bits)}{kind} bits{planes}{white}, "
        "which isn't read"
    )


def _refuse_parts(tags: Tags, data: bytes, max_pixels: int) -> None:
    """Refuse strips and tiles that are too many, too small or too large.

    Raises:
        ImageError: They are.
    """
    tiled = TILES in tags.found and STRIPS not in tags.found
    count = tags.found.get(TILES if tiled else STRIPS, (0, 0, b""))[1]
    if count > MAX_PARTS:
        raise ImageError(f"{count:,} strips or tiles are more than {MAX_PARTS:,} allowed")
    if tiled:
        width, height = tags.number(TILE_WIDTH, 0), tags.number(TILE_HEIGHT, 0)
        if min(width, height) < TINY_TILE or width * height > max_pixels:
            raise ImageError(f"broken: tiles of {width}×{height} pixels")
    if tags.number(COMPRESSION, 1) in JPEGS:
        pixels = tags.number(WIDTH, 0) * tags.number(HEIGHT, 0)
        refuse_scans(_most_scans(tags, data, tiled), pixels)


def _most_scans(tags: Tags, data: bytes, tiled: bool) -> int:
    """Return how many scans the JPEG of any strip or tile has at most."""
    starts = _parts(tags, TILES if tiled else STRIPS)
    sizes = _parts(tags, TILE_BYTES if tiled else STRIP_BYTES)
    if len(starts) != len(sizes) or not len(starts):
        return data.count(b"\xff\xda")
    parts = np.unique(np.stack([starts, sizes], axis=1), axis=0)
    if int(np.minimum(parts[:, 1], len(data)).sum()) > 2 * len(data):
        raise ImageError("broken: its strips or tiles overlap")
    return max(data.count(b"\xff\xda", int(at), int(at) + int(size)) for at, size in parts)


def _parts(tags: Tags, tag: int) -> npt.NDArray[np.int64]:
    numbers = np.array(tags.numbers(tag), np.uint64)
    return np.minimum(numbers, 2**40).astype(np.int64)


def as_grey(image: Image.Image) -> Image.Image:
    """Return a TIFF's numbers as grey that every other format could hold.

    Pillow leaves 16-bit pictures whose zero is white, and all of floating numbers, as they are in
    the file. Numbers up to 1 are taken for parts of white, up to 255 for 8 bits, above that for
    16 bits (15, if they have a sign): files don't say what white is.

    Args:
        image: The picture, decoded; one of another format or of other modes comes back as it is.

    Raises:
        ImageError: A number is negative, none, or beyond 16 bits.
    """
    tags = getattr(image, "tag_v2", None)  # of Pillow's class, whose import would register it
    if tags is None or image.mode[0] not in "IF":
        return image
    inverted = tags.get(PHOTOMETRIC) == 0
    if image.mode in ("I", "F"):
        signed = SIGNED in tags.get(SAMPLE_FORMAT, ()) and 16 in tags.get(BITS, ())
        return _scaled(image, (*FULL, 32_767 if signed else 65_535), inverted)
    twelve = tuple(tags.get(BITS, ())) == (12,)
    if not inverted and not twelve:
        return image
    values: npt.NDArray[np.uint16] = np.array(image, np.uint16)
    if twelve:
        values = np.bitwise_or(values << 4, values >> 8)
    return Image.fromarray(~values if inverted else values)


def _scaled(image: Image.Image, full: tuple[int, ...], inverted: bool) -> Image.Image:
    rows = max(1, STRIP // image.width)
    tops = range(0, image.height, rows)

    def strip(top: int) -> npt.NDArray[np.floating | np.signedinteger]:
        return np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))

    least = min(float(strip(top).min()) for top in tops)
    most = max(float(strip(top).max()) for top in tops)
    if not (least >= 0 and most <= full[-1]) or any(np.isnan(strip(top)).any() for top in tops):
        raise ImageError(f"values 0 to {full[-1]:,} were expected, found {least:g} to {most:g}")
    floats = image.mode == "F"
    white = next(white for white in full if most <= white and (floats or white > 1))
    grey = Image.new("L", image.size)
    for top in tops:
        part = np.rint(strip(top) * (255.0 / white)).astype(np.uint8)
        grey.paste(Image.fromarray(255 - part if inverted else part), (0, top))
    return grey
