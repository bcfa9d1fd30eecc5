"""Undoing: what was moved comes back, in order, whatever stood in its way or cut it off."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from tests.support.journal_room import Room, rows
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.journal.moves import Move
from tl_catdog.journal.renames import rename_to_free


def test_files_are_moved_and_the_log_says_which(room: Room) -> None:
    moves = room.add("cats/1.jpg", b"one"), room.add("dogs/2.jpg", b"two")
    done = room.apply(*moves)
    assert room.files() == {
        "set.aside/leak/cats/1.jpg": b"one",
        "set.aside/leak/dogs/2.jpg": b"two",
    }
    assert (done.base, done.moves) == (room.base, moves)
    assert done.log == room.base / "set.aside" / "applied-1.jsonl"
    first, *others = rows(done.log)
    assert first == {"for": "a test", "data": str(room.data), "moves": 2}
    assert others == [
        {"action": "leak", "from": move.source, "to": move.target, "sha256": move.digest}
        for move in moves
    ]
    assert done.to_json() == {"base": str(room.base), "moved": others, "log": str(done.log)}


def test_undo_brings_everything_back_as_it_was(room: Room) -> None:
    moves = [room.add(f"cats/{number}.jpg", b"%d" % number) for number in range(3)]
    before = room.files()
    room.apply(*moves)
    done = room.journal.undo()
    assert room.files() == before
    assert [move.source for move in done.moves] == [move.target for move in reversed(moves)]
    assert [move.target for move in done.moves] == [move.source for move in reversed(moves)]
    assert done.counts() == {"keep": 3}
    assert done.base == room.base
    assert done.log == room.journal.folder / "undone-1.jsonl"
    assert room.logs() == ["undone-1.jsonl"]


def test_empty_files_are_moved_and_brought_back(room: Room) -> None:
    moves = room.add("empty.jpg", b""), room.add("full.jpg", b"full")
    before = room.files()
    room.apply(*moves)
    assert set(room.files()) == {"set.aside/leak/empty.jpg", "set.aside/leak/full.jpg"}
    assert len(room.journal.undo().moves) == 2
    assert room.files() == before


def test_the_last_two_applies_are_undone_one_by_one_newest_first(room: Room) -> None:
    first, second = room.add("1.jpg", b"one"), room.add("2.jpg", b"two")
    before = room.files()
    room.apply(first)
    log = room.journal.folder / "applied-1.jsonl"
    kept = log.read_bytes()
    room.apply(second)
    assert room.logs() == ["applied-1.jsonl", "applied-2.jsonl"]
    assert log.read_bytes() == kept
    assert [move.target for move in room.journal.undo().moves] == ["set/2.jpg"]
    assert room.logs() == ["applied-1.jsonl", "undone-2.jsonl"]
    assert [move.target for move in room.journal.undo().moves] == ["set/1.jpg"]
    assert room.files() == before
    assert room.logs() == ["undone-1.jsonl", "undone-2.jsonl"]
    with pytest.raises(UsageError, match="something to undo") as caught:
        room.journal.undo()
    assert caught.value.hint == "Type: tl-catdog data fix set"


def test_no_log_is_ever_written_over(room: Room) -> None:
    move = room.add("1.jpg", b"one")
    for number in (1, 2, 3):
        assert room.apply(move).log == room.journal.folder / f"applied-{number}.jsonl"
        room.journal.undo()
    assert room.logs() == ["undone-1.jsonl", "undone-2.jsonl", "undone-3.jsonl"]
    # The tenth comes after the ninth, whatever their names' order is.
    for _ in range(7):
        room.apply(move)
        room.journal.undo()
    room.apply(move)
    assert "applied-11.jsonl" in room.logs()


def test_other_files_beside_the_logs_are_no_logs(room: Room) -> None:
    room.journal.folder.mkdir()
    for name in ("applied-7.jsonl.bak", "my-applied-8.jsonl", "applied-x.jsonl"):
        (room.journal.folder / name).write_text("mine")
    done = room.apply(room.add("1.jpg", b"one"))
    assert done.log is not None
    assert done.log.name == "applied-1.jsonl"


def test_another_disk_on_the_way_back_keeps_the_rest_to_be_undone(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = room.add("1.jpg", b"one"), room.add("2.jpg", b"two")
    before = room.files()
    room.apply(*moves)

    def all_but_the_first(path: Path, target: Path) -> None:
        if path.name == "1.jpg":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_to_free(path, target)

    with monkeypatch.context() as patch:
        patch.setattr("tl_catdog.journal.journal.rename_to_free", all_but_the_first)
        with pytest.raises(CatdogError, match="move 2 pictures back") as caught:
            room.journal.undo()
    assert caught.value.hint == "Put that right, then type: tl-catdog data fix set --undo"
    assert room.files() == {"set.aside/leak/1.jpg": b"one", "set/2.jpg": b"two"}
    assert room.logs() == ["applied-1.jsonl"]
    assert len(room.journal.undo().moves) == 1
    assert room.files() == before


@pytest.mark.parametrize("content", [b"one", b""])
@pytest.mark.parametrize("reserved", [False, True])
def test_a_move_that_was_cut_off_before_it_was_made_is_undone(
    room: Room, reserved: bool, content: bytes
) -> None:
    """The log is a line ahead of the files; an empty file may be at the target."""
    made, planned = room.add("1.jpg", b"done"), room.add("2.jpg", content)
    before = room.files()
    log = room.apply(made).log
    assert log is not None
    with log.open("a") as file:
        row = {"action": "leak", "from": planned.source, "to": planned.target}
        file.write(json.dumps({**row, "sha256": planned.digest}) + "\n")
        file.write('{"action": "leak", "from": "set/3')  # its line is half written
    if reserved:
        (room.base / planned.target).touch()
    assert [move.target for move in room.journal.undo().moves] == ["set/1.jpg"]
    assert room.files() == before


def test_an_undo_that_was_cut_off_goes_on(room: Room) -> None:
    moves = room.add("1.jpg", b"one"), room.add("2.jpg", b"two"), room.add("3.jpg", b"three")
    before = room.files()
    room.apply(*moves)
    (room.base / moves[2].target).rename(room.data / "3.jpg")
    (room.data / "2.jpg").touch()  # reserved, but not moved yet
    assert [move.target for move in room.journal.undo().moves] == ["set/2.jpg", "set/1.jpg"]
    assert room.files() == before


def test_what_stands_in_the_way_of_an_undo_is_said_before_anything_moves(room: Room) -> None:
    moves = [room.add(f"{number}.jpg", b"%d" % number) for number in range(4)]
    room.apply(*moves)
    (room.data / "1.jpg").write_bytes(b"new")
    after = room.files()
    with pytest.raises(CatdogError, match=r"set/1\.jpg taken; nothing was moved") as caught:
        room.journal.undo()
    assert "applied-1.jsonl" in caught.value.hint
    (room.base / moves[2].target).unlink()
    with pytest.raises(CatdogError, match=r"leak/2\.jpg gone and 1 more such; nothing was moved"):
        room.journal.undo()
    assert room.files() == {name: data for name, data in after.items() if "2.jpg" not in name}


def test_folders_that_were_made_for_moved_files_go_and_others_stay(room: Room) -> None:
    moves = room.add("a/b/1.jpg", b"one"), room.add("a/c/2.jpg", b"two")
    room.apply(*moves)
    (room.journal.folder / "leak" / "a" / "c" / "mine.txt").write_text("mine")
    room.journal.undo()
    left = sorted(path.relative_to(room.base).as_posix() for path in room.base.rglob("*"))
    assert left == [
        "set",
        "set.aside",
        "set.aside/leak",
        "set.aside/leak/a",
        "set.aside/leak/a/c",
        "set.aside/leak/a/c/mine.txt",
        "set.aside/undone-1.jsonl",
        "set/a",
        "set/a/b",
        "set/a/b/1.jpg",
        "set/a/c",
        "set/a/c/2.jpg",
    ]


def test_a_folder_of_the_data_that_becomes_empty_again_stays(room: Room) -> None:
    """Pictures that were moved to another class may have been its first."""
    move = room.add("cats/1.jpg", b"one")
    relabelled = Move("dogs", move.source, "set/dogs/1.jpg", move.digest)
    room.apply(relabelled)
    room.journal.undo()
    assert (room.data / "dogs").is_dir()


@pytest.mark.parametrize(
    "text", ["nonsense\n", '{"for": "a test"}\n', '{"data": "/set"}\n{"action": "leak"}\n', "[]\n"]
)
def test_a_log_that_cannot_be_read_is_named(room: Room, text: str) -> None:
    room.journal.folder.mkdir()
    (room.journal.folder / "applied-4.jsonl").write_text(text)
    with pytest.raises(CatdogError, match=r"expected a log of moves, found .*applied-4\.jsonl"):
        room.journal.undo()


def test_a_log_of_nothing_is_undone(room: Room) -> None:
    """A power cut may come before its first line."""
    room.journal.folder.mkdir()
    (room.journal.folder / "applied-1.jsonl").touch()
    assert room.journal.undo().moves == ()
    assert room.logs() == ["undone-1.jsonl"]
