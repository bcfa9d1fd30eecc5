"""What answers can show of their precision, held to SciPy's exact interval."""

import numpy as np
import pytest
from scipy.stats import binomtest

from tl_catdog.prediction import promises
from tl_catdog.prediction.promises import (
    allowed_mistakes,
    answers_shown,
    fewest,
    highest_rung,
)


def bound(right: int, n: int, certainty: float = 0.95) -> float:
    test = binomtest(right, n, alternative="greater")
    return float(test.proportion_ci(certainty, "exact").low)


@pytest.mark.parametrize("precision", [0.5, 0.8, 0.95, 0.995])
@pytest.mark.parametrize("risk", [0.05, 0.025])
def test_one_mistake_more_than_allowed_no_longer_shows_it(precision: float, risk: float) -> None:
    numbers = np.array([1, 2, 5, 20, 59, 60, 300, 598, 1000])
    for n, allowed in zip(numbers, allowed_mistakes(numbers, precision, risk), strict=True):
        if allowed >= 0:
            assert bound(n - allowed, n, 1 - risk) >= precision
        assert allowed >= -1
        if allowed + 1 <= n:
            assert bound(n - allowed - 1, n, 1 - risk) < precision


@pytest.mark.parametrize(
    ("precision", "mistakes", "n"),
    [(0.995, 0, 598), (0.99, 0, 299), (0.95, 0, 59), (0.95, 1, 93), (0.5, 0, 5), (0.9, 5, 103)],
)
def test_the_fewest_that_show_a_precision(precision: float, mistakes: int, n: int) -> None:
    assert fewest(precision, mistakes) == n
    assert bound(n - mistakes, n) >= precision > bound(n - 1 - mistakes, n - 1)


def test_the_sequence_goes_on_until_the_first_that_would_refute_it() -> None:
    right = np.ones(400, bool)
    right[250:] = False
    given = answers_shown(right, np.ones(400, bool), 0.9, tolerated=None)
    assert bound(250, given) >= 0.9 > bound(250, given + 1)
    # Equal answers are taken together, and the start moves to where a group ends.
    whole = np.zeros(400, bool)
    whole[[229, 255, 399]] = True
    assert answers_shown(right, whole, 0.9, tolerated=None) == 256


def test_the_start_is_half_or_where_so_many_mistakes_can_be() -> None:
    right, whole = np.ones(1000, bool), np.ones(1000, bool)
    right[120:] = False  # by the half, too many are wrong
    assert answers_shown(right, whole, 0.9, tolerated=None) == 0
    assert answers_shown(right, whole, 0.9, tolerated=5) > 120
    right[:6] = False  # at the 103rd, one too many
    assert answers_shown(right, whole, 0.9, tolerated=5) == 0
    assert answers_shown(right[:50], whole[:50], 0.99, tolerated=5) == 0  # 299 are needed


def test_the_highest_rung_is_what_the_surer_half_shows() -> None:
    right, whole = np.ones(200, bool), np.ones(200, bool)
    right[100:] = np.arange(100) % 3 > 0
    rung, given = highest_rung(right, whole)
    assert rung == max(step for step in promises.RUNGS if bound(100, 100) >= step) == 0.97
    assert given == 100  # going on, with less risk, takes more than the least that shows it
    rung, given = highest_rung(np.ones(220, bool), np.ones(220, bool))
    assert rung == 0.97  # shown by 99, and by the half at less risk as well from 121 on
    assert given == 110
    right[100:] = True
    right[[3, 7]] = False
    rung, given = highest_rung(right, whole)
    assert rung == max(step for step in promises.RUNGS if bound(98, 100) >= step) == 0.9
    assert given == 200  # which leaves room
    assert highest_rung(np.arange(200) % 2 > 0, whole) == (None, 0)
