"""Moves that can be undone: logged before they are made, whatever stops them, and none lost."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from tests.support.journal_room import ODD, Room, rows
from tl_catdog.errors import CatdogError
from tl_catdog.journal.journal import Journal
from tl_catdog.journal.moves import Move, Moved
from tl_catdog.journal.renames import rename_to_free

RENAME = "tl_catdog.journal.journal.rename_to_free"


def test_moves_are_counted_by_action() -> None:
    moves = [Move(action, "a", "b", "") for action in ("leak", "corrupt", "leak")]
    assert list(Moved(Path(), tuple(moves), None).counts().items()) == [("corrupt", 1), ("leak", 2)]


def test_each_move_is_on_the_disk_before_it_is_made(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after any step leaves a log of all that was moved."""
    moves = room.add("1.jpg", b"one"), room.add("2.jpg", b"two")
    synced: list[int] = []
    moved: list[tuple[int, int]] = []
    fsync = os.fsync

    def spy_fsync(handle: int) -> None:
        fsync(handle)
        synced.append(os.fstat(handle).st_size)

    def spy_rename(path: Path, target: Path) -> None:
        log = room.journal.folder / "applied-1.jsonl"
        assert len(rows(log)) == 2 + len(moved)
        moved.append((log.stat().st_size, synced[-1]))
        rename_to_free(path, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(RENAME, spy_rename)
    room.apply(*moves)
    assert len(moved) == 2
    assert all(written == on_disk for written, on_disk in moved)


def test_nothing_to_move_leaves_no_trace(room: Room) -> None:
    assert room.apply() == Moved(room.base, (), None)
    assert room.apply().to_json()["log"] is None
    assert not room.journal.folder.exists()


def test_two_at_the_same_time_do_not_write_over_each_others_log(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = room.add("1.jpg", b"one"), room.add("2.jpg", b"two")
    log = room.apply(first).log
    assert log is not None
    written = log.read_bytes()
    # The other one looked for the last number before that log was there.
    monkeypatch.setattr(Journal, "_last", lambda self: 0)
    with pytest.raises(CatdogError, match="File exists"):
        room.apply(second)
    assert log.read_bytes() == written
    assert (room.data / "2.jpg").read_bytes() == b"two"


def test_a_file_on_the_way_is_never_written_over(room: Room) -> None:
    move = room.add("1.jpg", b"one")
    taken = room.base / move.target
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"mine")
    with pytest.raises(CatdogError, match="found that one can't be"):
        room.apply(move)
    assert room.files() == {"set/1.jpg": b"one", move.target: b"mine"}
    taken.unlink()
    taken.symlink_to("nowhere")
    with pytest.raises(CatdogError, match="found that one can't be"):
        room.apply(move)
    assert taken.is_symlink()
    assert (room.base / "set/1.jpg").read_bytes() == b"one"


def test_another_disk_is_an_error_that_leaves_all_where_it_was(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = room.add("1.jpg", b"one"), room.add("2.jpg", b"two"), room.add("3.jpg", b"three")
    before = room.files()

    def only_the_first(path: Path, target: Path) -> None:
        if path.name == "2.jpg":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_to_free(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(RENAME, only_the_first)
        with pytest.raises(CatdogError, match=r"move 3 pictures, .*cross-device") as caught:
            room.apply(*moves)
    assert caught.value.hint.endswith("type: tl-catdog data fix set --undo")
    # Neither lost nor doubled, and no empty file where it would have gone.
    assert room.files() == {
        "set.aside/leak/1.jpg": b"one",
        "set/2.jpg": b"two",
        "set/3.jpg": b"three",
    }
    assert [move.target for move in room.journal.undo().moves] == ["set/1.jpg"]
    assert room.files() == before


def test_names_keep_their_odd_bytes(room: Room) -> None:
    move = room.add(f"cats/{ODD}", b"odd")
    before = room.files()
    done = room.apply(move)
    assert done.log is not None
    assert rows(done.log)[1]["from"] == f"set/cats/{ODD}"
    assert room.files() == {f"set.aside/leak/cats/{ODD}": b"odd"}
    room.journal.undo()
    assert room.files() == before


def test_a_link_is_moved_itself(room: Room) -> None:
    (room.base / "real.jpg").write_bytes(b"real")
    link = room.data / "link.jpg"
    link.symlink_to(room.base / "real.jpg")
    digest = hashlib.sha256(b"real").hexdigest()
    room.apply(Move("leak", "set/link.jpg", "set.aside/leak/link.jpg", digest))
    assert (room.base / "set.aside/leak/link.jpg").is_symlink()
    assert not link.is_symlink()
    room.journal.undo()
    assert link.readlink() == room.base / "real.jpg"
