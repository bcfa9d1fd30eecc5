"""Whenever moving is killed, nothing is lost, and undoing brings all of it back."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.support.journal_room import Room
from tests.support.kills import killed_at
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.journal import journal
from tl_catdog.journal.moves import Move

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


def filled(base: Path) -> tuple[Room, list[Move]]:
    base.mkdir()
    room = Room(base)
    return room, [
        room.add("cats/1.jpg", b"one"),
        room.add("cats/empty.jpg", b""),
        room.add("dogs/2.jpg", b"two"),
    ]


def test_a_kill_at_any_moment_of_moving_can_be_undone(tmp_path: Path) -> None:
    moment, cut = 0, 0
    while True:
        moment += 1
        room, moves = filled(tmp_path / str(moment))
        before = room.files()
        killed = killed_at(moment, partial(room.apply, *moves))
        there = sorted(content for content in room.files().values() if content)
        assert there == [b"one", b"two"]
        if not killed:
            break
        if room.logs():
            cut += 1
            room.journal.undo()
        else:
            with pytest.raises(UsageError):
                room.journal.undo()
        assert room.files() == before
        assert len(room.apply(*moves).moves) == 3
    assert cut > 10


def test_a_kill_at_any_moment_of_undoing_can_be_undone(tmp_path: Path) -> None:
    moment = 0
    while True:
        moment += 1
        room, moves = filled(tmp_path / str(moment))
        before = room.files()
        room.apply(*moves)
        if not killed_at(moment, room.journal.undo):
            break
        if room.logs() == ["applied-1.jsonl"]:
            room.journal.undo()
        assert room.files() == before
        assert room.logs() == ["undone-1.jsonl"]
    assert moment > 10


@pytest.mark.parametrize("kept", range(0, 400, 7))
def test_a_log_that_was_cut_anywhere_is_undone_as_far_as_it_goes(room: Room, kept: int) -> None:
    """A line is on the disk before its move, so that what is cut off can't have been moved."""
    moves = [room.add("1.jpg", b"one"), room.add("2.jpg", b"two")]
    before = room.files()
    log = room.apply(*moves).log
    assert log is not None
    text = log.read_bytes()
    lines = text[:kept].count(b"\n")
    for move in moves[max(0, lines - 1) :]:
        (room.base / move.target).rename(room.base / move.source)
    log.write_bytes(text[:kept])
    room.journal.undo()
    assert room.files() == before


def test_what_was_stopped_is_told_until_it_is_undone(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = [room.add("1.jpg", b"one"), room.add("2.jpg", b"two")]
    room.journal.check_finished()
    assert killed_at(8, lambda: room.apply(*moves))
    with pytest.raises(CatdogError, match="was stopped half-way") as caught:
        room.journal.check_finished()
    assert "type: tl-catdog data fix set --undo" in caught.value.hint
    room.journal.undo()
    room.journal.check_finished()
    room.apply(*moves)
    room.journal.check_finished()


def test_an_undo_that_was_stopped_is_told(room: Room) -> None:
    moves = [room.add("1.jpg", b"one"), room.add("2.jpg", b"two")]
    room.apply(*moves)
    journal._move(room.base / moves[1].target, room.base / moves[1].source)
    with pytest.raises(CatdogError, match="was stopped half-way"):
        room.journal.check_finished()


def test_what_an_older_version_left_counts_as_finished(room: Room) -> None:
    """Its log doesn't say how many moves there were to be."""
    move = room.add("1.jpg", b"one")
    log = room.apply(move).log
    assert log is not None
    log.write_text(log.read_text().replace(', "moves": 1', ""))
    journal._move(room.base / move.target, room.base / move.source)
    room.journal.check_finished()


def test_two_commands_do_not_move_pictures_of_one_set_at_once(room: Room) -> None:
    moves = [room.add("1.jpg", b"one"), room.add("2.jpg", b"two")]
    with room.journal._alone():
        for work in (partial(room.apply, moves[0]), room.journal.undo):
            with pytest.raises(CatdogError, match=r"no other command moves the pictures of .*set"):
                work()
    assert len(room.apply(*moves).moves) == 2


def test_what_another_command_has_moved_meanwhile_is_told_before_anything_moves(
    room: Room,
) -> None:
    moves = [room.add("1.jpg", b"one"), room.add("2.jpg", b"two")]
    (room.data / "2.jpg").unlink()
    with pytest.raises(CatdogError, match=r"set/2\.jpg gone\); nothing was moved"):
        room.apply(*moves)
    assert (room.data / "1.jpg").exists()
    assert room.logs() == []
