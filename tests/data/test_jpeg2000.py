"""JPEG 2000: read, at a smaller size where that is enough, and no more pieces than can be made."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.newer_formats import scene
from tl_catdog.data.images import decode, opened, try_decode
from tl_catdog.data.jpeg2000 import decode_smaller, refuse_jpeg2000
from tl_catdog.errors import ImageError

SIZE = 32
PIXELS = 2**25


def encoded(picture: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG2000", **options)
    return out.getvalue()


def differs(data: bytes, expected: Image.Image) -> float:
    return float(np.abs(decode(data, SIZE).astype(int) - decode(np.asarray(expected), SIZE)).mean())


@pytest.mark.parametrize(
    "options", [{}, {"no_jp2": True}, {"tile_size": (32, 32)}, {"num_resolutions": 1}]
)
def test_colours_come_out(options: dict[str, Any]) -> None:
    assert differs(encoded(scene(), **options), scene()) < 2


def test_grey_sixteen_bits_and_transparency_are_shown() -> None:
    grey = scene().convert("L")
    assert differs(encoded(grey), grey.convert("RGB")) < 2
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert differs(encoded(deep), grey.convert("RGB")) < 2
    hidden = scene().convert("RGBA")
    hidden.putalpha(0)
    assert decode(encoded(hidden), SIZE).min() == 255


def test_a_large_one_is_decoded_at_a_part_of_its_size_and_looks_the_same() -> None:
    large = scene(1200, 900)
    data = encoded(large)
    with opened(data) as image:
        decode_smaller(image, data, 100)
        image.load()
        assert image.size == (150, 113)
    assert differs(data, large) < 2
    flat = encoded(large, num_resolutions=1)  # nothing smaller is in it
    with opened(flat) as image:
        decode_smaller(image, flat, 100)
        image.load()
        assert image.size == (1200, 900)


def stream(
    side: int = 4096,
    tile: int = 4096,
    components: int = 3,
    levels: int = 5,
    block: int = 4,
    precincts: bytes = b"",
    again: bytes = b"",
) -> bytes:
    """Return headers alone."""
    size = struct.pack(">HIIIIIIIIH", 0, side, side, 0, 0, tile, tile, 0, 0, components)
    size += b"\7\1\1" * components
    style = struct.pack(">BBHBBBBBB", bool(precincts), 0, 1, 0, levels, block, block, 0, 1)
    style += precincts
    head = b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size
    coding = b"\xff\x52" + struct.pack(">H", len(style) + 2) + style
    part = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14 + len(again), 0, 1) + again + b"\xff\x93"
    return head + coding + part + b"\xff\xd9"


def test_honest_headers_pass() -> None:
    refuse_jpeg2000(stream(), PIXELS)
    refuse_jpeg2000(stream(tile=128, levels=5), PIXELS)
    refuse_jpeg2000(stream(precincts=b"\x77" + b"\x88" * 5), PIXELS)


TINY_PRECINCTS = (
    b"\xff\x52" + struct.pack(">HBBHBBBBBB", 18, 1, 0, 1, 0, 5, 4, 4, 0, 1) + b"\x11" * 6
)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"side": 60_000, "tile": 60_000}, "a JPEG 2000 picture of 60000×60000 pixels"),
        ({"tile": 16}, "65,536 tiles"),
        ({"components": 16_000}, "16000 components"),
        ({"block": 0}, "code blocks"),
        ({"precincts": b"\x11" * 6}, "code blocks"),
        ({"again": TINY_PRECINCTS}, "code blocks"),  # a tile that says otherwise
        ({"levels": 200}, "halved 200 times"),
        ({"tile": 0}, "no pixels"),
    ],
)
def test_headers_that_claim_very_many_pieces_are_refused(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImageError, match=words):
        refuse_jpeg2000(stream(**options), PIXELS)


def test_what_is_cut_short_or_changed_is_told() -> None:
    data = encoded(scene())
    for end in (13, 40, 90, 120, len(data) // 2):
        assert isinstance(try_decode(data[:end], SIZE), ImageError)
    for at in range(0, 200, 3):
        changed = data[:at] + b"\xff" * 4 + data[at + 4 :]
        assert isinstance(try_decode(changed, SIZE), (ImageError, np.ndarray))
