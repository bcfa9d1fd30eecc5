"""Where a file may go: free names, and what can't be moved there or put back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.journal.places import FreePaths, free_names, named, why_not_movable


def test_free_names_count_up_from_two() -> None:
    names = free_names(Path("a/b.c.jpg"))
    assert [next(names).as_posix() for _ in range(3)] == ["a/b.c.jpg", "a/b.c-2.jpg", "a/b.c-3.jpg"]


def test_a_name_of_all_the_bytes_that_a_disk_takes_is_cut_for_its_number(tmp_path: Path) -> None:
    long = "\u00e9" * 125 + ".png"
    (tmp_path / long).touch()
    path = next(path for path in free_names(tmp_path / long) if not path.exists())
    path.touch()
    assert path.name.endswith("\u00e9-2.png")


def test_free_paths_neither_exist_nor_are_given_twice(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a-2.jpg").symlink_to("nowhere")
    free = FreePaths()
    found = [free.first_free(free_names(tmp_path / "a.jpg")).name for _ in range(2)]
    assert found == ["a-3.jpg", "a-4.jpg"]
    assert free.first_free(free_names(tmp_path / "b.jpg")).name == "b.jpg"


def test_what_a_rename_cannot_do_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    target = tmp_path / "new" / "below" / "a.jpg"
    assert why_not_movable(tmp_path / "a.jpg", target, tmp_path) is None
    (tmp_path / "near.jpg").symlink_to("a.jpg")
    assert (
        why_not_movable(tmp_path / "near.jpg", target, tmp_path)
        == "a link that would lead astray from there"
    )
    (tmp_path / "far.jpg").symlink_to(tmp_path / "a.jpg")
    assert why_not_movable(tmp_path / "far.jpg", target, tmp_path) is None


@pytest.mark.skipif(not Path("/proc").exists(), reason="this system has no /proc")
def test_another_disk_is_said_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    found = why_not_movable(tmp_path / "a.jpg", Path("/proc/none/below/a.jpg"), tmp_path)
    assert found == "another disk at /proc"


def test_what_lies_behind_a_link_or_outside_stays(tmp_path: Path) -> None:
    """Moving it would take it out of another set, and ``undo`` follows no links."""
    root, other = tmp_path / "set", tmp_path / "other"
    for folder in (root, other / "deep"):
        folder.mkdir(parents=True)
    (other / "deep" / "a.jpg").touch()
    (root / "cats").symlink_to(other)
    target = tmp_path / "set.quarantine" / "a.jpg"
    found = why_not_movable(root / "cats" / "deep" / "a.jpg", target, root)
    assert found == "in another place: cats is a link"
    assert why_not_movable(other / "deep" / "a.jpg", target, root) == f"outside {root}"


def test_a_pipe_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    found = why_not_movable(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path)
    assert found == "no regular file"


def test_a_folder_is_named_as_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set" / "cats").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "set" / "cats")
    assert named(Path("..")) == tmp_path / "set"
    assert named(Path()) == tmp_path / "set" / "cats"
    assert named(Path("dogs")) == tmp_path / "set" / "cats" / "dogs"
    with pytest.raises(UsageError, match="expected a folder of pictures, found /"):
        named(Path("/"))
