"""Folders as people have them are understood: public sets' own layouts, and their kin."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.trees import plant
from tl_catdog.data.folders import scan
from tl_catdog.data.layouts import Layout, read_layout
from tl_catdog.errors import UsageError


def counts(found: Layout) -> dict[str, dict[str, int]]:
    return {
        split: {label: len(files) for label, files in classes.items()}
        for split, classes in found.splits.items()
    }


def read(root: Path, *places: str, known: tuple[str, ...] = ()) -> Layout:
    return read_layout(plant(root / "D", *places), known)


TWO = {"a": 3, "b": 3}

LAYOUTS = {
    "splits by other names": (
        ("training_set/a/ 3", "training_set/b/ 3", "test_set/a/ 1", "test_set/b/ 1"),
        {"train": TWO, "test": {"a": 1, "b": 1}},
    ),
    "each split in a folder of its own name, and a third without classes": (
        (
            "seg_train/seg_train/a/ 3",
            "seg_train/seg_train/b/ 3",
            "seg_test/seg_test/a/ 1",
            "seg_test/seg_test/b/ 1",
            "seg_pred/seg_pred/ 4",
        ),
        {"train": TWO, "test": {"a": 1, "b": 1}},
    ),
    "a single picture of each letter to test on": (
        ("abc_train/abc_train/a/ 3", "abc_train/abc_train/b/ 3", "abc_test/abc_test/a_test.jpg"),
        {"train": TWO},
    ),
    "splits below images, with annotations beside": (
        (
            "images/train/a/ 3",
            "images/train/b/ 3",
            "images/val/a/ 1",
            "images/val/b/ 1",
            "annotations/list.txt",
            "annotations/masks/ 2",
            "README",
        ),
        {"train": TWO, "validation": {"a": 1, "b": 1}},
    ),
    "an archive within its own folder, four times": (
        (
            "x/y/z/set/train/a/ 3",
            "x/y/z/set/train/b/ 3",
            "x/__MACOSX/y/ 2",
            "README.md",
            "x/y/LICENSE",
            "x/y/z/notes.pdf",
            "__MACOSX/x/ 9",
        ),
        {"train": TWO},
    ),
    "classes two folders down, with a preview beside": (
        ("archive/set/a/ 3", "archive/set/b/ 3", "archive/preview.jpg"),
        {"all": TWO},
    ),
    "classes that are numbers": (("data/0/ 3", "data/1/ 3"), {"all": {"0": 3, "1": 3}}),
    "images and masks of each class": (
        ("a/images/ 3", "a/masks/ 3", "b/images/ 3", "b/masks/ 3"),
        {"all": TWO},
    ),
    "images in each class": (("a/images/ 3", "b/images/ 3", "b/boxes.txt"), {"all": TWO}),
    "all classes once more": (("a/ 3", "b/ 3", "set/a/ 3", "set/b/ 3"), {"all": TWO}),
    "all splits once more": (
        (
            "train/a/ 3",
            "train/b/ 3",
            "test/a/ 1",
            "test/b/ 1",
            "set/train/a/ 3",
            "set/train/b/ 3",
            "set/__MACOSX/ 2",
        ),
        {"train": TWO, "test": {"a": 1, "b": 1}},
    ),
    "splits within classes": (
        ("a/train/ 3", "a/test/ 1", "b/train/ 3", "b/test/ 2"),
        {"train": TWO, "test": {"a": 1, "b": 2}},
    ),
    "splits and classes in one name": (
        ("a_train/ 3", "b_train/ 3", "a_test/ 1", "b_test/ 2"),
        {"train": TWO, "test": {"a": 1, "b": 2}},
    ),
    "flat names in splits": (
        ("train/a.1.jpg", "train/b.2.jpg", "test1/1.jpg"),
        {"train": {"a": 1, "b": 1}},
    ),
    "flat names beside other folders": (
        ("a.1.jpg", "b.1.jpg", "new/ 3"),
        {"all": {"a": 1, "b": 1}},
    ),
    "a class alone, with folders of its own": (
        ("cats/ 5", "cats/siamese/ 1", "cats/persian/ 1"),
        {"all": {"cats": 7}},
    ),
    "depths that differ": (("a/2020/05/ 2", "a/ 1", "b/ 3"), {"all": TWO}),
    "classes of classes": (
        ("a/x/ 1", "a/y/ 2", "b/z/ 2", "b/w/ 1"),
        {"all": TWO},
    ),
    "parts of classes": (("a/2020/ 1", "a/2021/ 2", "b/2020/ 2", "b/2021/ 1"), {"all": TWO}),
    "a set and what was put aside of it": (
        ("pets/a/ 3", "pets/b/ 3", "pets.quarantine/leak/a/ 2", "pets.removed/ 1"),
        {"all": TWO},
    ),
    "a class called models": (("models/ 3", "a/ 3"), {"all": {"models": 3, "a": 3}}),
    "test only": (("test/a/ 3", "test/b/ 3"), {"test": TWO}),
    "a class that has no pictures yet": (("a/ 3", "b/ 3", "c/", "docs/x.txt"), {"all": TWO}),
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_folders_as_people_have_them(tmp_path: Path, kind: str) -> None:
    places, expected = LAYOUTS[kind]
    assert counts(read(tmp_path, *places)) == expected


@pytest.mark.parametrize(
    ("places", "left_out"),
    [
        (("extra/ 4", "more/x/ 2"), {"in extra beside train": 4, "in more beside train": 2}),
        (("1.jpg", "2.jpg"), {"beside train": 2}),
        (("train/1.jpg",), {"outside of a class folder in train": 1}),
        (
            tuple(f"x{number}/y/ 2" for number in range(6)),
            {"in x0 and 5 more beside train": 12},
        ),
        (("train_masks/a/ 2",), {"in train_masks beside train": 2}),
    ],
)
def test_what_is_beside_splits_is_counted(
    tmp_path: Path, places: tuple[str, ...], left_out: dict[str, int]
) -> None:
    found = read(tmp_path, "train/a/ 2", "train/b/ 3", *places)
    assert found.left_out == {f"pictures {what}": n for what, n in left_out.items()}


@pytest.mark.parametrize(
    "places",
    [
        ("cats/ 1", "dogs/ 1", "x.jxl", "README.md"),
        ("train/cats/ 1", "train/dogs/ 1", "x.jxl", "labels.csv"),
        ("train/cats/ 1", "train/dogs/ 1", "train/x.jxl"),
        ("cat.1.jpg", "dog.2.jpg", "x.jxl"),
        ("train/cat.1.jpg", "train/dog.2.jpg", "train/x.jxl"),
    ],
)
def test_pictures_of_other_formats_are_counted_beside_folders_too(
    tmp_path: Path, places: tuple[str, ...]
) -> None:
    assert read(tmp_path, *places).left_out == {".jxl": 1}


@pytest.mark.parametrize(
    ("places", "folder"),
    [
        (("test/ 5",), "test"),
        (("test/unknown/ 5",), "test/unknown"),
        (("test/images/ 5",), "test/images"),
        (("Test Set/Unlabelled/ 5", "Test Set/a/ 1"), "Test Set/Unlabelled"),
        (("test/a/ 1", "test_images/ 5"), "test_images"),
    ],
)
def test_test_pictures_without_a_class_are_left_out_with_what_to_type(
    tmp_path: Path, places: tuple[str, ...], folder: str
) -> None:
    found = read(tmp_path, "train/a/ 2", "train/b/ 3", *places)
    path = tmp_path / "D" / folder
    quoted = f"'{path}'" if " " in folder else path
    what = f"pictures without a class in {folder} (tl-catdog predict {quoted})"
    assert found.left_out == {what: 5}
    assert ("test" in found.splits) is any("/a/" in place for place in places)


@pytest.mark.parametrize("places", [("val/ 3",), ("val/images/ 3",), ("val/unknown/ 2",)])
def test_validation_pictures_without_a_class_are_refused(
    tmp_path: Path, places: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"without a class in .*val"):
        read(tmp_path, "train/a/ 2", "train/b/ 3", *places)


def test_an_empty_validation_folder_is_refused_and_an_empty_test_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"found none below .*/val"):
        read(tmp_path / "1", "train/a/ 2", "train/b/ 3", "val/")
    found = read(tmp_path / "2", "train/a/ 2", "train/b/ 3", "test/")
    assert [folder.name for folder in found.empty["test"]] == ["test"]


def test_a_folder_named_like_a_split_may_be_a_class_and_that_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "bus/ 2", "car/ 2", "train/ 2")
    assert set(found.splits["all"]) == {"bus", "car", "train"}
    assert found.notes == ["train is taken for a class, like bus and car."]


def test_a_mark_makes_every_folder_a_class(tmp_path: Path) -> None:
    places = ("cats/ 2", "dogs/ 2", "test/ 2", "train/x/ 1", "train/y/ 1")
    with pytest.raises(UsageError):
        read(tmp_path / "1", "A/x/ 2", "A/y/ 2", "B/x/ 1", "B/y/ 1")
    assert set(read(tmp_path / "1", ".classes").splits["all"]) == {"A", "B"}
    assert set(read(tmp_path / "2", *places, ".classes").splits["all"]) == {
        *("cats", "dogs", "test", "train")
    }
    assert set(read(tmp_path / "3", "only/x/ 1", "only/y/ 1", ".classes").splits["all"]) == {"only"}


@pytest.mark.parametrize(
    "places",
    [
        ("A/x/ 2", "A/y/ 2", "B/x/ 1", "B/y/ 1"),
        ("train/A/x/ 2", "train/A/y/ 2", "train/B/x/ 1", "train/B/y/ 1"),
        ("x/A/x/ 2", "x/A/y/ 2", "x/B/x/ 1", "x/B/y/ 1"),
        ("val/x/ 1", "val/y/ 1", "A/x/ 1", "A/y/ 1"),
        ("rps/x/ 2", "rps/y/ 2", "rps-test-set/x/ 1", "rps-test-set/y/ 1"),
        ("amazon/images/x/ 2", "amazon/images/y/ 2", "web/images/x/ 1", "web/images/y/ 1"),
        ("fold1/train/x/ 1", "fold1/train/y/ 1", "fold2/train/x/ 1", "fold2/train/y/ 1"),
        ("cats/ 1", "dogs/ 1", "test/cats/ 1", "test/dogs/ 1"),
        ("train/x/ 1", "train/y/ 1", "val/x/ 1", "val/y/ 1", "dev/x/ 1", "dev/y/ 1"),
        ("images/train/ 3", "images/val/ 3", "labels/train/1.txt"),
    ],
)
def test_what_may_be_something_else_than_classes_is_refused(
    tmp_path: Path, places: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"expected .* found"):
        read(tmp_path, *places)


def test_own_results_beside_classes_are_no_empty_class(tmp_path: Path) -> None:
    plant(tmp_path, "D/onnx/metadata.json", "D/onnx/labels.txt", "D/onnx/CARD.md")
    (tmp_path / "D" / "exports").mkdir()
    (tmp_path / "D" / "onnx").rename(tmp_path / "D" / "exports" / "onnx")
    found = read(tmp_path, "a/ 2", "b/ 2")
    assert found.left_out == {"result of tl-catdog": 1}
    assert found.empty == {}


def test_a_wrapping_folder_is_not_one_where_a_class_may_be_beside(tmp_path: Path) -> None:
    """Else breeds of cats would be learned where the folder of dogs is empty."""
    for number, other in enumerate(("dogs/", "dogs/1.jxl")):
        with pytest.raises(UsageError, match=r"found none|found only"):
            scan(plant(tmp_path / str(number), "cats/persian/ 2", "cats/siamese/ 2", other))


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (("cats/ 3",), {"all": {"cats": 3}}),
        (("Cats/2020/ 1", "Cats/2021/ 2"), {"all": {"Cats": 3}}),
        (("cats/1/ 1", "cats/2/ 1", "dogs/1/ 1", "dogs/2/ 1"), {"all": {"cats": 2, "dogs": 2}}),
        (("test/cats/ 3",), {"test": {"cats": 3}}),
        (("archive/cats/ 3",), {"all": {"cats": 3}}),
        (("archive/Katzen/ 3",), {"all": {"Katzen": 3}}),
        (("Katzen/ 3",), {"all": {"Katzen": 3}}),
        (
            ("train/cats/ 1", "train/owls/ 1", "test/dogs/ 2"),
            {"train": {"cats": 1, "owls": 1}, "test": {"dogs": 2}},
        ),
    ],
)
def test_known_classes_tell_which_folders_are_classes(
    tmp_path: Path, places: tuple[str, ...], expected: dict[str, dict[str, int]]
) -> None:
    assert counts(read(tmp_path, *places, known=("cats", "dogs"))) == expected


def test_the_folder_of_a_known_class_is_that_class(tmp_path: Path) -> None:
    root = plant(tmp_path / "cats", "1.jpg", "2020/ 2")
    assert counts(read_layout(root, ("cats", "dogs"))) == {"all": {"cats": 3}}


def test_a_known_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    found = read(tmp_path, "train/ 2", "bus/ 3", "car/ 1", known=("train", "bus", "car"))
    assert counts(found) == {"all": {"bus": 3, "car": 1, "train": 2}}
    assert found.notes == []


def test_thousands_of_classes_are_read(tmp_path: Path) -> None:
    for number in range(1500):
        plant_one = tmp_path / "train" / f"class {number:04}"
        plant_one.mkdir(parents=True)
        (plant_one / "1.jpg").touch()
    assert len(read_layout(tmp_path).splits["train"]) == 1500


def test_parts_of_classes_are_said_once(tmp_path: Path) -> None:
    places = [f"{s}/{c}/{y}/ 1" for s in ("train", "val") for c in "ab" for y in (2020, 2021)]
    places += ["val/a/2019/ 1", "val/b/2019/ 1"]
    assert read(tmp_path, *places).notes == ["Folders within a class belong to it, such as a/2020."]


def test_what_is_beside_flat_names_is_counted(tmp_path: Path) -> None:
    found = read(tmp_path, "cat.1.jpg", "dog.2.jpg", "a.txt", "b.txt", "LICENSE", "c.jxl")
    assert found.left_out == {".txt": 2, "file without an ending": 1, ".jxl": 1}


def test_flat_names_of_a_class_that_train_lacks_are_unlabelled(tmp_path: Path) -> None:
    found = read(tmp_path, "train/a/ 1", "train/b/ 1", "test/cat.1.jpg", "test/cat.2.jpg")
    (what,) = found.left_out
    assert what.startswith("pictures without a class in test (")
