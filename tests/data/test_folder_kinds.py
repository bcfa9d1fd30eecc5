"""What folders are by what is in them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.trees import plant
from tl_catdog.data.folder_kinds import (
    are_splits,
    flat_classes,
    holding_the_others,
    is_marked,
    is_set,
    is_sorted,
    may_be_class,
    note_of_parts,
    refuse_alike,
    splits_beside,
    splits_within,
)
from tl_catdog.data.tree import Folder
from tl_catdog.errors import UsageError
from tl_catdog.files import SET_RECORD


def folders(root: Path, *places: str) -> list[Folder]:
    return Folder(plant(root, *places)).picture_folders


def check_alike(root: Path, *places: str, in_split: bool = False) -> None:
    refuse_alike(Folder(root), folders(root, *places), in_split=in_split)


@pytest.mark.parametrize(
    "places",
    [
        ("A/cats/ 2", "A/dogs/ 2", "B/cats/ 2", "B/dogs/ 2"),
        ("A/cats/ 2", "A/dogs/ 2", "A/owls/ 2", "B/cats/ 2", "B/dogs/ 2"),
        ("A/x/cats/ 2", "A/x/dogs/ 2", "B/images/cats/ 2", "B/images/dogs/ 2"),
        ("A/Cats/ 2", "A/dogs/ 2", "B/cats/ 2", "B/Dogs /3"),
        ("A/cats/ 2", "A/dogs/ 2", "A/stray.jpg", "B/cats/ 2", "B/dogs/ 2"),
        ("1/0/ 2", "1/1/ 2", "2/0/ 2", "2/1/ 2"),
        ("A/cats/2020/ 2", "A/dogs/2020/ 2", "B/cats/2021/ 2", "B/dogs/2021/ 2"),
        ("a/x/ 1", "a/y/ 1", "b/x/ 1", "b/y/ 1", "c/x/ 1", "c/y/ 1", "d/ 5"),
    ],
)
def test_folders_of_the_same_folders_are_refused(tmp_path: Path, places: tuple[str, ...]) -> None:
    places = tuple(place.replace(" /3", "/ 3") for place in places)
    with pytest.raises(UsageError, match="hold the same folders"):
        check_alike(tmp_path, *places)


@pytest.mark.parametrize(
    "places",
    [
        ("cats/2020/ 2", "cats/2021/ 2", "dogs/2020/ 2", "dogs/2021/ 2"),
        ("cats/siamese/ 2", "cats/persian/ 2", "dogs/beagle/ 2", "dogs/pug/ 2"),
        ("cats/siamese/ 2", "cats/white/ 2", "cats/old/ 2", "dogs/pug/ 2", "dogs/white/ 2"),
        ("cats/images/ 2", "dogs/images/ 2"),
        tuple(f"cats/{part}/ 1" for part in "vwxyz") + tuple(f"dogs/{part}/ 1" for part in "abcyz"),
        ("cats/ 9", "cats/red/ 1", "cats/blue/ 1", "dogs/ 9", "dogs/red/ 1", "dogs/blue/ 1"),
        ("cats/ 2", "dogs/ 2"),
        ("a/x/ 1", "a/y/ 1", "b/x/ 1", "b/y/ 1", "c/ 5", "d/ 5"),
        ("sick/1/ 1", "sick/2/ 1", "sick/9/ 1", "well/1/ 1", "well/2/ 1", "well/5/ 1"),
    ],
)
def test_classes_may_have_folders_of_their_own(tmp_path: Path, places: tuple[str, ...]) -> None:
    check_alike(tmp_path, *places)


def test_parts_of_classes_are_said(tmp_path: Path) -> None:
    note = note_of_parts(
        folders(tmp_path, "cats/2020/ 1", "cats/2021/ 1", "dogs/a/ 1", "dogs/b/ 1")
    )
    assert note == "Folders within a class belong to it, such as cats/2020."
    assert note_of_parts(folders(tmp_path / "o", "cats/2020/ 1", "cats/2021/ 1", "owls/ 1")) is None


def test_flat_names_are_a_class_and_a_number(tmp_path: Path) -> None:
    plant(tmp_path, "cat.1.jpg", "cat.12.png", "big dog.3.jpg")
    found = flat_classes(Folder(tmp_path))
    assert {label: len(files) for label, files in found.items()} == {"cat": 2, "big dog": 1}
    plant(tmp_path, "cat.one.jpg")
    assert flat_classes(Folder(tmp_path)) == {}


def test_sorted_means_folders_or_flat_names(tmp_path: Path) -> None:
    assert is_sorted(Folder(plant(tmp_path / "a", "cats/ 1")))
    assert is_sorted(Folder(plant(tmp_path / "b", "cat.1.jpg")))
    assert not is_sorted(Folder(plant(tmp_path / "c", "1.jpg", "docs/")))


def test_a_set_is_one_by_its_splits_or_its_record(tmp_path: Path) -> None:
    assert is_set(Folder(plant(tmp_path / "a", "training_set/cats/ 1")))
    assert is_set(Folder(plant(tmp_path / "b", SET_RECORD)))
    assert not is_set(Folder(plant(tmp_path / "c", "train/ 3", "cats/ 1")))


def test_a_mark_is_a_file_beside_the_classes(tmp_path: Path) -> None:
    assert not is_marked(Folder(tmp_path))
    assert is_marked(Folder(plant(tmp_path, ".classes")))


def test_what_may_be_a_class_without_pictures(tmp_path: Path) -> None:
    plant(tmp_path, "none/", "phone/a.HEIC", "docs/a.txt", "shut/")
    names = ("none", "phone", "docs")
    assert [may_be_class(Folder(tmp_path / name)) for name in names] == [True, True, False]
    if sys.platform != "win32" and os.geteuid() != 0:
        (tmp_path / "shut").chmod(0)
        assert may_be_class(Folder(tmp_path / "shut"))
        (tmp_path / "shut").chmod(0o755)


def test_splits_within_every_class_are_a_layout(tmp_path: Path) -> None:
    places = ("cats/train/ 1", "cats/test/ 1", "dogs/Train/ 1", "dogs/val/ 1")
    found = splits_within(folders(tmp_path / "a", *places))
    assert {label: set(parts) for label, parts in found.items()} == {
        "cats": {"train", "test"},
        "dogs": {"train", "validation"},
    }
    for number, other in enumerate(("owls/ 1", "owls/train/x/ 1", "owls/test/ 1", "owls/o/ 1")):
        assert splits_within(folders(tmp_path / f"b{number}", *places, other)) == {}
    assert splits_within(folders(tmp_path / "c", "cats/train/ 1", "cats/test/ 1")) == {}
    assert splits_within(folders(tmp_path / "d", *places, "cats/1.jpg")) == {}


def test_splits_beside_each_other_are_a_layout_unless_they_hold_folders(tmp_path: Path) -> None:
    places = ("cats_train/ 1", "dogs_train/ 1", "cats_test/ 1", "dogs_test/ 1")
    found = splits_beside(folders(tmp_path, *places))
    assert {label: sorted(parts) for label, parts in found.items()} == {
        "cats": ["test", "train"],
        "dogs": ["test", "train"],
    }
    assert found["cats"]["train"][0].name == "cats_train"
    assert splits_beside(folders(tmp_path, "cats_test/x/ 1")) == {}


def test_a_folder_that_holds_the_others_again_is_told(tmp_path: Path) -> None:
    places = ("yes/ 1", "no/ 1", "brain/yes/ 1", "brain/no/ 1")
    assert [f.name for f in holding_the_others(folders(tmp_path / "a", *places))] == ["brain"]
    assert holding_the_others(folders(tmp_path / "b", "yes/ 1", "no/ 1", "brain/yes/ 1")) == []
    own_name = folders(tmp_path / "c", "yes/ 1", "no/ 1", "brain/yes/ 1", "brain/brain/ 1")
    assert holding_the_others(own_name) == []
    few_of_many = folders(tmp_path / "d", *(f"{c}/ 1" for c in "abcdef"), "x/a/ 1", "x/b/ 1")
    assert holding_the_others(few_of_many) == []


def kinds(root: Path, *places: str) -> bool:
    """Ask about a folder ``named`` of two kinds beside others."""
    base = Folder(plant(root, *places))
    named = {"train": "train", "test": "test", "val": "validation"}
    inside = [folder for folder in base.picture_folders if folder.name in named]
    return are_splits(
        base,
        {named[folder.name]: [folder] for folder in inside if is_sorted(folder)},
        [folder for folder in inside if not is_sorted(folder)],
        [folder for folder in base.picture_folders if folder.name not in named],
        root,
    )


@pytest.mark.parametrize(
    ("places", "are"),
    [
        (("train/a/ 1", "test/a/ 1"), True),
        (("train/a/ 1", "test/ 9"), True),
        (("test/a/ 1", "test/b/ 1"), True),
        (("train/a/ 9", "x/ 1", "y/ 1"), True),
        (("train/ 1", "bus/ 1", "car/ 1"), False),
        (("test/ 1", "control/ 1"), False),
        (("val/a/ 1", "other/ 1"), False),
        (("cats/ 1", "dogs/ 1"), False),
    ],
)
def test_names_of_splits_are_believed_where_the_rest_fits(
    tmp_path: Path, places: tuple[str, ...], are: bool
) -> None:
    assert kinds(tmp_path, *places) is are


@pytest.mark.parametrize(
    ("places", "match"),
    [
        (("test/ 1", "cats/ 1", "dogs/ 1"), "found test beside cats, dogs"),
        (("train/ 1", "test/ 1", "bus/ 1"), "may be either"),
        (("train/slow/ 1", "train/fast/ 1", "bus/ 3", "car/ 3"), "may be either"),
        (("train/ 1", "test/ 1"), "without a class in .*train"),
        (("train/ 1", "test/a/ 1", "test/b/ 1"), "without a class in .*train"),
        (("test/ 1",), "tl-catdog predict .*test"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    tmp_path: Path, places: tuple[str, ...], match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        kinds(tmp_path, *places)
