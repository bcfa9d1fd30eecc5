"""A folder's rows are the pictures that ``predict`` and ``train`` find in it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from tests.conftest import paint, paint_set
from tl_catdog.data.folders import images_below
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import ImageError
from tl_catdog.shards.folder import FolderSource
from tl_catdog.shards.rows import Row


def test_all_pictures_are_listed_in_the_order_of_predict(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 3, "": 2})
    (tmp_path / "notes.txt").write_text("x")
    source = FolderSource(tmp_path, "predict")
    rows = list(source.rows())
    assert [tmp_path / row.path for row in rows] == list(images_below(tmp_path, follow=True))
    assert source.remarks == [("left-out", "1 × .txt")]
    assert {(row.label, row.split) for row in rows} == {
        ("ant", None), ("bee", None), ("ant", "train"), ("bee", "train")
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["features", "check"])
def test_labelled_pictures_have_the_splits_and_classes_of_a_training(
    kind: str, tmp_path: Path
) -> None:
    paint_set(tmp_path, {"train": 3, "validation": 2})
    rows = list(FolderSource(tmp_path, kind).rows())
    expected = load_training_set(tmp_path)
    assert [(row.path, row.label, row.split) for row in rows] == [
        (example.name, example.label, example.split)
        for split in expected.splits
        for example in expected.split(split)
    ]


@pytest.mark.parametrize("kind", ["features", "check"])
def test_a_folder_without_classes_gives_all_pictures_and_says_so(kind: str, tmp_path: Path) -> None:
    paint(tmp_path / "one.png", (200, 0, 0), 1)
    source = FolderSource(tmp_path, kind)
    assert [(row.path, row.label) for row in source.rows()] == [("one.png", None)]
    assert source.remarks[0][0] == "layout"


def test_a_name_that_is_no_utf8_is_read_by_its_bytes(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff.png")
    paint(tmp_path / "one.png", (200, 0, 0), 1).rename(odd)
    (row,) = FolderSource(tmp_path, "predict").rows()
    assert row.path == "odd\\xff.png"
    assert FolderSource(tmp_path, "predict").read(row) == odd.read_bytes()


def test_a_file_that_is_written_again_has_another_version(tmp_path: Path) -> None:
    path = paint(tmp_path / "one.png", (200, 0, 0), 1)
    before = list(FolderSource(tmp_path, "predict").rows())
    os.utime(path, ns=(1, 1))
    assert list(FolderSource(tmp_path, "predict").rows()) != before


@pytest.mark.parametrize("name", ["../secret.png", "a/../../secret.png", "/etc/passwd"])
def test_a_listing_of_a_stranger_reads_nothing_outside(name: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="leads out"):
        FolderSource(tmp_path, "predict").read(Row(name))


def test_a_file_that_has_vanished_is_an_error_of_its_row(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        FolderSource(tmp_path, "predict").read(Row("gone.png"))


def test_a_source_can_be_sent_to_another_machine(tmp_path: Path) -> None:
    path = paint(tmp_path / "one.png", (200, 0, 0), 1)
    source = pickle.loads(pickle.dumps(FolderSource(tmp_path, "predict")))
    assert source.read(Row("one.png")) == path.read_bytes()
