"""A split kept in a file: written, read, applied to the folder again, refused where it's none."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import COLOURS, paint, paint_set
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.sets import load_set, load_training_set
from tl_catdog.data.split_file import (
    apply_split,
    check_split,
    check_unchanged,
    from_csv,
    to_csv,
)
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.files import write_text

ODD_NAMES = ('new\nline, "quoted" ünï.png', "return\rhere.png", os.fsdecode(b"caf\xe9 \xff.png"))


def splits_of(images: ImageSet) -> dict[str, str]:
    return {example.name: example.split for example in images.examples}


def split_file(file: Path, images: ImageSet) -> Path:
    write_text(file, to_csv(images))
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return paint_set(tmp_path / "set", {"": 4})


def test_a_row_is_split_class_hash_and_name(root: Path) -> None:
    first = load_set(root).examples[0]
    lines = to_csv(load_training_set(root)).split("\r\n")
    assert lines[0] == "split,label,sha256,name"
    assert f"train,ant,{first.digest},ant/000.png" in lines
    assert len(lines) == 1 + 8 + 1


def test_the_saved_split_comes_back_with_odd_names(root: Path) -> None:
    for number, name in enumerate(ODD_NAMES):
        paint(root / "ant" / name, COLOURS[0], 50 + number)
    found = load_training_set(root, validation_fraction=0.5)
    assert {f"ant/{name}" for name in ODD_NAMES} < set(splits_of(found))
    back = from_csv(to_csv(found), root, found.classes, drawn=True)
    assert back.examples == found.examples
    assert back.fingerprint == found.fingerprint
    assert (back.root, back.classes, back.drawn) == (root, ("ant", "bee"), True)
    assert not from_csv(to_csv(found), root, found.classes, drawn=False).drawn


def test_a_file_brings_the_split_back_with_odd_names(root: Path, tmp_path: Path) -> None:
    for number, name in enumerate(ODD_NAMES):
        paint(root / "ant" / name, COLOURS[0], 50 + number)
    found = load_training_set(root, seed=3, validation_fraction=0.5)
    again = apply_split(load_set(root), split_file(tmp_path / "split.csv", found))
    assert splits_of(again) == splits_of(found)
    assert again.ignored == {}
    assert again.layout == "split by split.csv"


def test_pictures_are_told_by_their_content_not_their_names(root: Path, tmp_path: Path) -> None:
    found = load_training_set(root, seed=1, validation_fraction=0.5)
    file = split_file(tmp_path / "split.csv", found)
    by_digest = {example.digest: example.split for example in found.examples}
    for path in sorted(root.glob("*/*")):
        path.rename(path.with_name(f"z{path.name}"))
    again = apply_split(load_set(root), file)
    assert {example.digest: example.split for example in again.examples} == by_digest


def test_a_split_for_people_holds_no_formulas_and_is_read_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for label in ("=1+1", "'=1+1"):
        (root / label).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (8, 8), (40 * number, len(label), 0)).save(
                root / label / f"-{number}.png"
            )
    found = load_training_set(root, seed=1, validation_fraction=0.5)
    grouped = [replace(item, group=f"@{item.path.stem}") for item in found.examples]
    found = replace(found, examples=tuple(grouped))
    file = tmp_path / "split.csv"
    file.write_text(to_csv(found, for_people=True), newline="")
    with file.open(newline="") as table:
        cells = [cell for row in csv.reader(table) for cell in row]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "-", "@")]
    again = apply_split(load_set(root), file)
    assert {(item.name, item.split, item.group) for item in again.examples} == {
        (item.name, item.split, item.group) for item in found.examples
    }


def test_of_identical_pictures_each_gets_the_split_of_its_own_row(
    root: Path, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        (root / "ant" / name).write_bytes((root / "ant" / "000.png").read_bytes())
    loaded = load_set(root)
    splits = {"ant/000.png": "validation", "ant/b.png": "test", "bee/000.png": "validation"}
    rows = [
        f"{splits.get(item.name, 'train')},{item.label},{item.digest},{item.name}"
        for item in loaded.examples
    ]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["split,label,sha256,name", *reversed(rows)]) + "\n")
    assert splits_of(apply_split(loaded, file)) == {
        item.name: splits.get(item.name, "train") for item in loaded.examples
    }


def test_pictures_that_cannot_be_read_are_told_by_their_names(root: Path, tmp_path: Path) -> None:
    """Neither has a hash, and they are no copies of each other for that."""
    for name in ("ant/one.jpg", "bee/two.jpg"):
        (root / name).symlink_to("nowhere")
    loaded = load_set(root)
    assert [e.digest for e in loaded.examples if e.path.is_symlink()] == [UNREADABLE] * 2
    splits = {"ant/one.jpg": "train", "bee/two.jpg": "validation", "ant/000.png": "validation"}
    lines = [
        f"{splits.get(item.name, 'train')},{item.label},{item.digest},{item.name}"
        for item in loaded.examples
    ]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["split,label,sha256,name", *lines]) + "\n")
    found = splits_of(apply_split(loaded, file))
    assert (found["ant/one.jpg"], found["bee/two.jpg"]) == ("train", "validation")
    (root / "bee" / "two.jpg").unlink()
    with pytest.raises(CatdogError, match=r"found bee/two\.jpg gone or changed"):
        apply_split(load_set(root), file)


def test_pictures_that_the_file_does_not_name_are_left_out_and_counted(
    root: Path, tmp_path: Path
) -> None:
    (root / "ant" / "notes.txt").touch()
    found = load_training_set(root)
    file = split_file(tmp_path / "split.csv", found)
    for number in range(2):
        paint(root / "bee" / f"new{number}.png", COLOURS[1], 70 + number)
    again = apply_split(load_set(root), file)
    assert splits_of(again) == splits_of(found)
    assert again.ignored == {".txt": 1, "pictures that split.csv doesn't name": 2}


def test_pictures_that_are_gone_or_changed_are_named_and_counted(
    root: Path, tmp_path: Path
) -> None:
    file = split_file(tmp_path / "split.csv", load_training_set(root))
    (root / "ant" / "002.png").unlink()
    with pytest.raises(CatdogError, match=r"found ant/002\.png gone or changed") as caught:
        apply_split(load_set(root), file)
    assert f"tl-catdog data split {root}" in caught.value.hint
    paint(root / "bee" / "001.png", COLOURS[1], 99)
    with pytest.raises(CatdogError, match=r"found ant/002\.png and 1 more gone or changed"):
        apply_split(load_set(root), file)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_file_without_training_or_validation_pictures_of_a_class_is_refused(
    root: Path, tmp_path: Path, split: str
) -> None:
    other = "validation" if split == "train" else "train"
    lines = [
        f"{other if item.label == 'bee' or item.path.stem == '000' else split},"
        f"{item.label},{item.digest},{item.name}"
        for item in load_set(root).examples
    ]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["split,label,sha256,name", *lines]) + "\n")
    with pytest.raises(UsageError, match="pictures of 'bee' for train, validation, found 4 in"):
        apply_split(load_set(root), file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n", "found 'a', 'b'"),
        ("", "found nothing"),
        ("label,split,sha256,name\ncats,train,00,x.jpg\n", "found 'label', 'split'"),
        ("split,label,sha256,name\nholiday,cats,00,x.jpg\n", "in line 2, found 'holiday'"),
        ("split,label,sha256,name\nall,cats,00,x.jpg\n", "found 'all'"),
        ("split,label,sha256,name\ntrain,cats\n", "in line 2"),
        ("split,label,sha256,name\ntrain,cats,00,x.jpg\n,cats,00,y.jpg\n", "in line 3"),
    ],
)
def test_what_is_no_split_file_is_refused(root: Path, text: str, problem: str) -> None:
    file = root.with_name("mine.csv")
    file.write_text(text)
    with pytest.raises(UsageError, match=problem) as caught:
        apply_split(load_set(root), file)
    assert caught.value.hint == "Type: tl-catdog data split DIR"
    assert "\n" not in str(caught.value)


def test_a_split_file_that_cannot_be_read_is_named(root: Path) -> None:
    for file in (root, root / "none.csv"):
        with pytest.raises(UsageError, match="can't be read"):
            apply_split(load_set(root), file)


def test_a_picture_that_changed_since_is_noticed(root: Path) -> None:
    examples = load_set(root).examples
    check_unchanged(examples)
    paint(examples[-1].path, COLOURS[2], 1)
    with pytest.raises(CatdogError, match=r"found one changed: .*bee/003\.png"):
        check_unchanged(examples)
    examples[-1].path.unlink()
    with pytest.raises(CatdogError, match=r"found one gone: .*bee/003\.png"):
        check_unchanged(examples)


def test_a_split_without_a_class_says_how_many_pictures_there_are() -> None:
    def example(split: str, label: str) -> Example:
        return Example(Path("x"), "x", label, split, "00")

    examples = [example("train", "ant"), example("validation", "ant"), example("test", "bee")]
    examples += [example("train", "bee")] * 3
    root = Path("set")
    check_split(examples, ("ant", "bee"), root, ("train",))
    check_split([*examples, example("validation", "bee")], ("ant", "bee"), root, ("validation",))
    with pytest.raises(UsageError) as caught:
        check_split(examples, ("ant", "bee"), root, ("train", "validation"))
    # The one in the test split is none of these.
    assert "pictures of 'bee' for train, validation, found 3 in set" in caught.value.message
    assert caught.value.hint == "Add pictures of 'bee', or type: ls set"


def test_groups_are_kept_and_files_without_them_are_as_ever(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 6})
    for path in root.rglob("*.png"):
        path.rename(path.with_name(f"{'ab, c'[int(path.stem) % 2 :]}_{path.name}"))
    plain = load_training_set(root)
    assert to_csv(plain).startswith("split,label,sha256,name\r\n")

    found = load_training_set(root, Labelling(group_by="{group}_{number}"))
    text = to_csv(found)
    assert text.startswith("split,label,sha256,name,group\r\n")
    back = from_csv(text, root, found.classes, drawn=False)
    assert back.examples == found.examples
    assert len({example.group for example in back.examples}) == 2
    again = apply_split(load_set(root), split_file(tmp_path / "split.csv", found))
    assert again.examples == found.examples
    # Groups that are asked for now go before those of the file.
    subfolder = apply_split(
        load_set(root, Labelling(group_by=r"pattern:^(ant|bee)/")), tmp_path / "split.csv"
    )
    assert {example.group for example in subfolder.examples} == {"ant", "bee"}


def test_a_class_with_too_few_groups_is_named_with_what_to_do() -> None:
    examples = [
        Example(Path(f"{n}"), f"{n}", label, "train", f"{label}{n}", group)
        for label, group in (("ant", "Tom"), ("bee", ""))
        for n in range(5)
    ]
    with pytest.raises(UsageError) as caught:
        check_split(examples, ("ant", "bee"), Path("set"), ("train", "validation"))
    assert "'ant' of 2 groups or more" in caught.value.message
    assert "found 5 of 1 in set, such as 0." in caught.value.message
    assert "--group-by" in caught.value.hint
    bees = [example for example in examples if example.label == "bee"]
    with pytest.raises(UsageError, match="enough different pictures of 'bee'"):
        check_split(bees, ("bee",), Path("set"), ("train", "validation"))
