"""Findings: their order, their counts and their JSON."""

from __future__ import annotations

import pytest

from tl_catdog.audit.findings import (
    KINDS,
    SERIOUS,
    SINGLE,
    Audit,
    Finding,
    SeenInTraining,
    ordered,
)

LEAK = Finding("leak", ("train/ant/1.png", "test/ant/2.png"), "identical, in test and train")
DARK = [Finding("dark", (f"train/ant/{n}.png",), "99 of 100") for n in range(2)]


def audit(*findings: Finding) -> Audit:
    return Audit(
        root="set",
        images=60,
        seconds=1.23456,
        counts={"train": {"ant": 50}, "test": {"ant": 10}},
        findings=findings,
        seen_in_training={"test": SeenInTraining(images=1, of=3)},
    )


def test_findings_are_in_the_order_of_their_kinds() -> None:
    made = [Finding(kind, (name,), "") for name in "ba" for kind in reversed(KINDS)]
    got = ordered(made)
    assert [item.kind for item in got[::2]] == list(KINDS)
    assert [item.paths for item in got[:2]] == [("a",), ("b",)]
    assert set(SINGLE) < set(SERIOUS) < set(KINDS)


def test_what_loses_pictures_comes_before_what_is_worth_a_look() -> None:
    kinds = list(KINDS)
    assert kinds[:2] == ["layout", "unreadable"]
    assert max(map(kinds.index, SERIOUS)) < min(kinds.index(k) for k in kinds if k not in SERIOUS)


def test_kinds_are_counted_in_the_order_of_the_findings() -> None:
    assert list(audit(LEAK, *DARK).tally().items()) == [("leak", 1), ("dark", 2)]
    assert audit().tally() == {}
    assert audit(LEAK, *DARK).of("dark") == tuple(DARK)
    assert audit(LEAK, *DARK).of("corrupt") == ()


def test_a_leaked_part_may_make_accuracy_so_many_points_too_high() -> None:
    assert SeenInTraining(images=1, of=8).points == 12.5
    assert SeenInTraining(images=8, of=8).points == 100


def test_programs_get_the_whole_audit() -> None:
    assert audit(LEAK).to_json() == {
        "root": "set",
        "pictures": 60,
        "seconds": 1.235,
        "counts": {"train": {"ant": 50}, "test": {"ant": 10}},
        "seen_in_training": {"test": {"pictures": 1, "of": 3, "points": 33.33}},
        "findings": [
            {
                "kind": "leak",
                "paths": ["train/ant/1.png", "test/ant/2.png"],
                "detail": "identical, in test and train",
            }
        ],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_words_in_one_line(kind: str) -> None:
    assert KINDS[kind]
    assert "\n" not in KINDS[kind]
