"""Accuracy from answers so far: what holds that of new pictures, and what would narrow it."""

import numpy as np
import pytest

from tl_catdog.statistics import proportion
from tl_catdog.teach.estimate import accuracy, more_answers


def world(seed: int, n: int = 100, part: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Return answers where chosen pictures are twice as often wrong as those drawn at random."""
    rng = np.random.default_rng(seed)
    check = np.arange(n) % 5 == 4
    return rng.random(n) < np.where(check, part, 2 * part - 1), check


@pytest.mark.parametrize("n", [50, 200])
def test_random_questions_hold_the_accuracy_where_all_questions_do_not(n: int) -> None:
    held, held_by_all = [], []
    for seed in range(400):
        right, check = world(seed, n)
        found = accuracy(right, check, [str(i) for i in range(n)])
        assert found is not None
        held.append(found.estimate.interval.low <= 0.9 <= found.estimate.interval.high)
        every = proportion(int(right.sum()), n).interval
        held_by_all.append(every.low <= 0.9 <= every.high)
    assert np.mean(held) >= 0.93
    assert np.mean(held_by_all) < 0.75


def test_without_a_random_question_nothing_is_said() -> None:
    assert accuracy(np.array([True, False]), np.array([False, False]), ["a", "b"]) is None


def test_pictures_of_a_burst_count_as_one_answer() -> None:
    right, check = np.arange(40) < 36, np.ones(40, bool)
    alone = accuracy(right, check, [str(i) for i in range(40)])
    bursts = accuracy(right, check, [str(i // 4) for i in range(40)])
    assert alone is not None
    assert bursts is not None
    assert (alone.estimate.n, bursts.estimate.n) == (40, 10)
    assert alone.estimate.value == bursts.estimate.value == 0.9
    assert bursts.estimate.interval.low < alone.estimate.interval.low


@pytest.mark.parametrize("part", [0.5, 0.9, 1.0])
def test_so_many_more_answers_narrow_it_and_no_fewer(part: float) -> None:
    n = 100
    more = more_answers(part, n)

    def half(count: int) -> float:
        right = np.arange(count) < round(part * count)
        found = accuracy(right, np.ones(count, bool), [str(i) for i in range(count)])
        assert found is not None
        interval = found.estimate.interval
        return (interval.high - interval.low) / 2

    if more:
        assert half(n + more - 12) > 0.0199
    assert half(n + more) <= 0.0202
    assert more_answers(part, n + more) == 0
