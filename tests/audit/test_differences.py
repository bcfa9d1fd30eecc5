"""What tells a copy from a picture of the same thing: the worst places, and colours."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.look_alikes import look_alikes
from tl_catdog.audit.differences import FEWEST, Seen, difference_in_colours, differences
from tl_catdog.audit.registration import smoothed, started
from tl_catdog.audit.thumbnails import SIDE

Floats = npt.NDArray[np.float32]
WHOLE = (0.0, 0.0, 1.0, 1.0)
STILL = started([(WHOLE, WHOLE)])


@pytest.fixture(scope="module")
def rgb() -> npt.NDArray[np.uint8]:
    return np.asarray(look_alikes("tile", 1)[0].resize((SIDE, SIDE)))


@pytest.fixture(scope="module")
def grey(rgb: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(rgb.astype(np.float32) @ [0.299, 0.587, 0.114], np.float32)


def of(one: Floats, other: Floats, side: float = SIDE) -> float:
    found, _ = differences(one[None], other[None], STILL, np.array([side], np.float32))
    return float(found[0])


def test_the_same_picture_has_no_difference_and_another_one_a_large_one(grey: Floats) -> None:
    assert of(grey, grey) == pytest.approx(0, abs=1e-5)
    assert of(grey, grey[::-1].copy()) > 2


def test_noise_and_softness_of_encoding_are_forgiven(grey: Floats) -> None:
    noise = np.random.default_rng(0).normal(0, 3, grey.shape).astype(np.float32)
    assert of(grey, grey + noise) < 0.6
    assert of(grey, smoothed(grey[None], 0.9)[0]) < 0.6
    assert of(smoothed(grey[None], 0.9)[0], grey) < 0.6


def test_one_thing_more_in_one_place_makes_another_picture(grey: Floats) -> None:
    changed = grey.copy()
    changed[50:66, 40:56] = grey.max() + 20
    assert of(grey, changed) > 1
    assert of(changed, grey) > 1


@pytest.mark.parametrize("rows", [slice(None, SIDE // 9), slice(-(SIDE // 9), None)])
def test_a_caption_at_either_end_is_forgiven_and_no_larger_one(grey: Floats, rows: slice) -> None:
    captioned = grey.copy()
    captioned[rows] = 0
    captioned[rows][::3] = 255
    assert of(captioned, grey) < 0.1
    larger = grey.copy()
    larger[SIDE // 4 : SIDE // 2] = captioned[rows][0]
    assert of(larger, grey) > 1


def test_of_a_small_original_encoding_changes_more(grey: Floats) -> None:
    plain = np.full_like(grey, 120)
    plain[::32] = 60  # every fourth row of blocks shows something, the others noise only
    noise = np.random.default_rng(0).normal(0, 9, grey.shape).astype(np.float32)
    assert of(plain, plain + noise, side=32) < 0.9 < 1 < of(plain, plain + noise)


def test_where_nothing_is_to_be_seen_nothing_is_the_same() -> None:
    plain = np.full((SIDE, SIDE), 120, np.float32)
    assert of(plain, plain) == math.inf
    dotted = plain.copy()
    for block in range(FEWEST):
        dotted[20 + 16 * block : 24 + 16 * block, 20:24] = 250
    assert of(dotted, dotted) == pytest.approx(0, abs=1e-5)


def test_a_part_that_covers_too_little_is_no_copy(grey: Floats) -> None:
    beside = STILL.copy()
    beside[:, 3] = 0.9  # 45 of 100 pixels to the right
    found, _ = differences(grey[None], grey[None], beside, np.array([SIDE], np.float32))
    assert found[0] == math.inf


def coloured(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8], gain: float = 1.0) -> float:
    weights = np.array([0.299, 0.587, 0.114])
    greys = [np.asarray(view.astype(np.float32) @ weights, np.float32) for view in (one, other)]
    transform = STILL[0].copy()
    transform[4] = gain
    found, shown = differences(
        greys[0][None], greys[1][None], transform[None], np.array([SIDE], np.float32)
    )
    seen = Seen(greys[0], one), Seen(greys[1], other)
    return difference_in_colours(*seen, transform, SIDE, (float(found[0]), int(shown[0])))


def test_other_colours_make_another_picture_and_no_colours_a_copy(
    rgb: npt.NDArray[np.uint8],
) -> None:
    assert coloured(rgb, rgb) == pytest.approx(0, abs=1e-5)
    turned = np.ascontiguousarray(rgb[:, :, ::-1])
    turned[..., 2] //= 2
    assert coloured(rgb, turned) > 1
    luma = (rgb.astype(float) @ [0.299, 0.587, 0.114]).astype(np.uint8)
    assert coloured(rgb, np.stack([luma] * 3, axis=2)) < 1


@pytest.mark.parametrize("swapped", [False, True])
def test_what_a_brighter_copy_lost_in_one_colour_is_forgiven(
    rgb: npt.NDArray[np.uint8], swapped: bool
) -> None:
    """Red ends at 255 long before grey does."""
    red = np.clip(rgb * np.array([2.4, 1.0, 0.6]), 0, 255).astype(np.uint8)
    brighter = np.clip(1.5 * red.astype(float), 0, 255).astype(np.uint8)
    assert (brighter[..., 0] == 255).mean() > 0.2
    pair = (red, brighter) if swapped else (brighter, red)
    assert coloured(*pair, gain=1 / 1.5 if swapped else 1.5) < 1
