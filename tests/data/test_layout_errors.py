"""Every refusal of a folder names what to type, and that can be typed."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support.trees import plant
from tl_catdog.data import layout_errors
from tl_catdog.data.folders import scan
from tl_catdog.data.labelling import Labelling, labelled
from tl_catdog.data.tree import Folder
from tl_catdog.errors import UsageError


def hint(root: Path) -> str:
    with pytest.raises(UsageError) as caught:
        scan(root)
    assert "\n" not in str(caught.value)
    return caught.value.hint


def typed(line: str) -> None:
    subprocess.run(["sh", "-ec", line], check=True, timeout=30)


def root_of(tmp_path: Path) -> Path:
    """Return a folder whose name needs quoting."""
    return tmp_path / "my pet's & old"


def test_two_splits_of_other_names_are_renamed_by_what_is_said(tmp_path: Path) -> None:
    root = plant(root_of(tmp_path), "A/cats/ 1", "A/dogs/ 1", "B/cats/ 2", "B/dogs/ 2")
    said = hint(root)
    assert said.startswith("Type, for splits, mv ")
    typed(said.removeprefix("Type, for splits, ").split("; for one set")[0])
    found = scan(root)
    assert {split: len(files) for split, files in found.splits.items()} == {"train": 4, "test": 2}
    assert found.classes == ("cats", "dogs")


def test_classes_that_look_like_splits_are_marked_by_what_is_said(tmp_path: Path) -> None:
    root = plant(root_of(tmp_path), "A/cats/ 1", "A/dogs/ 1", "B/cats/ 2", "B/dogs/ 2")
    typed(hint(root).partition("for classes B, A, ")[2])
    found = scan(root)
    assert found.classes == ("A", "B")
    assert len(found.splits["all"]) == 6


def test_classes_within_such_folders_are_had_by_what_is_said(tmp_path: Path) -> None:
    root = plant(tmp_path / "d", "p1/0/ 2", "p1/1/ 1", "p2/0/ 1", "p2/1/ 3", "p3/0/ 1", "p3/1/ 1")
    assert "; for classes 0, 1, --label-pattern '{label}/{name}'; " in hint(root)
    found = labelled(root, Labelling(pattern="{label}/{name}")).folder
    assert Counter(item.label for item in found.splits["all"]) == {"0": 4, "1": 5}


def test_the_larger_of_two_folders_is_to_train_on(tmp_path: Path) -> None:
    root = plant(tmp_path / "d", "A/cats/ 1", "A/dogs/ 1", "B/cats/ 2", "B/dogs/ 2")
    assert f"mv {root}/B {root}/train && mv {root}/A {root}/test" in hint(root)


def test_many_sets_and_those_of_a_split_are_no_train_and_test(tmp_path: Path) -> None:
    places = [f"{outer}/{inner}/ 1" for outer in ("p1", "p2", "p3") for inner in "01"]
    said = hint(plant(tmp_path / "many", *places))
    assert said.startswith(f"Type, for one set, --data {tmp_path}/many/p1; for classes 0, 1, ")
    assert "mv " not in said
    said = hint(plant(tmp_path / "s", *(f"train/{place}" for place in places[:4])))
    assert "mv " not in said
    assert f"touch {tmp_path}/s/train/.classes" in said


@pytest.mark.parametrize(("number", "classes"), [(0, 3), (1, 2)])
def test_a_test_folder_beside_classes_is_marked_or_moved_by_what_is_said(
    tmp_path: Path, number: int, classes: int
) -> None:
    root = plant(root_of(tmp_path), "cats/ 1", "dogs/ 1", "test/ 1")
    commands = (
        hint(root).removeprefix("If test is a class as well, type: ").split("; if it isn't, ")
    )
    typed(commands[number])
    assert len(scan(root).classes) == classes
    assert len(list(tmp_path.rglob("*.png"))) == 3


def test_several_names_of_splits_beside_a_class_are_all_named(tmp_path: Path) -> None:
    said = hint(plant(tmp_path / "d", "train/ 1", "test/ 1", "bus/ 1"))
    assert said.startswith("If test, train are classes as well, type: touch ")
    assert "mv" not in said


def test_a_second_folder_of_a_split_is_moved_away_by_what_is_said(tmp_path: Path) -> None:
    root = plant(root_of(tmp_path), "train/a/ 1", "train/b/ 1", "val/a/ 1", "val/b/ 1")
    plant(root, "valid/a/ 2", "valid/b/ 2")
    typed(hint(root).removeprefix("Type: "))
    assert len(scan(root).splits["validation"]) == 2
    assert len(list(tmp_path.rglob("*.png"))) == 8


def test_a_class_called_unsure_is_renamed_by_what_is_said(tmp_path: Path) -> None:
    root = plant(root_of(tmp_path), "train/Unsure/ 1", "train/cats/ 1")
    typed(hint(root).removeprefix("Rename it: "))
    assert scan(root).classes == ("cats", "not-sure")


def test_flat_names_with_unsure_are_refused_too(tmp_path: Path) -> None:
    assert hint(plant(tmp_path / "d", "unsure.1.jpg", "cat.2.jpg")) == "Rename its files"


def test_pictures_of_other_formats_are_named(tmp_path: Path) -> None:
    root = plant(tmp_path / "d", "cats/ 2", "dogs/ 2", "owls/a.JXL", "owls/b.jxl", "owls/c.psd")
    with pytest.raises(UsageError, match=r"found only 2 × \.jxl, 1 × \.psd in .*owls"):
        scan(root)
    with pytest.raises(UsageError, match=r"found only 1 × \.dng"):
        scan(plant(tmp_path / "e", "cats/a.dng"))


def test_names_with_backslashes_are_explained(tmp_path: Path) -> None:
    root = plant(tmp_path / "d", "train\\cats\\1.jpg", "train\\dogs\\2.jpg")
    with pytest.raises(UsageError, match=r"2 files with backslashes .*unzip FILE\.zip"):
        scan(root)


def test_boxes_of_a_detection_set_are_no_classes(tmp_path: Path) -> None:
    root = plant(tmp_path / "d", "images/train/ 2", "images/val/ 1", "labels/train/1.txt")
    with pytest.raises(UsageError, match=r"2 pictures without a class .*\(labels says no class\)"):
        scan(root)
    plant(tmp_path, "labels/")
    with pytest.raises(UsageError) as caught:
        scan(plant(tmp_path / "e", "1.jpg"))
    assert "labels" not in str(caught.value)  # what is beside the folder is none of ours


def test_a_folder_that_cant_be_listed_gives_the_systems_reason(tmp_path: Path) -> None:
    error = layout_errors.unreadable(Folder(tmp_path / "gone"))
    assert "No such file" in error.message
    assert error.hint == f"Type: ls -ld {tmp_path}/gone"
