"""What a search keeps, and what it says that is worth: nothing that isn't so."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.support.searched import FAR, problem, space
from tl_catdog.tuning.honest import NESTED, TEST, Outer, decide, nested, on_test, optimism_of
from tl_catdog.tuning.study import Trial, search
from tl_catdog.tuning.trials import Judge, Judged

TRIALS = 8


def find(judge: Judge, name: str, number: int) -> Sequence[Trial]:
    return search(judge, TRIALS, name=name)


def judge(**how: object) -> Judge:
    found = problem(**how)  # type: ignore[arg-type]
    return Judge(found, space(found))


def test_a_better_backbone_is_kept() -> None:
    clear = judge(signal=(0.3, 2.5), count=120)
    kept = decide(clear, search(clear, TRIALS, name="x"))
    assert kept.point is not None
    assert clear.settings_of(kept.point, 120).image_size == FAR[1]
    assert kept.gain.value > kept.error > 0
    assert kept.kept is kept.found


@pytest.mark.parametrize(("gain", "kept"), [(0.06, False), (0.1, True), (-0.4, False)])
def test_the_default_is_kept_unless_another_is_better_by_more_than_its_error(
    gain: float, kept: bool
) -> None:
    """The differences of a hundred pictures spread by 0.8: their mean has an error of 0.08."""
    losses = np.random.default_rng(0).uniform(1, 3, (2, 100))
    losses[1] += losses[0].mean() - losses[1].mean() - gain
    worth = judge(count=100)
    right = np.ones(100, np.bool_)
    answers = {False: Judged(losses[0], right, (1, 1)), True: Judged(losses[1], right, (1, 1))}
    worth.judge = lambda point: answers[point is not None]  # type: ignore[method-assign]
    trials = [Trial(0, {}, (1.0,) * 5, False, 0.1), Trial(1, {"x": 1}, (0.5,) * 5, False, 0.1)]
    found = decide(worth, trials)
    assert found.gain.value == pytest.approx(gain)
    assert (found.point is not None) is kept
    assert found.kept is (found.found if kept else found.default)


def test_the_error_is_paired_over_groups_of_pictures() -> None:
    once, often = (judge(signal=(1.0, 1.2), count=60, copies=copies) for copies in (1, 4))
    first, second = (decide(item, search(item, TRIALS, name="x")) for item in (once, often))
    # Four copies of each picture tell no more than one does.
    assert second.error > 0.6 * first.error > 0


def test_where_the_first_is_best_nothing_is_gained() -> None:
    alone = judge()
    found = decide(alone, search(alone, 1, name="x"))
    assert (found.point, found.gain.value, found.gain.interval.low) == (None, 0.0, 0.0)
    assert found.found is found.default


def test_on_shuffled_labels_it_reports_a_half() -> None:
    said = []
    for seed in range(3):
        found = problem(160, shuffled=seed, seed=seed)
        accuracy = nested(found, space(found), find).accuracy(found)
        assert 0.36 < accuracy.value < 0.64, seed
        said.append(accuracy.value)
    assert np.mean(said) == pytest.approx(0.5, abs=0.08)


def test_a_search_alone_flatters_on_shuffled_labels_and_optimism_says_by_how_much() -> None:
    """Many trials on few pictures: the best of them is far from a half, and means nothing."""
    found = problem(24, shuffled=3)
    worth = Judge(found, space(found))
    trials = search(worth, 20, name="search")
    best = max(worth.judge(trial.point).accuracy for trial in trials if trial.number)
    decision = decide(worth, trials)
    outer = nested(found, space(found), find)
    off = optimism_of(found, decision, outer)
    assert best > outer.accuracy(found).value
    assert off.value == pytest.approx(decision.kept.accuracy - outer.accuracy(found).value)
    assert off.n == 24


def test_no_search_sees_the_pictures_that_it_is_judged_by() -> None:
    found = problem(50, copies=2)
    seen: list[set[int]] = []

    def spied(judge: Judge, name: str, number: int) -> Sequence[Trial]:
        assert name == f"outer {number}"
        seen.append(set(judge.problem.pool))
        return search(judge, 2, name=name)

    outer = nested(found, space(found), spied)
    assert outer.judged == NESTED
    assert (outer.positions == found.pool).all()
    assert len(seen) == len(found.folds)
    for pool, (training, rest) in zip(seen, found.folds, strict=True):
        assert pool == set(training)
        assert not {found.groups[place] for place in pool} & set(found.groups_of(rest))


def test_a_class_of_two_pictures_leaves_folds_without_a_search() -> None:
    found = problem(40)
    few = found.of(np.array([*range(0, 40, 2), 1, 3]), seed=0)
    searched: list[str] = []

    def spied(judge: Judge, name: str, number: int) -> Sequence[Trial]:
        searched.append(name)
        return search(judge, 2, name=name)

    outer = nested(few, space(few), spied)
    assert len(outer.right) == 22
    assert 0 < len(searched) < len(few.folds)


def test_test_pictures_are_answered_by_what_a_training_is_fitted_on() -> None:
    whole = problem(100, signal=(2.0, 2.0))
    part = whole.of(np.arange(80), seed=0)
    worth = Judge(part, space(part))
    decision = decide(worth, search(worth, 3, name="x"))
    outer = on_test(worth, decision, np.arange(60), np.arange(80, 100))
    assert (outer.judged, len(outer.right)) == (TEST, 20)
    assert outer.accuracy(whole).value > 0.7
    off = optimism_of(part, decision, outer)
    assert off.value == pytest.approx(decision.kept.accuracy - outer.accuracy(whole).value)
    assert off.interval.low < off.value < off.interval.high
    assert off.interval.high - off.interval.low > 0.1  # twenty pictures tell little


def test_an_accuracy_of_groups_is_as_wide_as_groups_are_few() -> None:
    found = problem(20, copies=10)
    right = np.repeat(np.arange(20) % 4 > 0, 10)
    grouped = Outer(right, found.pool, NESTED).accuracy(found)
    alone = Outer(right[::10], found.pool[::10], NESTED).accuracy(found)
    assert grouped.value == alone.value == 0.75
    assert grouped.interval.high - grouped.interval.low > 0.3
