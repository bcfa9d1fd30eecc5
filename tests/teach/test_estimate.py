"""Accuracy from answers so far: what holds that of new pictures, and what would narrow it."""

import numpy as np
import pytest

from tl_catdog.statistics import proportion
from tl_catdog.teach.estimate import accuracy, check_folds, more_answers


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


def test_of_few_checks_nothing_is_said_however_many_were_chosen() -> None:
    groups, right = [str(i) for i in range(100)], np.ones(100, bool)
    assert accuracy(right, np.arange(100) < 9, groups) is None
    assert accuracy(right, np.arange(100) < 10, groups) is not None
    assert accuracy(right, np.arange(100) < 10, ["burst"] * 10 + groups[10:]) is None


def test_each_check_is_judged_once_by_a_head_that_saw_neither_it_nor_its_group() -> None:
    check = np.arange(60) % 3 == 0
    groups = [str(i // 2) for i in range(60)]
    found = check_folds(check, groups)
    assert len(found) == 10
    assert sorted(np.concatenate([judged for _, judged in found])) == np.flatnonzero(check).tolist()
    for training, judged in found:
        assert not {groups[i] for i in training} & {groups[i] for i in judged}
        # All else is trained on: the checks of other folds, and whatever was chosen.
        assert len(training) == 60 - 2 * len(judged)


def test_fewer_checks_than_folds_are_left_out_one_by_one() -> None:
    found = check_folds(np.arange(20) < 3, [str(i) for i in range(20)])
    assert [len(judged) for _, judged in found] == [1, 1, 1]


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
