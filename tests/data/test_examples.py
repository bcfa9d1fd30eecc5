"""A set of pictures: its splits, its counts, its name and what leaked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.errors import UsageError


def example(split: str, label: str, name: str, digest: str | None = None) -> Example:
    """Return a picture; its content is its name's, unless it is told otherwise."""
    if digest is None:
        digest = hashlib.sha256(name.encode()).hexdigest()
    return Example(
        Path("/set", split, label, name), f"{split}/{label}/{name}", label, split, digest
    )


def image_set(*examples: Example, root: Path = Path("/set"), drawn: bool = False) -> ImageSet:
    return ImageSet(root, "split folders", ("ant", "bee"), examples, drawn=drawn)


def names_of(examples: Sequence[Example]) -> list[str]:
    return [item.name for item in examples]


def test_splits_come_in_the_order_in_which_they_appear() -> None:
    images = image_set(
        example("train", "bee", "1"), example("test", "ant", "2"), example("train", "ant", "3")
    )
    assert images.splits == ("train", "test")
    assert names_of(images.split("train")) == ["train/bee/1", "train/ant/3"]


def test_an_unknown_split_lists_those_there_are() -> None:
    images = image_set(example("train", "ant", "1"), example("validation", "ant", "2"))
    with pytest.raises(UsageError, match=r"splits train, validation, found 'test'") as caught:
        images.split("test")
    assert caught.value.hint == "Type: --split train"


def test_a_picture_s_group_is_its_content_unless_it_is_told_otherwise() -> None:
    one, copy = example("train", "ant", "1", "aa"), example("test", "bee", "2", "aa")
    assert one.group == copy.group == "aa"
    broken = [example("train", "ant", name, UNREADABLE) for name in "12"]
    assert broken[0].group != broken[1].group
    told = Example(Path("x"), "x", "ant", "train", "aa", group="patient 7")
    assert told.group == replace(told, split="test").group == "patient 7"


def test_counts_name_every_class_of_every_split_in_order() -> None:
    images = image_set(
        example("train", "bee", "1"), example("train", "bee", "2"), example("test", "ant", "3")
    )
    assert images.counts() == {"train": {"ant": 0, "bee": 2}, "test": {"ant": 1, "bee": 0}}
    assert list(images.counts()["train"]) == ["ant", "bee"]


def test_every_copy_of_a_training_picture_outside_of_training_is_a_leak() -> None:
    images = image_set(
        example("train", "ant", "1", "aa"),
        example("train", "bee", "2", "aa"),  # a duplicate, but no leak
        example("train", "ant", "3", "bb"),
        example("validation", "ant", "4", "aa"),
        example("validation", "bee", "5", "aa"),
        example("validation", "bee", "6", "cc"),
        example("test", "ant", "7", "bb"),
        example("test", "ant", "8", "cc"),  # validation has it, training hasn't
    )
    assert names_of(images.leaks()) == ["validation/ant/4", "validation/bee/5", "test/ant/7"]


def test_pictures_that_cannot_be_read_are_no_leaks() -> None:
    images = image_set(
        example("train", "ant", "1", UNREADABLE), example("test", "ant", "2", UNREADABLE)
    )
    assert images.leaks() == ()


def test_empty_files_are_no_leaks() -> None:
    empty = hashlib.sha256(b"").hexdigest()
    train, test = example("train", "ant", "1", empty), example("test", "ant", "2", empty)
    assert image_set(train, test).leaks() == ()


def test_a_set_without_training_has_no_leaks() -> None:
    images = image_set(example("test", "ant", "1", "aa"), example("validation", "ant", "2", "aa"))
    assert images.leaks() == ()


def test_the_fingerprint_is_of_roles_and_contents_not_of_names_and_folders() -> None:
    one = image_set(example("train", "ant", "1", "aa"), example("test", "bee", "2", "bb"))
    two = image_set(
        example("test", "bee", "other", "bb"),
        example("train", "ant", "name", "aa"),
        root=Path("/x"),
    )
    assert one.fingerprint == two.fingerprint
    swapped = image_set(example("train", "bee", "1", "aa"), example("test", "ant", "2", "bb"))
    assert one.fingerprint != swapped.fingerprint


def test_a_set_is_called_as_its_folder_or_drawings(tmp_path: Path) -> None:
    (tmp_path / "photographs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photographs")
    assert ImageSet(tmp_path / "link", "", (), ()).name == "photographs"
    assert image_set(root=tmp_path / "photographs" / "..").name == tmp_path.name
    assert image_set(root=tmp_path / "link", drawn=True).name == "drawings"


def test_pictures_whose_group_is_trained_on_are_told_copies_among_them() -> None:
    def of(group: str, split: str, name: str, digest: str = "") -> Example:
        return Example(Path(name), name, "ant", split, digest or name, group)

    images = image_set(
        of("Tom", "train", "1"), of("Tom", "test", "2"), of("Kim", "test", "3"),
        of("", "train", "4", "aa"), of("", "validation", "5", "aa"),
    )  # fmt: skip
    assert names_of(images.parted_groups()) == ["2", "5"]
