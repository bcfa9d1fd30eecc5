"""What settings are worth: out of fold, the same each time, whatever was asked before."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.searched import problem, space
from tl_catdog.features.linear_head import STRENGTHS
from tl_catdog.tuning.space import Point
from tl_catdog.tuning.trials import Judge


def judge(**how: object) -> Judge:
    found = problem(**how)  # type: ignore[arg-type]
    return Judge(found, space(found))


def test_pictures_are_judged_by_heads_that_have_not_seen_them() -> None:
    found = judge(shuffled=0, count=60).judge(None)
    assert 0.3 < found.accuracy < 0.7
    known = judge(shuffled=0, count=60, copies=2).judge(None)
    assert 0.3 < known.accuracy < 0.7  # a copy in training would give it away


def test_the_same_point_is_worth_the_same_to_the_bit() -> None:
    first, second = judge(few=False, count=40), judge(few=False, count=40)
    point: Point = first.space.default(10.0, first.problem.base)
    first.judge(None)
    once, again = first.judge(point), second.judge(point)
    assert (once.losses == again.losses).all()
    folds = list(second.losses(point))
    assert folds == pytest.approx(
        [once.losses[rest].mean() for _, rest in second.problem.folds], abs=1e-12
    )


def test_what_a_search_has_judged_is_not_judged_again() -> None:
    worth = judge(count=40)
    good, bad = (
        worth.space.default(strength, worth.problem.base) | {"backbone": place}
        for strength, place in ((10.0, 1), (0.3, 0))
    )
    for point in (None, good, bad):
        list(worth.losses(point))
    assert set(worth._known) == {repr(None), repr(good)}
    for point in (None, good, bad):
        known, fresh = worth.judge(point), judge(count=40).judge(point)
        assert (known.losses == fresh.losses).all()
        assert (known.right == fresh.right).all()
        assert known.temperatures == fresh.temperatures


def test_a_better_backbone_has_the_lower_loss() -> None:
    worth = judge(signal=(0.3, 2.0))
    near, far = (
        worth.judge(worth.space.default(10.0, worth.problem.base) | {"backbone": place})
        for place in (0, 1)
    )
    assert far.losses.mean() < near.losses.mean() - 0.1
    assert far.accuracy > near.accuracy


def test_the_default_takes_the_strength_that_is_given_or_chooses_one() -> None:
    chosen = judge()
    assert chosen.default_strength() in STRENGTHS
    given = problem()
    fixed = Judge(replace(given, base=replace(given.base, strength=77.0)), space(given))
    assert fixed.default_strength() == 77.0
    assert fixed.settings_of(None, 80).strength == 77.0


def test_units_are_part_of_the_head_unless_pictures_are_few() -> None:
    with_units, without = judge(few=False, count=40), judge(count=40)
    assert with_units.judge(None).temperatures[1] > 0.01
    assert without.judge(None).temperatures[1] < 0.01
    assert (with_units.judge(None).losses != without.judge(None).losses).any()


def test_a_head_may_be_linear_where_pictures_are_many() -> None:
    worth = judge(few=False, count=40)
    point = worth.space.default(10.0, worth.problem.base)
    both, alone = worth.judge(point), worth.judge(point | {"head": 1})
    assert both.temperatures[1] > 0.01
    assert alone.temperatures[1] < 0.01
    assert (both.losses != alone.losses).any()


def test_other_pictures_are_answered_by_a_head_of_those_given() -> None:
    worth = judge(signal=(2.0, 2.0))
    known = worth.judge(None)
    chances = worth.predict(None, np.arange(60), np.arange(60, 80), known)
    assert chances.shape == (20, 2)
    assert chances.sum(axis=1) == pytest.approx(1.0)
    assert (chances.argmax(axis=1) == worth.problem.labels[60:]).mean() > 0.8
