"""Names of folders: splits by any of their names, and nothing else taken for one."""

from __future__ import annotations

import pytest

from tl_catdog.data.folder_names import (
    are_annotations,
    class_key,
    class_name,
    is_system,
    parts_of_classes,
    split_roles,
    splits_and_classes,
)

T, V, E = "train", "validation", "test"


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (("training_set", "test_set"), (T, E)),
        (("seg_train", "seg_test"), (T, E)),
        (("Train", "Test", "Valid"), (T, E, V)),
        (("TRAIN", "VAL"), (T, V)),
        (("training", "dev"), (T, V)),
        (("train_set", "val_set"), (T, V)),
        (("training_data", "validation_data", "Testing_Data"), (T, V, E)),
        (("train_images", "test_images"), (T, E)),
        (("TrainImages", "TestImages"), (T, E)),
        (("trainset", "testset", "valset"), (T, E, V)),
        (("TRAINData", "TESTData"), (T, E)),
        (("images-train", "images-holdout"), (T, E)),
        (("01_train", "02_val", "03_test"), (T, V, E)),
        (("train2017", "val2017"), (T, V)),
        (("train (1)", "test1"), (T, E)),
        (("train-20200101T000000Z-001", "x_test"), (T, E)),
        (("asl_alphabet_train", "asl_alphabet_test"), (T, E)),
        (("flowers train", "flowers val", "flowers test"), (T, V, E)),
        (("trainval", "test"), (T, E)),
        (("train_val", "test"), (T, E)),
        (("training", "validation", "evaluation"), (T, V, E)),
        (("train", "eval"), (T, V)),
        (("Final_Training", "Final_Test"), (T, E)),
    ],
)
def test_splits_are_told_by_whatever_they_are_called(
    names: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    assert split_roles(names) == dict(zip(names, roles, strict=True))


@pytest.mark.parametrize(
    "name",
    [
        *("trainer", "trains", "contest", "latest", "valley", "invalid", "devil", "protest"),
        *("train_station", "test_tube", "dev_board", "valid_ticket", "training shoe"),
        *("train_masks", "test_labels", "train_test", "cats", "2020", "", "images", "dataset"),
    ],
)
def test_other_words_are_no_splits(name: str) -> None:
    assert split_roles([name, "train"]) == {"train": T}
    assert split_roles([name, "cats", "dogs"]) == {}


def test_another_word_needs_a_second_folder_with_another_role() -> None:
    assert split_roles(["train_station", "test_station"]) == {"train_station": T, "test_station": E}
    assert split_roles(["train_station", "train_station 2"]) == {}
    assert split_roles(["train_station", "test_strip", "train"]) == {"train": T}


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("cats_train", "cats_val", "dogs_train", "dogs_val"), ("cats", "cats", "dogs", "dogs")),
        (
            ("train-maine_coon", "train pug", "test-maine_coon", "test.pug"),
            ("maine_coon", "pug") * 2,
        ),
        (("train-pug", "train-collie", "test-pug"), ()),
        (("CatsTrain", "DogsTrain", "DogsTest", "CatsTest"), ("Cats", "Dogs", "Dogs", "Cats")),
        (("seg_train", "seg_test"), ()),
        (("train_1", "test_1"), ()),
        (("cats_train", "dogs_train"), ()),  # which doesn't tell that they are no classes
        (("cats_train", "dogs_test", "cats_test"), ()),
        (("cats_train", "dogs_train", "cats_test", "dogs_test", "extra"), ()),
    ],
)
def test_names_may_say_split_and_class(names: tuple[str, ...], labels: tuple[str, ...]) -> None:
    assert tuple(label for _, label in splits_and_classes(names).values()) == labels


@pytest.mark.parametrize(
    "name",
    [
        *(".git", "._cat.jpg", "__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "#recycle"),
        *("System Volume Information", "@Recycle", "@__thumb", ".Trash-1000", ".AppleDouble"),
        *("Thumbs.db", "desktop.ini", "Icon\r", "$Recycle.Bin"),
    ],
)
def test_what_systems_leave_behind_is_told(name: str) -> None:
    assert is_system(name)


@pytest.mark.parametrize("name", ["cats", "recycle", "trash", "found", "macosx", "@home", "models"])
def test_classes_are_no_systems(name: str) -> None:
    assert not is_system(name)


def test_names_of_one_class_have_one_key() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert class_key(composed) == class_key(decomposed) == class_key(" CAF\u00c9 ")
    assert class_name(decomposed) == composed
    assert class_key("Stra\u00dfe") == class_key("STRASSE")
    assert class_key("guinea  pig") == class_key("guinea pig") != class_key("guineapig")
    assert class_key("a") != class_key("A")
    assert class_key("a") == class_key("a ")
    assert class_name(" Maine  Coon ") == "Maine Coon"


@pytest.mark.parametrize(
    "names",
    [
        ["2019", "2020", "2021"],
        ["2020-01-05", "2020-02-07"],
        ["patient_01", "patient_02"],
        ["Patient1", "Patient2"],
        ["session 1", "session 2", "misc"],
        ["cam1", "cam2"],
        ["raw", "cropped"],
        ["left", "right"],
        ["images"],
        ["IMG_0001", "DSC0002"],
        ["google", "bing", "flickr"],
        ["100CANON", "101CANON"],
        ["3", "7", "19"],
        ["5", "6", "7"],
        ["10253", "10254"],
        ["cats"],
    ],
)
def test_parts_of_a_class_are_told_by_their_names(names: list[str]) -> None:
    assert parts_of_classes([names, names])


@pytest.mark.parametrize(
    "names",
    [
        ["cats", "dogs"],
        ["0", "1"],
        ["1", "2", "3"],
        [str(number) for number in range(10)],
        ["c0", "c1", "c2"],
        ["A", "B", "C"],
        ["grade_1", "grade_2"],
        ["benign", "malignant", "2020"],
        ["n02085620", "n02085621"],
    ],
)
def test_names_that_may_be_classes_are_no_parts(names: list[str]) -> None:
    assert not parts_of_classes([names, names])


def test_numbers_that_splits_would_not_share_are_parts() -> None:
    patients = [[str(n) for n in range(1, 51)], [str(n) for n in range(20, 91)]]
    assert parts_of_classes(patients)
    digits = [[str(n) for n in range(10)], [str(n) for n in range(10) if n != 4]]
    assert not parts_of_classes(digits)


def test_annotations_are_told() -> None:
    assert all(map(are_annotations, ("masks", "Labels", "train_labels", "SegmentationMasks")))
    assert not any(map(are_annotations, ("masked", "cats", "boxer", "images")))
