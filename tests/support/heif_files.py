"""HEIC files put together by hand: grids, turns, lies, as no encoder here writes them.

The boxes are those of ISO/IEC 14496-12 and 23008-12.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field

from PIL import Image


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return a box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def ispe(width: int, height: int) -> bytes:
    """Return the property that says an item's size."""
    return full(b"ispe", 0, 0, struct.pack(">II", width, height))


def irot(quarters: int) -> bytes:
    """Return the property that turns an item counter-clockwise."""
    return box(b"irot", bytes([quarters]))


def imir(axis: int) -> bytes:
    """Return the property that mirrors an item; 0 swaps top and bottom."""
    return box(b"imir", bytes([axis]))


def aux(name: bytes) -> bytes:
    """Return the property that says what an auxiliary item is for."""
    return full(b"auxC", 0, 0, name + b"\0")


ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
DEPTH = b"urn:mpeg:hevc:2015:auxid:2"


@dataclass(frozen=True)
class Item:
    """An item of a file.

    Attributes:
        kind: Its type, such as ``hvc1`` or ``grid``.
        data: Its bytes.
        properties: Its properties, as boxes.
        references: Kind of reference and the items that it leads to, by their position.
        hidden: Whether viewers pass over it.
    """

    kind: bytes
    data: bytes
    properties: tuple[bytes, ...] = ()
    references: tuple[tuple[bytes, tuple[int, ...]], ...] = field(default=())
    hidden: bool = False


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """Return the data of an item that lays others side by side."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def heic(items: list[Item], primary: int = 0, brand: bytes = b"heic") -> bytes:
    """Return a file of items; the first has position 0."""
    infos, places, links, owned = [], [], [], []
    boxes: list[bytes] = []
    at = 0
    for number, item in enumerate(items, 1):
        head = struct.pack(">HH4s", number, 0, item.kind) + b"\0"
        mime = b"application/rdf+xml\0" if item.kind == b"mime" else b""
        infos.append(full(b"infe", 2, int(item.hidden), head, mime))
        places.append((number, at, len(item.data)))
        at += len(item.data)
        for kind, to in item.references:
            ids = struct.pack(f">HH{len(to)}H", number, len(to), *(place + 1 for place in to))
            links.append(box(kind, ids))
        boxes += [found for found in item.properties if found not in boxes]
        owned.append((number, [boxes.index(found) + 1 for found in item.properties]))
    wide = len(boxes) > 127
    pairs = b"".join(
        struct.pack(">HB", number, len(which))
        + b"".join(struct.pack(">H" if wide else ">B", index) for index in which)
        for number, which in owned
    )
    associations = full(b"ipma", 0, int(wide), struct.pack(">I", len(owned)), pairs)
    start = box(b"ftyp", brand, bytes(4), b"mif1", brand)

    def meta(offset: int) -> bytes:
        located = b"".join(
            struct.pack(">HHHII", number, 0, 1, offset + begin, size)
            for number, begin, size in places
        )
        handler = struct.pack(">I4s12x", 0, b"pict") + b"\0"
        return full(
            *(b"meta", 0, 0, full(b"hdlr", 0, 0, handler)),
            full(b"pitm", 0, 0, struct.pack(">H", primary + 1)),
            full(b"iloc", 0, 0, struct.pack(">BBH", 0x44, 0, len(places)), located),
            full(b"iinf", 0, 0, struct.pack(">H", len(infos)), *infos),
            *([full(b"iref", 0, 0, *links)] if links else []),
            box(b"iprp", box(b"ipco", *boxes), associations),
        )

    before = len(start) + len(meta(0)) + 8
    return start + meta(before) + box(b"mdat", *(item.data for item in items))


def coded(picture: Image.Image, quality: int = 90) -> tuple[bytes, bytes]:
    """Return a picture as HEVC: the property that describes it, and the data of its item."""
    data = encoded_heic(picture, quality=quality)
    at = data.index(b"hvcC") - 4
    described = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    place = data.index(b"iloc") + 8
    sizes, _, base, _, begin, size = struct.unpack_from(">HH4xIHII", data, place)
    assert sizes == 0x4440  # as libheif writes it
    return described, data[base + begin : base + begin + size]


def encoded_heic(picture: Image.Image, **options: object) -> bytes:
    """Return a picture as an encoder writes it."""
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, **options)
    return out.getvalue()


def image(picture: Image.Image, *properties: bytes, hidden: bool = False) -> Item:
    """Return an item of a picture."""
    described, data = coded(picture)
    return Item(b"hvc1", data, (described, ispe(*picture.size), *properties), hidden=hidden)
