"""Which pictures take long, by their header."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.support.hostile_bytes import png
from tl_catdog.serve.weight import OTHERS, PROGRESSIVE, Weight, weigh


def encoded(kind: str, width: int, height: int, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "heavy"),
    [
        (encoded("PNG", 1000, OTHERS // 1000), False),
        (encoded("PNG", 1000, OTHERS // 1000 + 1), True),
        (encoded("JPEG", 4000, 3000), False),  # a phone's
        (encoded("JPEG", 6000, 5000), True),
        (encoded("JPEG", 1000, PROGRESSIVE // 1000 + 1, progressive=True), True),
        (encoded("JPEG", 640, 480, progressive=True), False),
        (encoded("JPEG2000", 1500, 1000), True),
        (encoded("BMP", 1000, 1000), True),
        (png(5000, 5000, 16, 0), True),
    ],
)
def test_large_pictures_take_long_and_plain_jpegs_less(data: bytes, heavy: bool) -> None:
    assert weigh(data, 30 * 10**6).heavy == heavy


@pytest.mark.parametrize("data", [b"", b"text", png(50_000, 50_000, 8, 2)])
def test_what_is_refused_takes_no_time(data: bytes) -> None:
    assert weigh(data, 30 * 10**6) == Weight(0, False)
