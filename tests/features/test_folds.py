"""Folds: what stays together, and what every fold leaves to train on."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.features.test_linear_probe import names
from tl_catdog.errors import CatdogError
from tl_catdog.features.folds import fold_positions, lone_classes


def groups_of(digests: list[str], labels: np.ndarray, label: int) -> int:
    return len({digest for digest, own in zip(digests, labels, strict=True) if own == label})


@settings(max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=40, max_size=40), st.integers(2, 6), st.integers(0, 99))
def test_no_probe_is_trained_on_what_it_predicts_nor_on_a_copy(
    picks: list[int], classes: int, seed: int
) -> None:
    labels = np.arange(40) % classes
    digests = [f"{pick}" for pick in picks]  # copies may have different labels
    everything = np.ones(40, dtype=np.bool_)
    try:
        parts = fold_positions(labels, digests, everything, 5, seed)
    except CatdogError:
        assert min(groups_of(digests, labels, label) for label in range(classes)) < 2
        return
    predicted: Counter[int] = Counter()
    for training, rest in parts:
        assert not {digests[i] for i in training} & {digests[i] for i in rest}
        assert set(labels[training]) == set(range(classes))
        predicted.update(rest.tolist())
    assert predicted == Counter(range(40))


def test_a_class_of_two_pictures_takes_no_folds_from_the_others() -> None:
    labels = np.repeat([0, 1, 2], (30, 2, 9))
    parts = fold_positions(labels, names(41), np.ones(41, dtype=np.bool_), 5, 0)
    assert len(parts) == 5
    for training, _ in parts:
        assert set(labels[training]) == {0, 1, 2}


def test_folds_are_as_many_as_copies_demand() -> None:
    """Three groups, each shared by two of three classes: only one group at a time can be spared."""
    labels = np.array([0, 1, 1, 2, 2, 0] * 2)
    groups = ["a", "a", "b", "b", "c", "c"] * 2
    parts = fold_positions(labels, groups, np.ones(12, dtype=np.bool_), 2, 0)
    assert len(parts) == 3
    for training, _ in parts:
        assert set(labels[training]) == {0, 1, 2}


def test_each_fold_has_its_share_of_each_class() -> None:
    labels = np.repeat([0, 1], (50, 20))
    for _, rest in fold_positions(labels, names(70), np.ones(70, dtype=np.bool_), 5, 0):
        assert np.bincount(labels[rest]).tolist() == [10, 4]


def test_a_class_of_which_nothing_is_trusted_is_trained_on_whole() -> None:
    labels = np.repeat([0, 1], (20, 4))
    trusted = np.arange(24) % 20 >= 5  # of the second class none
    for training, _ in fold_positions(labels, names(24), trusted, 4, 0):
        assert set(training[labels[training] == 0].tolist()) <= set(range(5, 20))
        assert (labels[training] == 1).sum() == 3


def test_classes_of_one_group_or_none_are_told() -> None:
    labels = np.array([0, 0, 1, 1, 3])
    assert lone_classes(labels, ["a", "b", "c", "c", "d"]) == (1, 2, 3)
    assert lone_classes(labels, ["a", "b", "c", "e", "d"], 6) == (2, 3, 4, 5)
    with pytest.raises(CatdogError, match="found one in 3 of 4 classes"):
        fold_positions(labels, ["a", "b", "c", "c", "d"], np.ones(5, dtype=np.bool_), 5, 0)
