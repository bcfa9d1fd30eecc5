"""An export is held to its run's doubts as well as to its probabilities."""

from dataclasses import replace

import numpy as np
import pytest

from tl_catdog.export.doubts import Doubts, novelty_agrees, novelty_difference, unsure_same
from tl_catdog.prediction.rejection import Policy, Selection

POLICY = Policy(0.99, 0.8, 0.5, Selection(100, 90, 90))
MINE = Doubts(
    np.array([[0.9, 0.1], [0.7, 0.3], [0.95, 0.05], [0.9, 0.1]]),
    np.array([0.42, 0.42, 0.6, 0.5]),
    POLICY,
)


def test_both_signs_withhold_an_answer() -> None:
    withheld = MINE.withheld()
    assert withheld is not None
    assert withheld.tolist() == [False, True, True, False]
    alone = replace(MINE, novelty=None).withheld()
    assert alone is not None
    assert alone.tolist() == [False, True, False, False]
    assert replace(MINE, policy=None).withheld() is None


def test_what_lies_on_the_threshold_is_rounded_to_either_side() -> None:
    near = replace(MINE, chances=np.array([[0.79999999, 0.2]]), novelty=np.array([0.5000001]))
    withheld = near.withheld()
    assert withheld is not None
    assert withheld.tolist() == [False]


def test_the_part_withheld_alike_is_told() -> None:
    assert unsure_same(MINE, MINE) == 1.0
    assert unsure_same(MINE, replace(MINE, novelty=None)) == 0.75
    assert unsure_same(replace(MINE, policy=None), MINE) is None


@pytest.mark.parametrize(("by", "agrees"), [(0.0009, True), (0.0011, False)])
def test_the_same_network_gives_the_same_novelty(by: float, agrees: bool) -> None:
    assert MINE.novelty is not None
    theirs = replace(MINE, novelty=MINE.novelty + by)
    assert novelty_agrees(MINE, theirs, other=False) is agrees
    assert novelty_difference(MINE, theirs) == pytest.approx(by)


def test_another_arithmetic_may_differ_near_the_limit_alone() -> None:
    mine = replace(MINE, novelty=np.array([0.42, 0.42, 0.6, 0.49]))
    near = replace(mine, novelty=np.array([0.43, 0.41, 0.57, 0.52]))
    far = replace(mine, novelty=np.array([0.51, 0.42, 0.6, 0.49]))
    assert novelty_agrees(mine, near, other=True)
    assert not novelty_agrees(mine, far, other=True)
    assert novelty_agrees(replace(mine, policy=None), near, other=True)


def test_without_a_novelty_there_is_nothing_to_compare() -> None:
    assert novelty_agrees(MINE, replace(MINE, novelty=None), other=False)
    assert novelty_difference(MINE, replace(MINE, novelty=None)) is None
