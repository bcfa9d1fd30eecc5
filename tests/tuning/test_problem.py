"""What is searched on: folds that keep groups together, and parts of the pictures."""

import numpy as np
import pytest

from tests.support.searched import problem
from tl_catdog.errors import CatdogError


def test_folds_part_no_group_and_cover_the_pool_once() -> None:
    found = problem(30, copies=3)
    seen = np.concatenate([rest for _, rest in found.folds])
    assert sorted(seen) == list(found.pool)
    for training, rest in found.folds:
        assert not set(found.groups_of(training)) & set(found.groups_of(rest))
        assert len(training) + len(rest) == len(found.pool)


def test_a_part_of_the_pictures_has_folds_of_its_own() -> None:
    whole = problem(60)
    part = whole.of(whole.pool[:40], seed=5)
    assert part.seed == 5
    for training, rest in part.folds:
        assert set(training) | set(rest) == set(range(40))
    assert [list(rest) for _, rest in part.folds] != [
        list(rest) for _, rest in whole.of(whole.pool[:40], seed=6).folds
    ]


def test_a_class_of_one_group_cannot_be_parted() -> None:
    found = problem(20)
    alone = found.of(np.array([0, 2, 4, 6, 1]), seed=0)
    with pytest.raises(CatdogError, match="two different pictures"):
        _ = alone.folds
