"""Covering parts: where, with what, and what it says of networks whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl_catdog.explain.location import Location
from tl_catdog.explain.occlusion import Occlusion, covered, occlude, square_at

part = st.floats(0, 1)


@given(part, part, st.integers(1, 300), st.floats(0.01, 1))
def test_the_square_is_always_whole_and_inside(x: float, y: float, size: int, side: float) -> None:
    for place in square_at(Location(x, y), size, side):
        assert 0 <= place.start < place.stop <= size
        assert place.stop - place.start == max(1, round(side * size))


def test_the_square_is_around_the_spot() -> None:
    rows, columns = square_at(Location(0.25, 0.5), 100, 0.2)
    assert (rows, columns) == (slice(40, 60), slice(15, 35))


def test_covering_takes_the_mean_colour_and_leaves_the_picture_alone() -> None:
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[:5] = (100, 50, 200)
    hidden = covered(picture, Location(0, 0), 0.2)
    assert hidden[0, 0].tolist() == [50, 25, 100]
    assert (hidden[2:] == picture[2:]).all()
    assert picture[0, 0].tolist() == [100, 50, 200]


def bright_corner(pictures: np.ndarray) -> np.ndarray:
    """A "network" that heeds the lower left pixel alone."""
    return pictures[:, -1, 0, 0].astype(np.float64) / 255


def test_only_covering_what_counts_changes_the_answer() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[-1, 0] = 255
    found = occlude(picture, bright_corner, Location(0, 1), side=0.25, grid=9)
    assert found.before == 1
    assert found.at_peak == found.lowest < 0.01
    assert found.drop.shape == (9, 9)
    assert found.drop[-1, 0] == pytest.approx(1, abs=0.01)
    assert (found.drop[:6] == 0).all()
    assert (found.drop[:, 3:] == 0).all()
    assert found.mean == pytest.approx(found.after.sum() / 81)


def test_it_counts_what_is_done_and_needs_no_spot() -> None:
    heard: list[tuple[int, int]] = []
    found = occlude(
        np.zeros((32, 32, 3), np.uint8),
        bright_corner,
        None,
        grid=5,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard[-1] == (25, 25)
    assert found.at_peak is None
    assert found.to_json()["squares"] == 25


def test_logits_tell_what_probabilities_near_one_hide() -> None:
    found = Occlusion(0.25, 0.9999, np.array([[0.999, 0.9999], [1.0, 0.0]]), None)
    assert found.lost_logit[0] == pytest.approx([np.log(9999 / 999), 0])
    assert np.isfinite(found.lost_logit).all()
    assert found.lost_logit[1, 0] < 0 < found.lost_logit[1, 1]
