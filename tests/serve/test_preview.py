"""Small pictures to show: upright, in proportion, from the decoding that the answer needs."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tl_catdog.data.images import ORIENTATION, decode
from tl_catdog.errors import ImageError
from tl_catdog.serve.preview import LONGER, decode_for, shown_as


def encoded(image: Image.Image, kind: str, turned: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = turned
    out = io.BytesIO()
    image.save(out, kind, **({"exif": exif} if turned != 1 else {}))
    return out.getvalue()


def halves(width: int, height: int) -> Image.Image:
    """Return a picture that is red above and blue below."""
    values = np.zeros((height, width, 3), np.uint8)
    values[: height // 2, :, 0] = values[height // 2 :, :, 2] = 255
    return Image.fromarray(values)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "JPEG2000"])
@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1200, 600), (448, 224)), ((600, 1200), (224, 448)), ((40, 20), (40, 20))],
)
def test_it_is_in_proportion_and_never_larger(
    kind: str, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    data = encoded(halves(*size), kind)
    pixels, small = decode_for(data, 64, 10**7, preview=True)
    assert np.array_equal(np.asarray(pixels), decode(data, 64))  # to the bit
    assert small is not None
    shown = Image.open(io.BytesIO(small))
    assert (shown.format, shown.size) == ("JPEG", wanted)
    above, below = shown.getpixel((2, 2)), shown.getpixel((2, wanted[1] - 3))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 200 > above[2]
    assert below[2] > 200 > below[0]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
def test_a_turned_picture_is_shown_upright(kind: str) -> None:
    _, small = decode_for(encoded(halves(800, 400), kind, turned=6), 64, 10**7, preview=True)
    assert small is not None
    shown = Image.open(io.BytesIO(small))
    assert shown.size == (224, 448)
    right, left = shown.getpixel((220, 200)), shown.getpixel((3, 200))
    assert isinstance(right, tuple)
    assert isinstance(left, tuple)
    assert right[0] > 200 > right[2]  # what was above
    assert left[2] > 200 > left[0]


@pytest.mark.parametrize("data", [b"", b"text", encoded(halves(100, 101), "PNG")])
def test_what_cannot_be_read_or_is_too_large_has_none(data: bytes) -> None:
    pixels, small = decode_for(data, 64, 10_000, preview=True)
    assert isinstance(pixels, ImageError)
    assert small is None


def test_it_is_made_only_when_it_is_wanted() -> None:
    data = encoded(halves(64, 64), "PNG")
    assert decode_for(data, 64, 10**7, preview=False)[1] is None


def test_very_long_pictures_keep_a_pixel() -> None:
    _, small = decode_for(encoded(halves(3000, 2), "PNG"), 64, 10**7, preview=True)
    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (LONGER, 1)


def test_it_is_sent_within_the_answer() -> None:
    assert shown_as(None) is None
    head, _, body = str(shown_as(b"bytes")).partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == b"bytes"
