"""No head judges what it saw, nor a copy of it."""

from __future__ import annotations

import numpy as np

from tl_catdog.features.linear_head import STRENGTHS
from tl_catdog.teach.heads import Fit
from tl_catdog.teach.judging import FOLDS, TELLING, Judge, Kept, grouped_folds

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


def test_each_class_is_dealt_out_evenly_and_stays_where_it_is() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    before: dict[str, int] = {}
    parts = grouped_folds(labels, [str(n) for n in range(100)], before=before)
    assert {int((labels[rest] == 1).sum()) for _, rest in parts} == {2}
    labels = np.array([0] * 90 + [1] * 20)
    again = grouped_folds(labels, [str(n) for n in range(110)], before=dict(before))
    assert {int((labels[rest] == 1).sum()) for _, rest in again} == {4}
    for (_, rest), (_, more) in zip(parts, again, strict=True):
        assert set(rest) <= set(more)


def test_a_head_is_begun_at_only_where_all_that_it_ever_saw_is_trained_on() -> None:
    rows, labels, kept = noise(100), np.arange(100) % 2, Kept()

    def begun(count: int, group_of_first: str = "0") -> list[bool]:
        names = [str(n) for n in range(count)]
        groups = [group_of_first, *names[1:]]
        some = labels[:count]
        judge = Judge(rows[:count], some, groups, some >= 0, SPREAD, 2, names, kept)
        starts = judge._before() or (None,) * FOLDS
        judge.keep(judge.at(10.0))
        return [isinstance(start, Fit) for start in starts]

    assert begun(90) == [False] * FOLDS
    assert begun(91) == [True] * FOLDS
    # The first picture turns out to be a copy of one that another head judges.
    other = next(g for g in "12345" if kept.folds[g] != kept.folds["0"])
    assert begun(91, other) == [place != kept.folds[other] for place in range(FOLDS)]
    # One that was taken away may come again as a copy: who saw it begins anew.
    gone = kept.folds["90"]
    assert begun(90, other) == [place == gone for place in range(FOLDS)]


def test_copies_of_noise_are_not_known_again() -> None:
    rows = np.repeat(noise(60), 4, axis=0)
    labels = np.repeat(np.random.default_rng(1).integers(0, 2, 60), 4)
    check = np.ones(240, dtype=np.bool_)

    def right(groups: list[str]) -> float:
        judge = Judge(rows, labels, groups, check, SPREAD, 2)
        found = judge.best(judge.at(10.0))
        assert found is not None
        return float((judge.said(found) == labels).mean())

    assert right([str(n // 4) for n in range(240)]) < 0.62
    assert right([str(n) for n in range(240)]) > right([str(n // 4) for n in range(240)])


def test_a_burst_tells_as_much_of_the_temperature_as_one_picture() -> None:
    rows, labels = noise(60), np.arange(60) % 2
    rows[:, 0] += 2 * labels
    labels[7] = 0  # wrong: all frames of it are

    def temperature(times: int) -> float:
        place = np.repeat(np.arange(60), np.where(np.arange(60) == 7, times, 1))
        own = rows[place] + np.float32(1e-3) * noise(len(place), 1)
        groups = [str(n) for n in place]
        judge = Judge(own, labels[place], groups, place >= 0, SPREAD, 2)
        return judge.at(10.0).temperature

    assert temperature(60) < 2 * temperature(1)  # ten times without


def test_one_picture_of_each_class_is_judged_wrong_rather_than_not_at_all() -> None:
    check = np.ones(2, dtype=np.bool_)
    judge = Judge(noise(2), np.array([0, 1]), ["a", "b"], check, SPREAD, 2)
    assert judge.said(judge.at(10.0)).tolist() == [1, 0]
    copies = Judge(noise(2), np.array([0, 1]), ["a", "a"], check, SPREAD, 2)
    assert copies.said(copies.at(10.0)).tolist() == [-1, -1]


def test_what_doubling_gains_needs_checks() -> None:
    rows, labels = noise(200), np.arange(200) % 2
    rows[:, 0] += 2 * labels
    groups = [str(n) for n in range(200)]
    for checked in (TELLING - 1, 200):
        check = np.arange(200) < checked
        judge = Judge(rows, labels, groups, check, SPREAD, 2)
        assert (judge.gain(judge.at(10.0)) is not None) == (checked >= TELLING)
    many = np.arange(200) % 34  # fewer than six of each
    judge = Judge(rows, many, groups, many >= 0, SPREAD, 34)
    assert judge.gain(judge.at(10.0)) is None
    judge = Judge(rows, labels, groups, labels >= 0, SPREAD, 2)
    told, measured = judge.gain(judge.at(10.0)), judge.gain(judge.at(10.0), judged_by=200)
    assert told is not None
    assert measured is not None
    assert told.gain.value == measured.gain.value
    assert told.gain.interval.high < measured.gain.interval.high - 0.01


def test_looking_for_a_strength_can_be_put_off_and_begins_where_it_was() -> None:
    rows, labels = noise(120), np.arange(120) % 2
    rows[:, 0] += 2 * labels
    judge = Judge(rows, labels, [str(n) for n in range(120)], labels >= 0, SPREAD, 2)
    assert judge.best(judge.at(10.0), lambda: False) is None
    every = {strength: judge.at(strength).loss for strength in STRENGTHS}
    found = judge.best(judge.at(300.0))
    assert found is not None
    assert found.strength == min(every, key=lambda strength: every[strength])


def test_heads_never_begin_at_what_they_judge() -> None:
    """Each labelled picture of noise is known by heart by all that saw it."""
    rows, labels = noise(300), np.random.default_rng(2).integers(0, 2, 300)
    check = np.arange(300) % 3 == 0
    judge = Judge(rows, labels, [str(n // 2) for n in range(300)], check, SPREAD, 2)
    said = judge.said(judge.at(300.0, judge.at(100.0)))
    assert (said[check] == labels[check]).mean() < 0.62
