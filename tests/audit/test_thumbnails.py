"""Thumbnails: small, grey, upright, and of the whole picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from tl_catdog.audit.thumbnails import grey_thumbnail, to_grey

SIDE = 128
LEAST_SIDE = 128  # of a JPEG that is decoded at reduced scale


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    shape = (height, width) if mode == "L" else (height, width, 3)
    values = np.random.default_rng(0).integers(0, 255, shape)
    return Image.fromarray(values.astype(np.uint8))


def reopened(picture: Image.Image, kind: str, **options: object) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return Image.open(io.BytesIO(out.getvalue()))


def test_each_pixel_is_the_mean_of_its_part_of_the_picture() -> None:
    picture = noise(3 * SIDE, 2 * SIDE, "L")
    expected = np.asarray(picture, float).reshape(SIDE, 2, SIDE, 3).mean((1, 3))
    found = grey_thumbnail(picture)
    assert found.shape == (SIDE, SIDE)
    assert found.dtype == np.uint8
    assert np.abs(found - expected).max() <= 1  # rounded once in each direction


def test_a_small_picture_becomes_as_large_as_the_others() -> None:
    assert grey_thumbnail(noise(5, 7, "L")).shape == (SIDE, SIDE)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_colours_become_grey_as_pillow_weighs_them(mode: str) -> None:
    picture = noise(40, 30, mode)
    found = to_grey(reopened(picture, "PNG"))
    assert found.mode == "L"
    assert found.tobytes() == picture.convert("L").tobytes()


def test_transparent_parts_are_white_as_in_training() -> None:
    see_through = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert np.asarray(to_grey(reopened(see_through, "PNG"))).min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = reopened(noise(40, 30), "PNG", exif=exif)
    expected = ImageOps.exif_transpose(turned).convert("L")
    found = to_grey(turned)
    assert found.size == expected.size
    assert found.tobytes() == expected.tobytes()


def test_a_large_jpeg_is_decoded_no_larger_than_it_takes() -> None:
    large = reopened(noise(8 * LEAST_SIDE, 8 * LEAST_SIDE), "JPEG")
    assert to_grey(large).size == (LEAST_SIDE, LEAST_SIDE)
    between = reopened(noise(2 * LEAST_SIDE, 2 * LEAST_SIDE - 2), "JPEG")
    assert min(to_grey(between).size) >= LEAST_SIDE
