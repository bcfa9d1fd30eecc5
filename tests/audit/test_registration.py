"""Registration finds how one picture lies in another, and says how well they fit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.support.look_alikes import look_alikes
from tl_catdog.audit.registration import (
    aligned,
    likeness,
    reduced,
    register,
    smoothed,
    started,
)
from tl_catdog.audit.thumbnails import SIDE

Floats = npt.NDArray[np.float32]
WHOLE = (0.0, 0.0, 1.0, 1.0)


def thumbnail(picture: Image.Image) -> Floats:
    return np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return look_alikes("slide", 1)[0].resize((640, 640), Image.Resampling.BICUBIC)


def registered(one: Floats, other: Floats, transforms: Floats) -> Floats:
    for factor, steps in ((4, 6), (2, 4), (1, 4)):
        transforms = register(
            reduced(one[None], factor), reduced(other[None], factor), transforms, steps
        )
    return transforms


@pytest.mark.parametrize(
    "box", [(0, 0, 640, 640), (20, 40, 600, 610), (64, 0, 640, 576), (30, 30, 610, 640)]
)
@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.8, 25.0), (1.2, -20.0)])
def test_a_crop_finds_its_place(
    picture: Image.Image, box: tuple[int, int, int, int], gain: float, offset: float
) -> None:
    left, top, right, bottom = box
    crop = gain * thumbnail(picture.crop(box)) + offset
    near = round(left / 640, 1), round(top / 640, 1), round(right / 640, 1), round(bottom / 640, 1)
    found = registered(crop, thumbnail(picture), started([(WHOLE, near)]))[0]
    middle = (top + bottom) / 640 - 1, (left + right) / 640 - 1
    expected = [(bottom - top) / 640, middle[0], (right - left) / 640, middle[1]]
    assert found[:4] == pytest.approx(expected, abs=0.004)
    assert found[4] == pytest.approx(gain, rel=0.05)
    assert found[5] == pytest.approx(offset, abs=6)


def test_what_was_cut_off_at_255_does_not_count(picture: Image.Image) -> None:
    plain = thumbnail(picture)
    bright = np.clip(1.5 * plain, 0, 255)
    assert (bright == 255).mean() > 0.3
    (found,) = registered(bright, plain, started([(WHOLE, WHOLE)]))
    assert found == pytest.approx([1, 0, 1, 0, 1.5, 0], abs=0.03)
    (back,) = registered(plain, bright, started([(WHOLE, WHOLE)]))
    assert back == pytest.approx([1, 0, 1, 0, 1 / 1.5, 0], abs=0.03)


def test_windows_lie_over_each_other_at_the_start() -> None:
    (found,) = started([(WHOLE, (0.1, 0.0, 1.0, 0.9))])
    assert found == pytest.approx([0.9, -0.1, 0.9, 0.1, 1, 0])
    (found,) = started([((0.1, 0.0, 1.0, 0.9), WHOLE)])
    assert found == pytest.approx([1 / 0.9, 0.1 / 0.9, 1 / 0.9, -0.1 / 0.9, 1, 0])


def test_aligned_pictures_are_read_where_the_transform_says() -> None:
    rising = np.tile(np.arange(SIDE, dtype=np.float32), (SIDE, 1))[None]
    transforms = np.array([[1, 0, 1, 2 * 10 / SIDE, 2, 5]], np.float32)  # ten pixels to the right
    seen, known = aligned(rising, transforms)
    assert seen[0, 3, :-11] == pytest.approx(2 * (np.arange(SIDE - 11) + 10) + 5, abs=0.01)
    assert known[0].sum(1) == pytest.approx(SIDE - 10)


def test_likeness_forgives_a_caption_and_nothing_else(picture: Image.Image) -> None:
    plain = thumbnail(picture)
    other = thumbnail(look_alikes("slide", 2)[1])
    still = started([(WHOLE, WHOLE)])
    captioned, spoilt = plain.copy(), plain.copy()
    captioned[-SIDE // 9 :] = 0
    spoilt[SIDE // 3 : 2 * SIDE // 3] = 0

    def of(changed: Floats) -> float:
        return float(likeness(changed[None], plain[None], still)[0])

    assert of(plain) > 0.999
    assert of(captioned) > 0.999
    assert of(captioned[::-1][::-1] * 0.7 + 20) > 0.99
    assert of(spoilt) < 0.8
    assert of(other) < 0.5


def test_reduced_and_smoothed_keep_the_mean() -> None:
    values = np.random.default_rng(0).uniform(0, 255, (2, SIDE, SIDE)).astype(np.float32)
    assert reduced(values, 4).mean((1, 2)) == pytest.approx(values.mean((1, 2)), rel=1e-5)
    assert reduced(values, 4)[1, 2, 3] == pytest.approx(values[1, 8:12, 12:16].mean(), rel=1e-5)
    assert smoothed(values, 2.0).mean((1, 2)) == pytest.approx(values.mean((1, 2)), rel=0.02)
    assert smoothed(values, 2.0).std() < values.std() / 4
