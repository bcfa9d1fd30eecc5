"""What is suggested next is of the folder as it is now, and respects what was said."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tl_catdog.statistics import Estimate, Interval
from tl_catdog.teach.choice import UNLABELLED, Reason, check_sample, lots
from tl_catdog.teach.estimate import Accuracy
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.learned import Asked, ClassLearned, Doubt, Learned
from tl_catdog.teach.suggest import Kind, kinds, next_items


def item(name: str, label: str | None = None, **more: object) -> Item:
    told = {"group": name, **more}
    return Item(name, name, Path(name), name, label, **told)  # type: ignore[arg-type]


def folder(*items: Item, asked: int = 0, classes: tuple[str, ...] = ("cat", "dog")) -> Snapshot:
    return Snapshot(1, Path(), classes, items, asked)


def learned(**more: object) -> Learned:
    return Learned(1, 1, (), 0, 0, **more)  # type: ignore[arg-type]


def ids(*args: object, **more: object) -> list[str]:
    return [some.id for some in next_items(*args, **more)]  # type: ignore[arg-type]


def test_what_the_learner_asks_comes_first_and_what_is_answered_no_more() -> None:
    asked = (Asked("b", Reason.UNCERTAIN), Asked("a", Reason.CHECK), Asked("gone", Reason.TYPICAL))
    now = folder(item("a"), item("b"), item("c"), item("d", "cat"), item("e", skipped=True))
    found = next_items(now, learned(questions=asked), count=9)
    assert [some.id for some in found] == ["b", "a", "c"]
    assert [some.kind for some in found] == [Kind.TEACH, Kind.CHECK, Kind.TEACH]
    answered = folder(item("a"), item("b", "dog"), item("c"))
    assert ids(answered, learned(questions=asked), count=9) == ["a", "c"]
    assert ids(now, None, count=9) == ["a", "b", "c"]


def test_random_choice_is_there_and_every_answer_to_it_is_judged_by() -> None:
    names = [f"{number:03}" for number in range(60)]
    twins = [item(f"twin-{number}", group="twins") for number in range(3)]
    now = folder(*twins, *map(item, names), item("z", skipped=True), item("y", "cat"))
    order = ids(now, None, "check", 99)
    assert sorted(order) == sorted([*names, *(twin.id for twin in twins)])
    assert order[:61] != sorted(order[:61])
    assert sum(id.startswith("twin") for id in order[:61]) == 1
    assert kinds(now, None)["check"] == 63
    answered = 20
    labels = np.array([0 if id in order[:answered] else UNLABELLED for id in order[:61]])
    groups = ["twins" if id.startswith("twin") else id for id in order[:61]]
    assert check_sample(lots(groups), labels).sum() == answered


def test_guesses_come_along() -> None:
    more = {"ids": {"a": 0}, "names": ("cat", "dog"), "chances": np.array([[0.2, 0.8]], "f4")}
    (first,) = next_items(folder(item("a")), learned(**more))
    assert [name for name, _ in first.guesses] == ["dog", "cat"]


def test_what_may_be_wrong_comes_after_every_few_answers() -> None:
    told = learned(doubts=(Doubt("x", "cat", "dog", 0.9),))
    items = (item("a"), item("x", "cat"))
    assert ids(folder(*items, asked=3), told) == ["x"]
    assert ids(folder(*items, asked=4), told) == ["a"]


def test_doubts_end_where_the_label_is_kept_or_changed() -> None:
    told = learned(doubts=(Doubt("x", "cat", "dog", 0.9),))
    assert ids(folder(item("x", "cat")), told, "doubt") == ["x"]
    assert ids(folder(item("x", "cat", kept=True)), told, "doubt") == []
    assert ids(folder(item("x", "dog")), told, "doubt") == []
    assert ids(folder(item("x", "cat"), classes=("cat",)), told, "doubt") == []


def test_copies_in_two_classes_come_before_those_in_one() -> None:
    now = folder(
        item("a", "cat"),
        item("b", "cat", copy_of="a"),
        item("c", "dog", copy_of="a"),
        item("d", "dog", copy_of="a", kept=True),
    )
    found = next_items(now, None, "copy", 9)
    assert [(some.id, some.other) for some in found] == [("c", "a"), ("b", "a")]
    assert "dog" in found[0].reason
    assert "cat" in found[0].reason


def test_of_two_copies_that_is_asked_which_seems_to_be_elsewhere() -> None:
    cat, dog = item("a", "cat", copy_of="b"), item("b", "dog", copy_of="a")
    for sure, id in ((0.9, "b"), (0.1, "a")):
        chances = np.array([[sure, 1 - sure]] * 2, "f4")
        told = learned(ids={"a": 0, "b": 1}, names=("cat", "dog"), chances=chances)
        assert ids(folder(cat, dog), told, "copy", 9) == [id]
        assert kinds(folder(cat, dog), told)["copy"] == 1
    kept = item("a", "cat", copy_of="b", kept=True)
    assert ids(folder(kept, dog), None, "copy", 9) == []


def test_broken_ones_are_told_and_not_asked_for() -> None:
    now = folder(item("a", broken="cut short"), item("b"))
    told = learned(broken={"b": "no picture", "gone": "no picture"})
    assert ids(now, told, "broken", 9) == ["a", "b"]
    assert ids(now, told, "teach", 9) == []


def test_classes_that_lack_pictures_are_named_once_nothing_is_left_to_ask() -> None:
    cats = [item(f"c{n}", "cat") for n in range(5)]
    (only,) = next_items(folder(*cats), None, count=9)
    assert (only.kind, only.label) == (Kind.LACKING, "dog")
    assert ids(folder(*cats, item("u")), None, count=9) == ["u"]
    (first, *_) = next_items(folder(item("u"), classes=()), None, count=9)
    assert first.kind == Kind.LACKING


def test_whether_more_would_help_comes_last() -> None:
    gain = Estimate(0.02, Interval(0.01, 0.03), 100)
    worth = Accuracy(Estimate(0.9, Interval(0.8, 0.95), 100), 700)
    both = tuple(ClassLearned(name, 50, None, 0, None) for name in ("cat", "dog"))
    told = Learned(1, 1, both, 100, 0, gain=gain, accuracy=worth, basis="check")
    items = [item(f"{name}{n}", name) for n in range(5) for name in ("cat", "dog")]
    (last,) = next_items(folder(*items), told, count=9)
    assert last.kind == Kind.ENOUGH
    assert "2.0 points" in last.reason


def test_kinds_are_counted_and_unknown_ones_give_nothing() -> None:
    found = kinds(folder(item("a"), item("b", "cat")), None)
    assert found["teach"] == 1
    assert found["doubt"] == 0
    assert next_items(folder(item("a")), None, "nonsense") == ()
