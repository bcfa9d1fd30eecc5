"""HEIC pictures, as telephones take them: opened without changing anything of Pillow's.

They are opened by ``pillow_heif``, which brings libheif. Its opener isn't
registered with Pillow, since that would change what the program that imports this can open.

libheif refuses much by itself: sizes that lie, loops, too many items. What it doesn't bound is how
much has to be decoded for a small picture (a grid of a thousand large tiles of which a corner is
shown), so the boxes are read here beforehand (ISO/IEC 14496-12 and 23008-12).
"""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import ImageFile

from tl_catdog.data.formats import UnreadError
from tl_catdog.errors import ImageError

MAX_BOXES = 10_000
"""Of all levels together; a telephone's picture of 192 tiles has some 500."""

SHARE = 2
"""A grid's tiles have a few more pixels than the picture, and its transparency as many again."""

USED = frozenset({b"dimg", b"auxl"})
"""References from a picture to its parts, and from its transparency to it."""

INSTALL = "a HEIC picture, which needs a package that is missing: pip install pillow-heif"


@dataclass
class _Items:
    """What a file's boxes say of its items, by their numbers."""

    primary: int = 0
    sizes: list[tuple[int, int] | None] = field(default_factory=list)  # properties; None: others
    owned: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))


def open_heif(file: io.BytesIO, data: bytes, max_pixels: int) -> ImageFile.ImageFile:
    """Open a HEIC picture; only its boxes are read.

    The picture that the file calls its primary one is the one that is decoded, turned as its boxes
    say. Its EXIF data may say the same once more, and is not asked (as the standard has it).

    Args:
        file: The file, from its start.
        data: Its bytes.
        max_pixels: How many pixels its parts may have together, times ``SHARE``.

    Raises:
        ImageError: The package is missing, or its parts are too large.
        Exception: Whatever the package raises at what is broken.
    """
    try:
        from pillow_heif.as_plugin import HeifImageFile
    except ImportError as error:
        raise UnreadError(INSTALL) from error
    refuse_parts(data, max_pixels)
    image: ImageFile.ImageFile = HeifImageFile(file)
    return image


def refuse_parts(data: bytes, max_pixels: int) -> None:
    """Refuse a file whose picture is made of more pixels than ``SHARE * max_pixels``.

    Raises:
        ImageError: It is, or its boxes can't be read.
    """
    try:
        items = _items(data)
    except (struct.error, IndexError) as error:
        raise ImageError("broken: its boxes don't fit into each other") from error
    waiting, seen, pixels = [items.primary], {items.primary}, 0
    while waiting:
        item = waiting.pop()
        sizes = [items.sizes[index] for index in items.owned[item]]
        if item != items.primary:
            pixels += max((size[0] * size[1] for size in sizes if size), default=0)
        new = items.parts[item] - seen
        seen |= new
        waiting.extend(new)
    if pixels > SHARE * max_pixels:
        raise ImageError(
            f"its parts have {pixels:,} pixels, more than {SHARE * max_pixels:,} allowed"
        )


def boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the kinds and contents of boxes one after the other."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        end = len(data) if size == 0 else at + size
        if end < at + head:
            raise ImageError("broken: a box is smaller than its head")
        yield kind, data[at + head : min(end, len(data))]
        at = end


def _items(data: bytes) -> _Items:
    """Read the boxes within ``meta`` that say which items there are.

    Raises:
        ImageError: They are more than ``MAX_BOXES``.
        struct.error: One is cut short.
    """
    found = _Items()
    waiting = [memoryview(data)]
    count = 0
    while waiting:
        for kind, content in boxes(waiting.pop()):
            count += 1
            if count > MAX_BOXES:
                raise ImageError(f"broken: more than {MAX_BOXES:,} boxes")
            if kind == b"meta":
                waiting.append(content[4:])
            elif kind in (b"iprp", b"iinf"):
                # Items come after their number, of which no part looks like a box.
                waiting.append(content[_items_at(content) if kind == b"iinf" else 0 :])
            elif kind == b"infe":
                _refuse_no_text(content)
            elif kind == b"pitm":
                (found.primary,) = struct.unpack_from(">I" if content[0] else ">H", content, 4)
            elif kind == b"ipco":
                for inner, of in boxes(content):
                    if inner == b"auxC":
                        _refuse_no_text(of)
                    sized = struct.unpack_from(">II", of, 4) if inner == b"ispe" else None
                    found.sizes.append(sized)
                    count += 1
            elif kind == b"ipma":
                _read_owned(content, found)
            elif kind == b"iref":
                count += _read_parts(content, found)
    most = len(found.sizes)
    found.owned = defaultdict(
        list, {item: [i for i in which if 0 <= i < most] for item, which in found.owned.items()}
    )
    return found


def _items_at(content: memoryview) -> int:
    return 8 if content[0] else 6


def _refuse_no_text(content: memoryview) -> None:
    """Refuse names and types that are no text: pi-heif 1.4 crashed where it made text of them.

    Raises:
        ImageError: They are none.
    """
    try:
        bytes(content[4:]).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImageError("broken: an item's name or type is no text") from error


def _read_owned(content: memoryview, found: _Items) -> None:
    """Read which item has which properties; they are counted from 1."""
    wide_item, wide_index = content[0] > 0, content[3] & 1
    (count,) = struct.unpack_from(">I", content, 4)
    at = 8
    for _ in range(min(count, MAX_BOXES)):
        item, number = struct.unpack_from(">IB" if wide_item else ">HB", content, at)
        at += 5 if wide_item else 3
        for index in struct.unpack_from(f">{number}{'H' if wide_index else 'B'}", content, at):
            found.owned[item].append((index & (0x7FFF if wide_index else 0x7F)) - 1)
        at += number * (2 if wide_index else 1)


def _read_parts(content: memoryview, found: _Items) -> int:
    """Read which item is made of which; return how many references there are."""
    kind_of_item = "I" if content[0] else "H"
    total = 0
    for kind, reference in boxes(content[4:]):
        item, count = struct.unpack_from(f">{kind_of_item}H", reference)
        total += count
        if kind not in USED or total > MAX_BOXES:
            continue
        place = struct.calcsize(f">{kind_of_item}H")
        to = struct.unpack_from(f">{count}{kind_of_item}", reference, place)
        if kind == b"dimg":
            found.parts[item].update(to)
        else:  # transparency leads to its picture
            for picture in to:
                found.parts[picture].add(item)
    return total
