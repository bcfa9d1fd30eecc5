"""What is told of learning fits into words and JSON."""

from __future__ import annotations

import json

import numpy as np

from tl_catdog.statistics import Estimate, Interval
from tl_catdog.teach.estimate import Accuracy
from tl_catdog.teach.learned import ClassLearned, Learned, Learning


def classes(*counts: int) -> tuple[ClassLearned, ...]:
    return tuple(ClassLearned(f"c{n}", count, None, 0, None) for n, count in enumerate(counts))


def test_each_state_has_its_words() -> None:
    def words(*counts: int, **more: object) -> str:
        return " ".join(Learned(1, 1, classes(*counts), sum(counts), 0, **more).words())  # type: ignore[arg-type]

    assert "two classes or more" in words()
    assert "first picture of c1" in words(3, 0)
    assert "Fewer than five" in words(3, 9)
    assert "No figure yet: it needs 6 more pictures, copies" in words(9, 9, checked=4)
    assert "it needs 1 more picture, copies" in words(9, 9, checked=9)
    assert "figure" not in words(9, 9, checked=10)  # one class of two was judged: nothing is asked
    assert "Copies of 1 labelled picture are" in words(9, 9, checked=4, waiting=1)
    narrow = Accuracy(Estimate(0.9, Interval(0.8, 0.95), 100), 768)
    assert "770 more pictures" in words(90, 90, accuracy=narrow, basis="check")
    assert "no picture of c0, c1" in words(90, 90, accuracy=narrow, basis="check")
    assert "came with their class" in words(90, 90, accuracy=narrow, basis="given")
    one = Accuracy(Estimate(0.9, Interval(0.88, 0.921), 770), 1)
    assert "with 1 more picture like" in words(900, 90, accuracy=one, basis="check")


def test_json_has_no_arrays_and_guesses_are_asked_for() -> None:
    chances = np.array([[0.1, 0.9], [0.0, 0.0]], np.float32)
    found = Learned(1, 1, (), 0, 0, ids={"a": 0, "b": 1}, names=("x", "y"), chances=chances)
    json.dumps(found.to_json())
    assert [name for name, _ in found.guesses("a")] == ["y", "x"]
    assert found.guesses("b") == found.guesses("nothing") == ()
    assert "3 of 9" in Learning("looking", 3, 9).to_json()["words"]
