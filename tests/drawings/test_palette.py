"""Colours of the scenes."""

from __future__ import annotations

import numpy as np
import pytest

from tl_catdog.drawings.palette import DARK, GREENS, SKIES, WHITE, any_colour


@pytest.mark.parametrize(("low", "high"), [(50, 235), (20, 250), (110, 111)])
def test_any_colour_is_in_its_range_up_to_both_ends(low: int, high: int) -> None:
    rng = np.random.default_rng(0)
    colours = np.array([any_colour(rng, low, high) for _ in range(4_000)])
    assert colours.dtype.kind == "i"
    assert low <= colours.min() <= low + 1
    assert high - 2 <= colours.max() <= high - 1


def test_the_range_is_50_to_234_unless_told() -> None:
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    assert [any_colour(one) for _ in range(9)] == [any_colour(two, 50, 235) for _ in range(9)]


def test_colours_are_vivid_to_nearly_grey() -> None:
    rng = np.random.default_rng(0)
    colours = np.array([any_colour(rng) for _ in range(2_000)])
    spread = colours.max(axis=1) - colours.min(axis=1)
    assert np.quantile(spread, 0.05) < 20
    assert np.quantile(spread, 0.95) > 110
    assert np.abs(colours.mean(axis=0) - 142).max() < 5, "of no hue in the mean"


def test_a_colour_is_as_bright_as_its_grey() -> None:
    for seed in range(100):
        vivid = np.random.default_rng(seed).integers(50, 235, 3)
        colour = any_colour(np.random.default_rng(seed))
        assert np.mean(colour) == pytest.approx(vivid.mean(), abs=1.4)
        assert np.ptp(colour) <= np.ptp(vivid)


def test_grass_is_green_and_white_is_lighter_than_the_sky() -> None:
    assert all(green == max(red, green, blue) for red, green, blue in GREENS)
    assert all(sum(DARK) < sum(sky) < sum(WHITE) for sky in SKIES)
