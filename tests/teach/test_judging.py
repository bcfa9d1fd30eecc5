"""No head judges what it saw, nor a copy of it."""

from __future__ import annotations

import numpy as np

from tl_catdog.teach.judging import TELLING, gain_of_doubling, grouped_folds, judge

SPREAD = np.ones(8)


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)


def test_every_picture_is_judged_once_and_groups_are_whole() -> None:
    labels = np.arange(50) % 2
    groups = [f"g{n // 3}" for n in range(50)]
    parts = grouped_folds(labels, groups)
    assert sorted(np.concatenate([rest for _, rest in parts])) == list(range(50))
    for some, rest in parts:
        assert not {groups[i] for i in some} & {groups[i] for i in rest}


def test_each_class_is_dealt_out_evenly() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    parts = grouped_folds(labels, [str(n) for n in range(100)])
    assert {int((labels[rest] == 1).sum()) for _, rest in parts} == {2}


def test_copies_of_noise_are_not_known_again() -> None:
    rows = np.repeat(noise(60), 4, axis=0)
    labels = np.repeat(np.random.default_rng(1).integers(0, 2, 60), 4)
    check = np.ones(240, dtype=np.bool_)

    def right(groups: list[str]) -> float:
        found = judge(rows, labels, groups, check, SPREAD, classes=2)
        return float((found.said == labels).mean())

    assert right([str(n // 4) for n in range(240)]) < 0.62
    assert right([str(n) for n in range(240)]) > right([str(n // 4) for n in range(240)])


def test_one_picture_of_each_class_is_judged_wrong_rather_than_not_at_all() -> None:
    check = np.ones(2, dtype=np.bool_)
    found = judge(noise(2), np.array([0, 1]), ["a", "b"], check, SPREAD, classes=2)
    assert found.said.tolist() == [1, 0]


def test_what_doubling_gains_needs_checks() -> None:
    rows, labels = noise(200), np.arange(200) % 2
    rows[:, 0] += 2 * labels
    groups = [str(n) for n in range(200)]
    for checked in (TELLING - 1, 200):
        check = np.arange(200) < checked
        judged = judge(rows, labels, groups, check, SPREAD, classes=2)
        gain = gain_of_doubling(rows, labels, groups, check, SPREAD, judged, classes=2)
        assert (gain is not None) == (checked >= TELLING)
