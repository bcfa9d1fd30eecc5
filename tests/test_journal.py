"""Moves that can be undone: logged before they are made, whatever stops them, and none lost."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.journal import (
    FreePaths,
    Journal,
    Move,
    Moved,
    free_names,
    why_not_movable,
)

ODD = os.fsdecode(b"caf\xe9 \xff\n.jpg")


class Room:
    """A data folder with files, and moves to a folder beside it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.data = base / "set"
        self.data.mkdir()
        self.journal = Journal(base / "set.aside", "tl-catdog data fix set --undo", ".aside")

    def add(self, name: str, content: bytes) -> Move:
        """Write a file; return the move that puts it aside."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return Move("leak", f"set/{name}", f"set.aside/leak/{name}", digest)

    def apply(self, *moves: Move) -> Moved:
        return self.journal.apply(self.data, moves, {"for": "a test"})

    def logs(self) -> list[str]:
        return sorted(path.name for path in self.journal.folder.glob("*.jsonl"))

    def files(self) -> dict[str, bytes]:
        """Return every file but the logs."""
        return {
            path.relative_to(self.base).as_posix(): path.read_bytes()
            for path in self.base.rglob("*")
            if path.is_file() and path.suffix != ".jsonl"
        }


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def rows(log: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


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
    assert first == {"for": "a test", "data": str(room.data)}
    assert others == [
        {"action": "leak", "from": move.source, "to": move.target, "sha256": move.digest}
        for move in moves
    ]
    assert done.to_json() == {"base": str(room.base), "moved": others, "log": str(done.log)}


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
    fsync, rename = os.fsync, Path.rename

    def spy_fsync(handle: int) -> None:
        fsync(handle)
        synced.append(os.fstat(handle).st_size)

    def spy_rename(path: Path, target: Path) -> Path:
        log = room.journal.folder / "applied-1.jsonl"
        assert len(rows(log)) == 2 + len(moved)
        moved.append((log.stat().st_size, synced[-1]))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(Path, "rename", spy_rename)
    room.apply(*moves)
    assert len(moved) == 2
    assert all(written == on_disk for written, on_disk in moved)


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


def test_nothing_to_move_leaves_no_trace(room: Room) -> None:
    assert room.apply() == Moved(room.base, (), None)
    assert room.apply().to_json()["log"] is None
    assert not room.journal.folder.exists()


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
    rename = Path.rename

    def only_the_first(path: Path, target: Path) -> Path:
        if path.name == "2.jpg":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", only_the_first)
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


def test_another_disk_on_the_way_back_keeps_the_rest_to_be_undone(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = room.add("1.jpg", b"one"), room.add("2.jpg", b"two")
    before = room.files()
    room.apply(*moves)
    rename = Path.rename

    def all_but_the_first(path: Path, target: Path) -> Path:
        if path.name == "1.jpg":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", all_but_the_first)
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


def test_free_names_count_up_from_two() -> None:
    names = free_names(Path("a/b.c.jpg"))
    assert [next(names).as_posix() for _ in range(3)] == ["a/b.c.jpg", "a/b.c-2.jpg", "a/b.c-3.jpg"]


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
    assert why_not_movable(tmp_path / "a.jpg", target) is None
    (tmp_path / "near.jpg").symlink_to("a.jpg")
    assert (
        why_not_movable(tmp_path / "near.jpg", target) == "a link that would lead astray from there"
    )
    (tmp_path / "far.jpg").symlink_to(tmp_path / "a.jpg")
    assert why_not_movable(tmp_path / "far.jpg", target) is None


@pytest.mark.skipif(not Path("/proc").exists(), reason="this system has no /proc")
def test_another_disk_is_said_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    found = why_not_movable(tmp_path / "a.jpg", Path("/proc/none/below/a.jpg"))
    assert found == "another disk at /proc"
