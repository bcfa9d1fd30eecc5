"""Folders that can't be taught are refused in a line that says what to type."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.teach.pictures import put
from tl_catdog.errors import UsageError
from tl_catdog.teach.layout import check_layout
from tl_catdog.teach.state import State


@pytest.mark.parametrize(
    "names",
    [
        ("train/a/1.png", "train/b/1.png", "c/1.png", "d/1.png"),
        ("a/train/1.png", "a/test/1.png", "b/train/1.png", "b/test/1.png"),
        ("a/x/1.png", "a/y/1.png", "b/x/1.png", "b/y/1.png"),
        ("train/1.png",),
        ("cats/1.png", "unsure/1.png"),
    ],
)
def test_what_a_training_would_refuse_or_split_is_refused(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for number, name in enumerate(names):
        put(tmp_path / name, number)
    with pytest.raises(UsageError) as caught:
        check_layout(tmp_path)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="names are text there")
def test_a_class_that_no_page_could_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"b\xff")).mkdir()
    with pytest.raises(UsageError, match="names are text"):
        check_layout(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("train/a/1.png", "train/b/1.png", "validation/a/1.png", "validation/b/1.png"),
        ("all/a/1.png", "all/b/1.png"),
        ("all/cat.1.png", "all/dog.1.png"),
    ],
)
def test_other_layouts_are_refused_and_nothing_is_left_there(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for number, name in enumerate(names):
        put(tmp_path / name, number)
    with pytest.raises(UsageError) as caught:
        State.open(tmp_path)
    assert "\n" not in str(caught.value)
    assert "tl-catdog teach" in str(caught.value)
    assert not (tmp_path / ".teach").exists()


def test_a_file_is_told_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"found none.*mkdir"):
        State.open(tmp_path / "pets")
    with pytest.raises(UsageError, match=r"found a file.*Name a folder"):
        State.open(put(tmp_path / "pets", 1))
