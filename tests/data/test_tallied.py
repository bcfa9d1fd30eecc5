"""A folder of very many pictures is listed as a training finds it, and isn't held."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tl_catdog.data.labelling import labelled
from tl_catdog.data.tallied import tallied

LAYOUTS: dict[str, Sequence[str]] = {
    "classes": ["cat/2.jpg", "cat/1.jpg", "dog/b/3.png", "dog/a/4.png", "dog/5.png", "notes.txt"],
    "splits": ["train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "val/dog/4.jpg"],
    "split classes": ["cat/train/1.jpg", "cat/val/2.jpg", "dog/train/3.jpg", "dog/val/4.jpg"],
    "names": ["cat.1.jpg", "dog.1.jpg", "cat.0.jpg", "x/readme.md"],
    "names within classes": ["cat/dog.1.jpg", "cat/cat.2.jpg", "cat/0.jpg", "dog/dog.1.jpg"],
    "two spellings": ["train/Cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg", "test/dog/4.jpg"],
    "wrapped": ["set/images/cat/1.jpg", "set/images/dog/2.jpg", "set/masks/cat/1.jpg"],
    "masks": ["cat/images/1.jpg", "cat/masks/1.jpg", "dog/images/2.jpg", "dog/masks/2.jpg"],
    "an empty class": ["cat/1.jpg", "dog/2.jpg", "bird/readme.txt"],
}


def made(root: Path, names: Sequence[str]) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    return root


def same(root: Path) -> None:
    """Hold what is tallied to what a training finds."""
    found, expected = tallied(root), labelled(root).folder
    assert found is not None
    assert found.ignored == expected.ignored
    assert found.notes == expected.notes
    files = [(split, item) for split, items in expected.splits.items() for item in items]
    assert list(found.images()) == files


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_is_what_a_training_finds(layout: str, tmp_path: Path) -> None:
    same(made(tmp_path / "set", LAYOUTS[layout]))


def test_links_and_names_that_are_no_text_as_well(tmp_path: Path) -> None:
    root = made(tmp_path / "set", LAYOUTS["classes"])
    made(tmp_path / "elsewhere", ["9.jpg"])
    (root / "cat" / "more").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "linked.jpg").symlink_to(tmp_path / "elsewhere" / "9.jpg")
    (root / "dog" / "without an ending").write_bytes(b"\xff\xd8\xff\xe0")
    with contextlib.suppress(OSError):  # macOS has no such names
        (root / "dog" / os.fsdecode(b"\xff.jpg")).touch()
    same(root)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may enter all folders")
def test_a_folder_that_cant_be_listed_as_well(tmp_path: Path) -> None:
    root = made(tmp_path / "set", LAYOUTS["classes"])
    (root / "dog" / "a").chmod(0)
    try:
        same(root)
    finally:
        (root / "dog" / "a").chmod(0o700)


@pytest.mark.parametrize("names", [["1.jpg", "2.jpg"], ["cat/1.jpg"], ["cat/1.jpg", "labels.csv"]])
def test_what_has_no_layout_or_a_table_is_left_to_the_training(
    names: Sequence[str], tmp_path: Path
) -> None:
    assert tallied(made(tmp_path / "set", names)) is None
