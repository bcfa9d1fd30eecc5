"""Pictures whose classes don't come from folders, put together and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.trees import plant
from tl_catdog.data.named_images import (
    image_folder,
    labelled_by_names,
    pictures_below,
    why_no_name,
    with_pattern,
)
from tl_catdog.errors import UsageError

ROOT = Path("/set")


def names_of(folder: object) -> dict[str, list[str]]:
    splits = getattr(folder, "splits")  # noqa: B009
    return {split: [image.name for image in images] for split, images in splits.items()}


def test_pictures_are_sorted_by_class_and_keep_their_splits() -> None:
    labels = {"3": "dog", "1": "dog", "2": "cat", "4": "cat"}
    splits = {"1": "train", "2": "train", "3": "validation", "4": "validation"}
    found = image_folder(ROOT, "by hand", labels, splits=splits, ignored={".txt": 2})
    assert found.classes == ("cat", "dog")
    assert names_of(found) == {"train": ["2", "1"], "validation": ["4", "3"]}
    assert found.splits["train"][0].path == ROOT / "2"
    assert (found.layout, found.ignored, found.notes) == ("by hand", {".txt": 2}, ())


def test_folders_called_like_splits_are_splits_if_training_is_among_several() -> None:
    def splits(*names: str) -> list[str]:
        labels = {name: "xy"[n % 2] for n, name in enumerate(names)}
        return list(image_folder(ROOT, "", labels).splits)

    assert splits("train/a", "train/b", "val/c", "val/d") == ["train", "validation"]
    wrapped = splits("w/seg_train/a", "w/seg_train/b", "w/seg_test/c", "w/seg_test/d")
    assert wrapped[0] == "train"
    assert len(wrapped) == 2
    assert splits("train/a", "train/b", "train/c") == ["all"]  # all of them are labelled ones
    assert splits("train/a", "train/b", "more/c", "more/d") == ["all"]
    assert splits("test/a", "val/b", "test/c", "val/d") == ["all"]


def test_spellings_of_a_class_are_one_class() -> None:
    labels = {"1": "Cat", "2": "cat ", "3": "cat", "4": "dog", "5": "DOG", "6": "DOG"}
    assert image_folder(ROOT, "", labels).classes == ("DOG", "cat")
    found = image_folder(ROOT, "", labels, known=("CAT", "Dog"))
    assert found.classes == ("CAT", "Dog")


def test_a_split_without_a_class_is_said_and_training_without_one_refused() -> None:
    labels = {"1": "x", "2": "y", "3": "x", "4": "x"}
    splits = {"1": "train", "2": "train", "3": "test", "4": "test"}
    assert image_folder(ROOT, "", labels, splits=splits).notes == (
        "There are no pictures of y in test.",
    )
    splits |= {"2": "test"}
    with pytest.raises(UsageError, match="each class in train, found none of y"):
        image_folder(ROOT, "", labels, splits=splits)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"1": "x", "2": "x"}, "two classes or more, found one: x"),
        ({}, "two classes or more, found none"),
        ({"1": "x", "2": "y", "3": "z"}, "found 3 classes of one picture, such as x"),
        ({"1": "x", "2": "Unsure", "3": "x"}, "otherwise than 'unsure'"),
    ],
)
def test_what_cannot_be_learnt_is_refused(labels: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        image_folder(ROOT, "a table", labels)


def test_one_class_will_do_where_the_classes_are_known() -> None:
    assert image_folder(ROOT, "", {"1": "x", "2": "x"}, known=("x", "y")).classes == ("x",)


def test_classes_that_can_be_no_folders_are_told() -> None:
    assert [why_no_name(label) for label in ("Maine Coon", "ß", "1", "...")] == [""] * 4
    for label in ("a/b", "a\\b", ".", "..", "a\nb", "\u202e", "x" * 101):
        assert why_no_name(label)


def test_names_give_classes_by_a_pattern(tmp_path: Path) -> None:
    root = plant(tmp_path, "Pug_1.jpg", "Pug_2.jpg", "sub/Boxer_1.jpg", "other.jpg", "notes.txt")
    found = labelled_by_names(root, "{label}_{number}")
    assert found.classes == ("Boxer", "Pug")
    assert names_of(found) == {"all": ["sub/Boxer_1.jpg", "Pug_1.jpg", "Pug_2.jpg"]}
    words = "pictures whose names --label-pattern doesn't fit, such as other.jpg"
    assert found.ignored == {words: 1, ".txt": 1}
    with pytest.raises(UsageError, match=r"found none in 4, such as"):
        labelled_by_names(root, r"^(\d+)$")
    with pytest.raises(UsageError, match="can be names of folders"):
        labelled_by_names(root, "(sub/Boxer)|(Pug)")


def test_a_folder_without_pictures_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found none"):
        labelled_by_names(plant(tmp_path, "notes.txt"), "{label}_{number}")


def test_pictures_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    root = plant(tmp_path, "b.png", "a/c.jpg", "notes.txt", ".hidden.jpg")
    names, left_out = pictures_below(root)
    assert sorted(names) == ["a/c.jpg", "b.png"]
    assert left_out == {".txt": 1}


def test_a_refusal_names_the_pattern_that_loose_pictures_seem_to_follow(tmp_path: Path) -> None:
    refused = UsageError("expected folders.", "Sort them.")
    loose = [f"{label}_{n}.jpg" for label in ("Pug", "Boxer") for n in (1, 2)]
    found = with_pattern(plant(tmp_path / "flat", *loose), refused)
    assert found.message == "expected folders. Their names seem to hold 2 classes: Boxer, Pug."
    assert found.hint == "Type: --label-pattern '{label}_{number}'"
    splits = [f"{split}/{name}" for split in ("train", "val") for name in loose]
    assert with_pattern(plant(tmp_path / "splits", *splits), refused).hint == found.hint
    parquet = plant(tmp_path / "hub", *loose, "metadata.parquet")
    assert "metadata.parquet isn't read here" in with_pattern(parquet, refused).message
    assert "to_csv" in with_pattern(parquet, refused).hint
    apart = [f"{folder}/{name}" for folder in "ab" for name in loose]
    assert with_pattern(plant(tmp_path / "apart", *apart), refused) is refused
    assert with_pattern(plant(tmp_path / "none", "a.jpg", "b.jpg"), refused) is refused
