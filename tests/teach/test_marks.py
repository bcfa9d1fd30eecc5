"""Marks are what the journal's steps say, in their order, and nothing of it once taken back."""

from __future__ import annotations

from tl_catdog.teach.marks import SET, Marks
from tl_catdog.teach.steps import ANSWER, FILE, FOLDER, KEEP, SKIP, Step

SHA = "a" * 64
STEPS = [
    Step(SKIP, "", SET, SHA),
    Step(KEEP, "", "cats", SHA),
    Step(ANSWER, "", SET, SHA),
    Step(FILE, "unlabelled/1.png", "cats/1.png", SHA),
]


def test_steps_and_their_reverse_leave_nothing() -> None:
    marks = Marks()
    marks.take(STEPS)
    assert (marks.skipped, marks.kept, marks.answered) == ({SHA}, {SHA: "cats"}, {SHA})
    assert [marks.value(kind, SHA) for kind in (SKIP, KEEP, ANSWER)] == [SET, "cats", SET]
    marks.take(step.reversed() for step in reversed(STEPS))
    assert [marks.value(kind, SHA) for kind in (SKIP, KEEP, ANSWER)] == ["", "", ""]
    assert not marks.skipped
    assert not marks.answered


def test_what_was_said_of_a_class_stays_when_it_is_renamed() -> None:
    marks = Marks()
    marks.take([STEPS[1], Step(FOLDER, "cats", "tigers")])
    assert marks.value(KEEP, SHA) == "tigers"
