"""Finding pictures: every usual layout is understood, every wrong one named."""

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
    (tmp_path / "ant" / "a.heic").touch()
    (tmp_path / "bee" / "b.heic").touch()
    assert scan(tmp_path).ignored == {".db": 1, ".heic": 2}


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
    assert "nowhere" in refusal(tmp_path / "nowhere")


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
