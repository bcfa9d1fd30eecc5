"""What is said of a set's classes and groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tl_catdog.cli.set_notes import (
    effect_line,
    held_out_line,
    parted_line,
    set_notes,
    unequal_line,
)
from tl_catdog.config import TrainConfig
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


def of_sizes(cats: int, dogs: int, *, validation: int = 0, test: int = 0) -> ImageSet:
    sizes = {("cat", "train"): cats, ("dog", "train"): dogs, ("dog", "validation"): validation}
    sizes |= {("dog", "test"): test}
    examples = [
        Example(Path(), f"{label}{split}{number}", label, split, f"{label}{split}{number}")
        for (label, split), count in sizes.items()
        for number in range(count)
    ]
    return ImageSet(Path("set"), "class folders", ("cat", "dog"), tuple(examples))


def test_that_nothing_is_held_out_is_said_with_the_rarest_class() -> None:
    assert held_out_line(of_sizes(7, 30)) == (
        "Few pictures (7 pictures of the rarest class), so all are trained on. What is said of "
        "them is out-of-fold: from models trained without them."
    )
    assert held_out_line(of_sizes(7, 30, validation=1)) == ""
    assert "so all but those to test on are trained on" in held_out_line(of_sizes(48, 48, test=12))


def test_unequal_classes_are_warned_of_with_the_command_to_type() -> None:
    config = TrainConfig(data="my pictures", arch="mobilenet")
    assert unequal_line(config, of_sizes(1000, 50)) == (
        "Warning: unequal classes, from 50 pictures (dog) to 1,000 (cat), so accuracy says little "
        "of the rare ones: look at the balanced one. To count each class the same, type: "
        "tl-catdog train --arch mobilenet --class-weights balanced --data 'my pictures'"
    )
    assert unequal_line(config, of_sizes(100, 50)) == ""
    assert unequal_line(TrainConfig(class_weights="balanced"), of_sizes(1000, 50)) == ""
