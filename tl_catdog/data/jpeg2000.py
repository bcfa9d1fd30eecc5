"""JPEG 2000 before it is decoded: how many pieces it says it has, and how small it may be decoded.

OpenJPEG makes room for every tile, precinct and code block that the header claims, some hundred
bytes each, and a header of a hundred bytes can claim one for every few pixels (ISO/IEC 15444-1,
annexes A and B).
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from tl_catdog.data.heif import boxes
from tl_catdog.errors import ImageError

MAX_TILES = 2**13
"""Of the largest pictures, tiles of 128 × 128 pixels."""
MAX_BLOCKS = 2**20
"""Code blocks and precincts: more than the largest picture has, of 32 × 32 pixels each."""
MAX_PARTS = 2**16
"""Parts of tiles, which may each have a header of its own, and tags in one of them."""
MAX_COMPONENTS = 4

SIZE, CODING, CODING_OF_ONE, PART, DATA, END = 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9


@dataclass(frozen=True)
class Coding:
    """How a picture or a tile is coded.

    Attributes:
        levels: How often it is halved.
        block: Pixels of a code block.
        precincts: Width and height of precincts at each resolution, as powers of 2.
    """

    levels: int
    block: int
    precincts: tuple[tuple[int, int], ...]


def refuse_jpeg2000(data: bytes, max_pixels: int) -> None:
    """Refuse a picture of too many pieces.

    Args:
        data: The file.
        max_pixels: How many pixels its code stream may claim; Pillow looks at another header.

    Raises:
        ImageError: It has too many, or its headers can't be read.
    """
    try:
        stream = _stream(data)
        width, height, tile_width, tile_height, components = _sizes(stream)
        tiles = -(-width // tile_width) * -(-height // tile_height)
        if width * height > max_pixels or tiles > MAX_TILES or components > MAX_COMPONENTS:
            raise ImageError(
                f"a JPEG 2000 picture of {width}×{height} pixels in {tiles:,} tiles of "
                f"{components} components, more than {max_pixels:,}, {MAX_TILES:,} or "
                f"{MAX_COMPONENTS} allowed"
            )
        for coding in _codings(stream):
            pieces = (
                tiles
                * components
                * _pieces(coding, min(tile_width, width), min(tile_height, height))
            )
            if pieces > MAX_BLOCKS:
                raise ImageError(f"{pieces:,} code blocks are more than {MAX_BLOCKS:,} allowed")
    except (struct.error, IndexError) as error:
        raise ImageError("broken: its headers are cut short") from error


def decode_smaller(image: Image.Image, data: bytes, side: int) -> None:
    """Have a picture decoded at a half, a quarter or less of its size, where both sides keep more.

    Args:
        image: The opened picture, not yet decoded; another format is left as it is.
        data: Its file.
        side: How many pixels each side keeps at least.
    """
    if image.format != "JPEG2000" or not data:
        return
    levels = min(coding.levels for coding in _codings(_stream(data)))
    halved = max(0, (min(image.size) // side).bit_length() - 1)
    if min(levels, halved):
        setattr(image, "reduce", min(levels, halved))  # noqa: B010  # a method of other formats


def _stream(data: bytes) -> memoryview:
    """Return the code stream.

    Raises:
        ImageError: There is none.
    """
    if data.startswith(b"\xff\x4f\xff\x51"):
        return memoryview(data)
    for kind, content in itertools.islice(boxes(memoryview(data)), 1000):
        if kind == b"jp2c":
            return content
    raise ImageError("broken: no code stream")


def _sizes(stream: memoryview) -> tuple[int, int, int, int, int]:
    """Return width and height of the picture and of its tiles, and the number of components."""
    marker, *found = struct.unpack_from(">2xHHHIIIIIIIIH", stream)
    if marker != SIZE:
        raise ImageError("broken: no size where it is expected")
    _, _, right, bottom, left, top, tile_width, tile_height, _, _, components = found
    width, height = right - left, bottom - top
    if min(width, height, tile_width, tile_height) < 1:
        raise ImageError("broken: no pixels, or tiles of none")
    return width, height, tile_width, tile_height, components


def _codings(stream: memoryview) -> Iterator[Coding]:
    """Yield how it is coded, by the main header and by those of tiles that say otherwise.

    Raises:
        ImageError: It has more than ``MAX_PARTS`` headers, or none says it.
    """
    at, part, end = 2, 0, 0  # where the part of a tile begins and ends that is gone through
    found = False
    for _ in range(MAX_PARTS):
        if at + 2 > len(stream):
            break
        (marker,) = struct.unpack_from(">H", stream, at)
        if marker == END:
            break
        if marker == DATA:
            if end <= part:  # the last part goes on to the end
                break
            at = end
            continue
        if at + 4 > len(stream):
            break
        (length,) = struct.unpack_from(">H", stream, at + 2)
        if length < 2:
            raise ImageError("broken: a header smaller than itself")
        if marker == PART:
            (size,) = struct.unpack_from(">I", stream, at + 6)
            part, end = at, at + size
        elif marker == CODING:
            found = True
            yield _coding(stream, stream[at + 4] & 1, at + 9)
        elif marker == CODING_OF_ONE:
            wide = struct.unpack_from(">H", stream, 40)[0] > 256  # components
            place = at + 4 + (2 if wide else 1)
            yield _coding(stream, stream[place] & 1, place + 1)
        at += 2 + length
    else:
        raise ImageError(f"broken: more than {MAX_PARTS:,} headers")
    if not found:
        raise ImageError("broken: it doesn't say how it is coded")


def _coding(stream: memoryview, own_precincts: int, place: int) -> Coding:
    levels, wide, high = stream[place], stream[place + 1] & 15, stream[place + 2] & 15
    if levels > 32:
        raise ImageError(f"broken: halved {levels} times")
    precincts = [(15, 15)] * (levels + 1)
    if own_precincts:
        sides = stream[place + 5 : place + 6 + levels]
        precincts = [(side & 15, side >> 4) for side in sides]
    return Coding(levels, 2 ** (wide + high + 4), tuple(precincts))


def _pieces(coding: Coding, width: int, height: int) -> int:
    """Return how many code blocks and precincts a tile of one component has at least."""
    pieces = 0
    for resolution, (wide, high) in enumerate(coding.precincts):
        scale = 2 ** (coding.levels - resolution)
        columns, rows = -(-width // scale), -(-height // scale)
        precincts = -(-columns // 2**wide) * -(-rows // 2**high)
        # Code blocks don't go beyond precincts, whose bands have half their sides.
        block = max(1, min(coding.block, 2 ** max(0, wide + high - 2 * (resolution > 0))))
        pieces += precincts + -(-columns * rows // block)
    return pieces
