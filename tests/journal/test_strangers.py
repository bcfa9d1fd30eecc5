"""A log, a set and what was put aside may all be a stranger's: nothing outside them is touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.journal_room import Room, rows
from tl_catdog.errors import CatdogError
from tl_catdog.journal.journal import Journal
from tl_catdog.journal.moves import Move


@pytest.fixture
def applied(room: Room) -> Room:
    """Two files that were put aside."""
    room.apply(room.add("cats/1.jpg", b"one"), room.add("cats/2.jpg", b"two"))
    return room


def aside(room: Room, name: str = "1.jpg") -> Path:
    return room.base / "set.aside" / "leak" / "cats" / name


def refused(room: Room, message: str) -> None:
    """Undo, which has to say why it can't and leave everything as it is."""
    before = room.files()
    with pytest.raises(CatdogError, match=message) as caught:
        room.journal.undo()
    assert "nothing was moved" in caught.value.message
    assert room.files() == before
    assert "applied-1.jsonl" in room.logs()


def other_bytes(path: Path) -> None:
    path.write_bytes(b"another")


def a_link(path: Path) -> None:
    there = path.parents[3] / "there.jpg"
    shutil.copy(path, there)
    path.unlink()
    path.symlink_to(there)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other_bytes, "changed"),
        (a_link, "a link"),
        (a_pipe, "another kind of thing"),
        (a_folder, "another kind of thing"),
    ],
)
def test_what_is_not_the_file_of_the_log_stays(
    applied: Room, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(aside(applied))
    refused(applied, rf"cats/1\.jpg {said}; nothing was moved")


def test_the_hint_names_the_line(applied: Room) -> None:
    other_bytes(aside(applied))
    with pytest.raises(CatdogError) as caught:
        applied.journal.undo()
    assert f"its line, 2, out of {applied.journal.folder / 'applied-1.jsonl'}" in caught.value.hint


def test_a_link_on_the_way_back_is_refused(applied: Room, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (applied.data / "cats").rmdir()
    (applied.data / "cats").symlink_to(elsewhere)
    refused(applied, "found a link: .*set/cats")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["leak/cats", "leak", ""])
def test_a_link_on_the_way_to_what_was_put_aside_is_refused(
    applied: Room, tmp_path: Path, name: str
) -> None:
    folder = (applied.base / "set.aside" / name).parent / Path("set.aside", name).name
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    refused(applied, "found a link: .*set.aside")


def test_a_log_cannot_be_moved_by_a_log(applied: Room) -> None:
    log = applied.journal.folder / "applied-1.jsonl"
    other = applied.journal.folder / "undone-7.jsonl"
    other.write_bytes(b"one")
    first, second, _ = rows(log)
    second["to"] = "set.aside/undone-7.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in (first, second)))
    refused(applied, r"found a log: .*undone-7\.jsonl")


def test_no_empty_file_is_deleted_unless_its_picture_is_there(applied: Room) -> None:
    """An empty file at the target is what a cut move has reserved, if the log is honest."""
    aside(applied).unlink()
    aside(applied).touch()
    (applied.data / "cats" / "1.jpg").write_bytes(b"another")
    refused(applied, r"set/cats/1\.jpg changed")
    assert aside(applied).exists()


def test_a_set_that_was_put_elsewhere_with_what_was_put_aside_is_undone(
    applied: Room, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    for name in ("set", "set.aside"):
        (applied.base / name).rename(new / name)
    journal = Journal(new / "set.aside", new / "set", ".aside", "undo")
    assert len(journal.undo().moves) == 2
    assert (new / "set" / "cats" / "1.jpg").read_bytes() == b"one"


def test_a_plan_that_leads_outside_is_not_carried_out(room: Room) -> None:
    (room.base / "outside.jpg").write_bytes(b"mine")
    fine, other = room.add("1.jpg", b"one"), room.add("2.jpg", b"two")
    before = room.files()
    for source, target in (
        ("set/../outside.jpg", "set.aside/leak/a.jpg"),
        ("outside.jpg", "set.aside/leak/a.jpg"),
        (other.source, "outside/1.jpg"),
    ):
        with pytest.raises(CatdogError, match=r"a path outside .*; nothing was moved"):
            room.apply(fine, Move("leak", source, target, other.digest))
    assert room.files() == before
    assert room.logs() == []


def test_no_log_is_written_behind_a_link(room: Room, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    room.journal.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CatdogError, match=r"a link: .*set\.aside.*nothing was moved"):
        room.apply(room.add("1.jpg", b"one"))
    assert list((tmp_path / "elsewhere").iterdir()) == []
