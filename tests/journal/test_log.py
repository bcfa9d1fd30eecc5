"""A log that anybody may have written: whatever is wrong with it is said with its line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.journal_room import Room
from tl_catdog.errors import CatdogError
from tl_catdog.journal import log as logs

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def line(source: Any, target: Any, digest: Any = A, **more: Any) -> dict[str, Any]:
    return {"action": "leak", "from": source, "to": target, "sha256": digest, **more}


def write(room: Room, *rows: Any, data: Any = None) -> Path:
    room.journal.folder.mkdir()
    path = room.journal.folder / "applied-1.jsonl"
    head = {"for": "a test", "data": str(room.data) if data is None else data}
    path.write_text("".join(json.dumps(row) + "\n" for row in (head, *rows)))
    return path


def problem(room: Room, path: Path) -> str:
    """Return what is wrong with a log, which undoing says, too, before it moves anything."""
    before = room.files()
    with pytest.raises(CatdogError) as caught:
        logs.read_log(path, room.journal.area)
    with pytest.raises(CatdogError) as again:
        room.journal.undo()
    assert again.value.message == caught.value.message
    assert room.files() == before
    assert str(path) in caught.value.message
    assert caught.value.message.endswith("; nothing was moved.")
    return caught.value.message.partition("can't be undone: ")[2]


def test_a_log_of_an_older_version_is_read(room: Room) -> None:
    path = write(room, line("set/a.jpg", "set.aside/leak/a.jpg"))
    found = logs.read_log(path, room.journal.area)
    assert [move.target for move in found.moves] == ["set.aside/leak/a.jpg"]
    assert found.planned is None


def test_how_many_moves_were_planned_is_read(room: Room) -> None:
    room.apply(room.add("1.jpg", b"one"), room.add("2.jpg", b"two"))
    path = room.journal.folder / "applied-1.jsonl"
    assert logs.read_log(path, room.journal.area).planned == 2


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("../outside.jpg", "set.aside/leak/a.jpg"),
        ("set/../../outside.jpg", "set.aside/leak/a.jpg"),
        ("/outside.jpg", "set.aside/leak/a.jpg"),
        ("other/a.jpg", "set.aside/leak/a.jpg"),
        ("set", "set.aside/leak/a.jpg"),
        ("", "set.aside/leak/a.jpg"),
        (".", "set.aside/leak/a.jpg"),
        ("set.aside/a.jpg", "set.aside/leak/a.jpg"),
        ("set/a.jpg", "../outside.jpg"),
        ("set/a.jpg", "set.aside/../outside.jpg"),
        ("set/a.jpg", "/outside.jpg"),
        ("set/a.jpg", "set.other/leak/a.jpg"),
        ("set/a.jpg", "set.aside"),
        ("set/a\0.jpg", "set.aside/leak/a.jpg"),
        ("set/\ud800.jpg", "set.aside/leak/a.jpg"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(room: Room, source: str, target: str) -> None:
    fine = line("set/b.jpg", "set.aside/leak/b.jpg")
    found = problem(room, write(room, fine, line(source, target)))
    assert found.startswith("line 3 has a path ")


@pytest.mark.parametrize(
    "row",
    [
        [],
        "set/a.jpg",
        7,
        None,
        {"action": "leak"},
        line(["set/a.jpg"], "set.aside/a.jpg"),
        line("set/a.jpg", None),
        line("set/a.jpg", "set.aside/a.jpg", "abc"),
        line("set/a.jpg", "set.aside/a.jpg", A.upper()),
        line("set/a.jpg", "set.aside/a.jpg", 1),
        line("set/a.jpg", "set.aside/a.jpg", link=7),
    ],
)
def test_a_line_that_is_no_move_is_refused(room: Room, row: Any) -> None:
    assert problem(room, write(room, row)).startswith("line 2 has no ")


@pytest.mark.parametrize("text", ["nonsense", "[" * 100_000, '{"a": NaN', "9" * 5_000, "\0"])
def test_a_line_that_is_no_json_is_refused(room: Room, text: str) -> None:
    path = write(room)
    with path.open("a") as file:
        file.write(f"{text}\n")
    assert problem(room, path).startswith("line 2 has no JSON")


@pytest.mark.parametrize("data", ["/etc", "", 7, ["set"], "set/..", "/x/set/cats"])
def test_a_log_of_another_folder_is_refused(room: Room, data: Any) -> None:
    path = write(room, line("set/a.jpg", "set.aside/a.jpg"), data=data)
    assert "folder of pictures" in problem(room, path)


@pytest.mark.parametrize(
    ("other", "lines"),
    [
        (line("set/a.jpg", "set.aside/b.jpg"), "line 3 has 'set/a.jpg', which line 2 "),
        (line("set/b.jpg", "set.aside/a.jpg"), "line 3 has 'set.aside/a.jpg', which line 2 "),
        (line("set/b.jpg", "set/a.jpg"), "line 3 has 'set/a.jpg', which line 2 "),
        (line("set/a.jpg/b.jpg", "set.aside/b.jpg"), "line 3 has 'set/a.jpg/b.jpg', which line 2 "),
        (line("set/b.jpg", "set/./a.jpg"), "line 3 has 'set/./a.jpg', which line 2 "),
    ],
)
def test_moves_in_each_others_way_are_refused(
    room: Room, other: dict[str, Any], lines: str
) -> None:
    path = write(room, line("set/a.jpg", "set.aside/a.jpg"), other)
    assert problem(room, path).startswith(lines)


def test_a_file_where_another_needs_a_folder_is_refused(room: Room) -> None:
    path = write(room, line("set/a/b.jpg", "set.aside/b.jpg"), line("set/a", "set.aside/a"))
    assert problem(room, path).startswith("line 3 has 'set/a', which line 2 ")


def test_no_pipe_device_link_or_folder_is_read(room: Room, tmp_path: Path) -> None:
    path = write(room)
    path.unlink()
    os.mkfifo(path)
    assert problem(room, path) == "it is no regular file; nothing was moved."
    path.unlink()
    path.symlink_to("/dev/zero")
    assert problem(room, path) == "it is no regular file; nothing was moved."
    path.unlink()
    path.mkdir()
    assert problem(room, path) == "it is no regular file; nothing was moved."


def test_a_log_without_end_is_refused_unread(room: Room) -> None:
    path = write(room)
    with path.open("ab") as file:
        file.truncate(logs.LARGEST + 1)
    assert problem(room, path).startswith("it is more than 268,435,456 bytes")


def test_a_line_without_end_is_refused(room: Room) -> None:
    path = write(room)
    with path.open("a") as file:
        file.write(" " * logs.LONGEST)
    assert "a line of more than 131,072 bytes, line 2" in problem(room, path)
