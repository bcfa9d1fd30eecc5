"""Finding pictures: every usual layout is understood, every wrong one named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint, paint_set
from tl_catdog.data.folders import holds_images, images_below, scan
from tl_catdog.errors import UsageError
from tl_catdog.files import SET_RECORD


def refusal(root: Path) -> str:
    with pytest.raises(UsageError) as caught:
        scan(root)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message
    assert "found" in message
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return message


@pytest.mark.parametrize("name", ["validation", "val", "valid", "Validation"])
def test_split_folders_by_any_usual_name(tmp_path: Path, name: str) -> None:
    paint_set(tmp_path, {"train": 2, name: 1, "test": 1})
    found = scan(tmp_path)
    assert found.classes == ("ant", "bee")
    assert {split: len(items) for split, items in found.splits.items()} == {
        "train": 4,
        "validation": 2,
        "test": 2,
    }


def test_splits_come_in_their_usual_order_whatever_their_folders_are_called(
    tmp_path: Path,
) -> None:
    paint_set(tmp_path, {"TEST": 1, "val": 1, "training": 1})
    found = scan(tmp_path)
    assert list(found.splits) == ["train", "validation", "test"]
    assert found.layout == "split folders"
    assert found.root == tmp_path
    (first, second) = found.splits["train"]
    assert (first.name, first.label, first.path) == (
        "training/ant/000.png",
        "ant",
        tmp_path / "training" / "ant" / "000.png",
    )
    assert second.label == "bee"


def test_a_relative_folder_gives_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint_set(tmp_path / "set", {"": 1})
    monkeypatch.chdir(tmp_path)
    found = scan(Path("set"))
    assert found.root == tmp_path / "set"
    assert found.splits["all"][0].path == tmp_path / "set" / "ant" / "000.png"
    assert found.splits["all"][0].name == "ant/000.png"


@pytest.mark.parametrize(
    "suffix", [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".JPG", ".Png"]
)
def test_pictures_are_told_by_their_suffixes(tmp_path: Path, suffix: str) -> None:
    for label in ("ant", "bee"):
        (tmp_path / label).mkdir()
        (tmp_path / label / f"a{suffix}").touch()
    (tmp_path / "ant" / f".hidden{suffix}").touch()
    found = scan(tmp_path)
    assert len(found.splits["all"]) == 2
    assert found.ignored == {}


def test_what_has_no_ending_is_counted_as_that(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 1})
    for folder in (tmp_path / "ant", tmp_path / "bee"):
        (folder / "README").touch()
        (folder / "NOTES.TXT").touch()
    assert scan(tmp_path).ignored == {"file without an ending": 2, ".txt": 2}


def test_links_to_folders_are_counted_and_not_followed(tmp_path: Path) -> None:
    paint_set(tmp_path / "set", {"": 1})
    paint(tmp_path / "elsewhere" / "x.png", COLOURS[0], 9)
    (tmp_path / "set" / "ant" / "album").symlink_to(tmp_path / "elsewhere")
    found = scan(tmp_path / "set")
    assert found.ignored == {"link to a folder": 1}
    assert len(found.splits["all"]) == 2


def test_a_class_folder_may_be_a_link(tmp_path: Path) -> None:
    paint_set(tmp_path / "set", {"": 1})
    (tmp_path / "set" / "bee").rename(tmp_path / "bees")
    (tmp_path / "set" / "bee").symlink_to(tmp_path / "bees")
    assert scan(tmp_path / "set").classes == ("ant", "bee")


@pytest.mark.parametrize("kind", ["splits", "classes", "flat"])
def test_whatever_is_wrapped_is_found_one_folder_below(tmp_path: Path, kind: str) -> None:
    inner = tmp_path / "archive"
    if kind == "flat":
        for index, label in enumerate(("cat", "dog")):
            paint(inner / f"{label}.{index}.jpg", COLOURS[index], index)
    else:
        paint_set(inner, {"train" if kind == "splits" else "": 2}, ("cat", "dog"))
    found = scan(tmp_path)
    assert found.classes == ("cat", "dog")
    assert all(
        item.name.startswith("archive/") for items in found.splits.values() for item in items
    )


def test_pictures_beside_a_wrapping_folder_are_counted(tmp_path: Path) -> None:
    paint_set(tmp_path / "archive", {"": 1})
    paint(tmp_path / "loose.png", COLOURS[0], 5)
    found = scan(tmp_path)
    assert found.classes == ("ant", "bee")
    assert found.ignored == {"pictures beside archive": 1}


def test_a_lone_train_folder_is_no_wrapping_one(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 2})
    found = scan(tmp_path)
    assert list(found.splits) == ["train"]
    assert found.layout == "split folders"


def test_flat_names_are_a_class_a_number_and_a_suffix(tmp_path: Path) -> None:
    for name in ("cat.1.jpg", "cat.20.jpg", "big dog.3.png"):
        paint(tmp_path / name, COLOURS[0], len(name))
    found = scan(tmp_path)
    assert found.classes == ("big dog", "cat")
    assert [item.name for item in found.splits["all"]] == [
        "big dog.3.png",
        "cat.1.jpg",
        "cat.20.jpg",
    ]
    paint(tmp_path / "cat.one.jpg", COLOURS[0], 1)
    assert "4 pictures without a class" in refusal(tmp_path)


def test_an_unlabelled_validation_folder_is_refused(tmp_path: Path) -> None:
    """Only the test's labels are kept from people."""
    paint_set(tmp_path, {"train": 2})
    paint(tmp_path / "val" / "1.jpg", COLOURS[0], 1)
    assert f"1 pictures without a class in {tmp_path / 'val'}" in refusal(tmp_path)


def test_folders_within_folders_come_in_order(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.png", "a/3.png", "c.png", "b.png"):
        paint(tmp_path / name, COLOURS[0], 1)
    assert [path.relative_to(tmp_path).as_posix() for path in images_below(tmp_path)] == [
        *("b.png", "c.png", "a/3.png", "b/1.png", "b/2.png")
    ]


def test_class_folders(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 3}, ("cat", "dog", "owl"))
    found = scan(tmp_path)
    assert found.classes == ("cat", "dog", "owl")
    assert len(found.splits["all"]) == 9


@pytest.mark.parametrize("inside", ["", "train"])
def test_flat_layout_of_the_competition(tmp_path: Path, inside: str) -> None:
    for index in range(3):
        for label, colour in zip(("cat", "dog"), COLOURS, strict=False):
            paint(tmp_path / inside / f"{label}.{index}.jpg", colour, index)
    found = scan(tmp_path)
    assert found.classes == ("cat", "dog")
    (pictures,) = found.splits.values()
    assert pictures[0].name.split("/")[-1] == "cat.0.jpg"


def test_the_competitions_unlabelled_test_folder_is_no_test_split(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 2})
    paint(tmp_path / "test" / "1.jpg", COLOURS[0], 1)
    assert set(scan(tmp_path).splits) == {"train"}


def test_a_wrapping_folder_does_no_harm(tmp_path: Path) -> None:
    paint_set(tmp_path / "archive", {"train": 2, "val": 2})
    found = scan(tmp_path)
    assert len(found.splits["train"]) == 4
    assert found.splits["train"][0].name.startswith("archive/train/ant/")


def test_nested_folders_belong_to_their_class_and_hidden_ones_dont(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 1})
    paint(tmp_path / "ant" / "red" / "x.png", COLOURS[0], 7)
    paint(tmp_path / "ant" / ".trash" / "y.png", COLOURS[0], 8)
    paint(tmp_path / ".hidden" / "z.png", COLOURS[0], 9)
    assert len(scan(tmp_path).splits["all"]) == 3


def test_links_to_files_count_and_link_loops_dont_hang(tmp_path: Path) -> None:
    paint_set(tmp_path / "set", {"": 1})
    (tmp_path / "set" / "ant" / "linked.png").symlink_to(tmp_path / "set" / "ant" / "000.png")
    (tmp_path / "set" / "ant" / "loop").symlink_to(tmp_path / "set")
    assert len(scan(tmp_path / "set").splits["all"]) == 3


def test_other_files_are_counted_by_suffix(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 1})
    (tmp_path / "ant" / "Thumbs.db").touch()
    (tmp_path / "ant" / "a.jxl").touch()
    (tmp_path / "bee" / "b.jxl").touch()
    assert scan(tmp_path).ignored == {".jxl": 2}


def test_pictures_beside_the_class_folders_are_counted(tmp_path: Path) -> None:
    paint_set(tmp_path / "set", {"": 1})
    paint(tmp_path / "set" / "loose.png", COLOURS[0], 5)
    found = scan(tmp_path / "set")
    assert found.ignored == {"pictures outside of a class folder in set": 1}
    assert len(found.splits["all"]) == 2


def test_a_folder_named_like_a_picture_is_no_picture(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 1})
    (tmp_path / "ant" / "album.jpg").mkdir()
    paint(tmp_path / "ant" / "album.jpg" / "inside.png", COLOURS[0], 9)
    found = scan(tmp_path)
    assert found.ignored == {}
    assert [picture.name for picture in found.splits["all"]] == [
        "ant/000.png",
        "ant/album.jpg/inside.png",
        "bee/000.png",
    ]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path / "nowhere")
    assert f"found no such folder: {tmp_path / 'nowhere'}" in message
    assert message.endswith(f"Type: ls {tmp_path}")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.png", COLOURS[0], 1)
    assert "tl-catdog predict" in refusal(path)


def test_empty_folder(tmp_path: Path) -> None:
    assert ".jpg" in refusal(tmp_path)


def test_one_class_only(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 1, "validation": 1}, ("cat",))
    assert "found one: cat" in refusal(tmp_path)
    paint_set(tmp_path / "single", {"": 2}, ("dog",))
    assert "found one: dog" in refusal(tmp_path / "single")


def test_empty_class_is_named(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 1, "validation": 1})
    (tmp_path / "validation" / "bee" / "000.png").unlink()
    assert "validation/bee" in refusal(tmp_path)


def test_classes_that_differ_between_splits(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 1}, ("cat", "dog"))
    paint_set(tmp_path, {"validation": 1}, ("cat", "wolf"))
    message = refusal(tmp_path)
    assert "cat, dog" in message
    assert "cat, wolf" in message


def test_two_folders_for_one_split(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 1, "val": 1, "valid": 1})
    assert "two" in refusal(tmp_path)


def test_several_sets_in_one_folder_are_not_classes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        paint_set(tmp_path / name, {"train": 1, "validation": 1})
    assert f"--data {tmp_path / 'first'}" in refusal(tmp_path)


def test_unsorted_pictures_are_no_classes(tmp_path: Path) -> None:
    for index in range(3):
        paint(tmp_path / f"IMG_{index}.jpg", COLOURS[0], index)
    assert "3 pictures without a class" in refusal(tmp_path)


def test_holds_pictures_looks_below_but_not_at_other_files(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    assert not holds_images(tmp_path)
    assert not holds_images(tmp_path / "none")
    path = paint(tmp_path / "a" / "b" / "c.png", COLOURS[0], 1)
    assert holds_images(tmp_path)
    assert list(images_below(tmp_path)) == [path]


def test_sets_side_by_side_are_no_classes(tmp_path: Path) -> None:
    """Also if they have class folders only: ``data get`` leaves its mark in them."""
    for name in ("full", "kaggle"):
        paint_set(tmp_path / "data" / name, {"": 1})
        (tmp_path / "data" / name / SET_RECORD).write_text("{}")
    with pytest.raises(UsageError, match=r"expected one picture set, found 2 .*full, kaggle"):
        scan(tmp_path / "data")
    assert scan(tmp_path / "data" / "full").classes == ("ant", "bee")
