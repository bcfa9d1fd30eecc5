"""What figures rest on: never on what a copy may give away, nor on what came of one class alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.teach.test_lessons import lesson
from tl_catdog.teach.lessons import Lesson, Memory


def test_pictures_whose_copies_are_still_looked_for_are_in_no_figure() -> None:
    one = lesson(100, 120, Memory())
    items = tuple(
        replace(item, compared=place % 2 == 0 or place < 40)
        for place, item in enumerate(one.pictures.items)
    )
    one = replace(one, pictures=replace(one.pictures, items=items))
    told = one.figures(one.first())
    assert told.head is not None
    assert told.waiting == 30
    assert any("Copies of 30 labelled pictures" in words for words in told.words())
    assert not told.guesses("041")
    assert told.guesses("040")
    none = tuple(replace(item, compared=False) for item in items)
    one = replace(one, pictures=replace(one.pictures, items=none))
    told = one.figures(one.first(told))
    assert (told.accuracy, told.policy, told.gain) == (None, None, None)


def test_a_class_that_came_alone_says_nothing_of_the_others() -> None:
    one = lesson(90, 100, Memory())
    lowest = int(one.material.lots.argmin())  # not labelled: none is of the check sample

    def given(classes: str) -> Lesson:
        items = [replace(item, given=item.label in set(classes)) for item in one.pictures.items]
        items[lowest] = replace(items[lowest], label=None)
        return replace(one, pictures=replace(one.pictures, items=tuple(items)))

    some = given("ab")
    found = some.figures(some.first())
    assert found.basis == "given"
    assert found.accuracy is not None
    assert found.accuracy.more_for_narrow > 50  # what is drawn by lot will take their place
    some = given("a")
    assert some.figures(some.first()).accuracy is None
    assert not np.any(some.material.sample[0])
