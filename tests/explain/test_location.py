"""A spot is found in a map and named."""

import numpy as np
import pytest

from tl_catdog.explain.location import Location, peak_of


def test_the_peak_is_the_middle_of_the_greatest_cell() -> None:
    values = np.zeros((2, 4))
    assert peak_of(values) is None
    values[1, 3] = 3
    assert peak_of(values) == Location(0.875, 0.75)


def test_of_equal_peaks_the_one_nearest_the_middle_counts() -> None:
    assert peak_of(np.ones((1, 1))) == Location(0.5, 0.5)
    assert peak_of(np.ones((3, 3))) == Location(0.5, 0.5)
    edge = np.zeros((5, 5))
    edge[:3, 0] = 1
    assert peak_of(edge) == Location(0.1, 0.5)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (0.1, 0.1, "the upper left"),
        (0.1, 0.5, "the left"),
        (1.0, 1.0, "the lower right"),
        (0.5, 0.5, "the middle"),
        (0.5, 0.9, "the middle of the bottom"),
    ],
)
def test_a_spot_has_a_name(x: float, y: float, words: str) -> None:
    assert Location(x, y).words == words
