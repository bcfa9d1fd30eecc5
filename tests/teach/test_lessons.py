"""A lesson's head is there at once; figures follow, and are remembered for the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tl_catdog.teach.heads import Store
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.lessons import PATIENCE, Lesson, Memory
from tl_catdog.teach.unsure import promise


def lesson(labelled: int, total: int, memory: Memory, version: int = 1) -> Lesson:
    store, rng = Store(), np.random.default_rng(0)
    names = [f"{n:03}" for n in range(total)]
    features = rng.normal(size=(total, 12)).astype(np.float32)
    features[np.arange(total), np.arange(total) % 2] += 4
    store.add(names, features)
    store.settle()
    items = tuple(
        Item(n, n, Path(n), n, ("a", "b")[i % 2] if i < labelled else None, n, given=False)
        for i, n in enumerate(names)
    )
    return Lesson(Snapshot(version, Path(), ("a", "b"), items, labelled), store, {}, memory)


def test_the_head_comes_before_its_figures() -> None:
    first = lesson(80, 100, Memory()).first()
    assert first.head is not None
    assert first.judged == -1
    assert first.accuracy is None
    assert first.words() == ()
    assert first.guesses("090")
    assert not first.guesses("010")  # heads that didn't see it come with the figures
    told = lesson(80, 100, Memory()).figures(first)
    assert told.judged == 1
    assert told.guesses("010")


def test_figures_stay_until_newer_ones_are_there() -> None:
    memory = Memory()
    one = lesson(100, 100, memory)
    told = one.figures(one.first())
    again = replace(one, pictures=replace(one.pictures, version=2)).first(told)
    assert (again.version, again.judged) == (2, 1)
    assert again.accuracy == told.accuracy


def test_a_better_strength_and_the_gain_come_last_and_are_put_off_only_so_often() -> None:
    memory = Memory()
    one = lesson(100, 100, memory)
    told = one.figures(one.first())
    assert told.gain is None
    for _ in range(PATIENCE):
        assert one.due
        assert one.deeper(told, lambda: False) is None
    deeper = one.deeper(told, lambda: False)
    assert deeper is not None
    assert deeper.gain is not None
    assert deeper.head is not None
    assert deeper.head.strength == memory.strength
    assert not one.due
    assert not lesson(124, 124, memory).due
    assert lesson(125, 125, memory).due


def test_copies_without_a_class_are_asked_for_once() -> None:
    one = lesson(20, 40, Memory())
    items = tuple(replace(i, group="same") if i.label is None else i for i in one.pictures.items)
    found = replace(one, pictures=replace(one.pictures, items=items)).first()
    assert len(found.questions) == 1


def test_another_set_of_classes_begins_anew() -> None:
    memory = Memory()
    one = lesson(40, 40, memory)
    told = one.figures(one.first())
    other = replace(one, pictures=replace(one.pictures, classes=("a", "b", "c")))
    found = other.figures(other.first(told))
    assert found.head is not None
    assert found.head.classes == ("a", "b")
    assert [item.labelled for item in found.classes] == [20, 20, 0]


def test_the_head_is_of_the_strength_and_temperature_that_were_chosen() -> None:
    memory = Memory()
    one = lesson(100, 100, memory)
    told = one.deeper(one.figures(one.first()))
    assert told is not None
    assert told.head is not None
    assert (told.head.strength, told.head.temperature) == (memory.strength, memory.temperature)
    assert memory.temperature != 1.0
    assert told.policy is not None
    assert told.policy.out_of_fold
    assert told.bank is not None
    assert told.to_json()["unsure"] == promise(told.policy)
