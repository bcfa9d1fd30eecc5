"""What is said of a set's classes and groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tl_catdog.cli.set_notes import effect_line, parted_line, set_notes
from tl_catdog.data.examples import Example, Grouping, ImageSet
from tl_catdog.features.group_effect import GroupEffect
from tl_catdog.statistics import Estimate, Interval


def picture(name: str, split: str, group: str, digest: str = "") -> Example:
    return Example(Path(name), name, "x", split, digest or name, group)


def images(*examples: Example, alone: int = 0) -> ImageSet:
    grouping = Grouping("subfolder", 1200, 3400, alone)
    return ImageSet(Path("/my set"), "", ("x",), examples, notes=("A note.",), grouping=grouping)


def test_notes_are_those_of_the_classes_and_then_the_groups() -> None:
    line = "Groups by subfolder: 1,200 of two pictures or more, 3,400 pictures in them."
    assert set_notes(images()) == ["A note.", line]
    assert set_notes(images(alone=1)) == ["A note.", f"{line} It says nothing of 1 picture."]
    assert set_notes(replace(images(), grouping=None)) == ["A note."]


def test_a_split_that_parts_groups_is_warned_of() -> None:
    found = images(
        picture("1", "train", "Tom"),
        picture("2", "test", "Tom"),
        picture("3", "validation", "Tom"),
        picture("4", "test", "Kim"),
        picture("5", "train", "Ann", "same"),
        picture("6", "test", "Ann", "same"),
    )
    assert parted_line(found) == (
        "Warning: train holds others of the groups of 2 pictures outside of it (1 group), such as "
        "2; figures on them flatter. To split by groups: "
        "tl-catdog data split '/my set' --again --group-by subfolder"
    )
    assert parted_line(replace(found, grouping=None)) == ""
    assert parted_line(images(picture("1", "train", "Tom"), picture("2", "test", "Kim"))) == ""


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.01, 0.05, "accuracy would look 3.0 points too high"),
        (-0.01, 0.07, "accuracy would look the same within chance"),
        (-0.07, -0.01, "accuracy would look 3.0 points lower"),
    ],
)
def test_the_effect_is_said_with_its_interval(low: float, high: float, says: str) -> None:
    value = 0.03 if high > 0 else -0.03
    found = GroupEffect(
        Estimate(0.9, Interval(0.8, 0.95), 1200),
        Estimate(0.9 + value, Interval(0.8, 0.99), 1200),
        Estimate(value, Interval(low, high), 1200),
        240,
    )
    line = effect_line(found)
    assert line.startswith(f"If splits parted these groups, {says}: ")
    assert f"{'93.0' if value > 0 else '87.0'} % instead of 90.0 %" in line
    assert line.endswith("a linear probe on 1,200 pictures of 240 groups).")
