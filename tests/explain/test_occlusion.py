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


def test_by_default_a_quarter_of_the_side_is_covered_at_169_places() -> None:
    """A network that sees how much is dark: the square covers an eighth in each direction."""
    picture = np.full((64, 64, 3), 200, np.uint8)
    picture[::2] = 0  # a covered row is neither

    def untouched(pictures: np.ndarray) -> np.ndarray:
        return np.asarray((pictures[..., 0] % 200 == 0).mean(axis=(1, 2)))

    found = occlude(picture, untouched, Location(0.5, 0.5))
    assert found.side == 0.25
    assert found.after.shape == (13, 13)
    np.testing.assert_allclose(found.after, 1 - 0.25**2)
    other = occlude(picture, untouched, Location(0.5, 0.5), side=0.5, grid=3)
    np.testing.assert_allclose(other.after, 1 - 0.5**2)
    assert other.at_peak == pytest.approx(1 - 0.5**2)


def test_the_squares_stand_in_the_middles_of_even_fields_row_by_row() -> None:
    picture = np.full((40, 40, 3), 200, np.uint8)
    picture[::2] = 0  # what is covered has the mean, 100

    def middles(pictures: np.ndarray) -> np.ndarray:
        return np.array([middle(image) for image in pictures])

    found = occlude(picture, middles, None, side=0.1, grid=4)
    expected = [[100 * y + x for x in (5, 15, 25, 35)] for y in (5, 15, 25, 35)]
    assert found.after.tolist() == expected


def middle(image: np.ndarray) -> float:
    """Return 100 y + x of what is covered, in pixels; -1 where nothing is."""
    rows, columns = np.nonzero(image[..., 0] == 100)
    return 100 * (rows.mean() + 0.5) + columns.mean() + 0.5 if len(rows) else -1.0


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


def test_programs_get_the_figures_without_the_map() -> None:
    found = Occlusion(0.25, 0.9, np.array([[0.2, 0.9], [0.5, 0.8]]), 0.3).to_json()
    expected = {
        "side": 0.25, "before": 0.9, "at_peak": 0.3, "lowest": 0.2, "mean": 0.6, "squares": 4,
    }  # fmt: skip
    assert found == pytest.approx(expected)


def test_logits_tell_what_probabilities_near_one_hide() -> None:
    found = Occlusion(0.25, 0.9999, np.array([[0.999, 0.9999], [1.0, 0.0]]), None)
    assert found.lost_logit[0] == pytest.approx([np.log(9999 / 999), 0])
    assert np.isfinite(found.lost_logit).all()
    assert found.lost_logit[1, 0] < 0 < found.lost_logit[1, 1]
