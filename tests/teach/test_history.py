"""The journal: after a kill at any point nothing is lost; a stranger's lines do no harm."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.teach.pictures import picture, put, there
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.teach import changing, steps
from tl_catdog.teach.items import ALL
from tl_catdog.teach.state import State

KILLED = 77
CHANGES: dict[str, Callable[[State], object]] = {
    "add": lambda state: state.add([("n.png", picture(70)), ("n.png", picture(71))], "cats"),
    "label": lambda state: state.label([item.id for item in state.items("cats")], "dogs"),
    "remove": lambda state: state.remove([item.id for item in state.items("cats")]),
    "rename": lambda state: state.rename_class("cats", "tigers"),
    "class": lambda state: state.add_class("birds"),
    "remove-class": lambda state: state.remove_class("cats"),
    "undo": lambda state: state.undo(),
}

QUICK = ("label", "undo")


def made(root: Path) -> Path:
    """Make a folder with a change that can be undone."""
    for number, name in enumerate(("cats/1.png", "cats/b/2.png", "dogs/1.png", "3.png")):
        put(root / name, number)
    state = State.open(root)
    state.label([item.id for item in state.items(None)], "cats")
    state.close()
    return root


def contents(root: Path) -> list[str]:
    """Return the hashes of all pictures, what was being added left out."""
    return sorted(d for place, d in there(root).items() if not place.startswith(steps.INCOMING))


def killed_at(root: Path, change: Callable[[State], object], moment: int) -> bool:
    """Make a change in a process that is gone at its n-th touch of the disk; return whether."""
    child = os.fork()
    if not child:
        count = 0

        def dying(real: Callable[..., object]) -> Callable[..., object]:
            def called(*given: object, **named: object) -> object:
                nonlocal count
                count += 1
                if count == moment:
                    os._exit(KILLED)
                return real(*given, **named)

            return called

        try:
            state = State.open(root)
            for where, name in (
                (os, "write"),
                (os, "fsync"),
                (steps, "rename_to_free"),
                (steps, "_rename_folder"),
                (steps, "tidy"),
                (steps, "_unmake"),
                (changing, "sync_all"),
            ):
                setattr(where, name, dying(getattr(where, name)))
            change(state)
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CHANGES],
)
def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, name: str) -> None:
    moment, alive = 0, False
    whole = made(tmp_path / "whole")
    before = contents(whole)
    state = State.open(whole)
    CHANGES[name](state)
    state.close()
    after = contents(whole)
    while not alive:
        moment += 1
        root = made(tmp_path / str(moment))
        alive = not killed_at(root, CHANGES[name], moment)
        state = State.open(root)
        assert contents(root) in (before, after)
        shown = {item.place: item.sha256 for item in state.items(ALL)}
        held = {p: d for p, d in there(root).items() if not p.startswith(".teach/")}
        assert shown == held
        while state.undo("another"):
            assert contents(root) in (before, after)
        places = {p: d for p, d in there(root).items() if not p.startswith(".teach/")}
        assert sorted(places) == ["3.png", "cats/1.png", "cats/b/2.png", "dogs/1.png"]
        assert len(set(places.values())) == 4
        assert not state.notes() or "cut off" in state.notes()[0]
        state.close()
    assert moment > 3


def journal(root: Path) -> Path:
    return root / ".teach" / "journal.jsonl"


def line(number: int, *rows: list[str], **more: object) -> bytes:
    row = {"number": number, "tab": "", "op": "label", "words": "", "steps": list(rows), **more}
    return json.dumps(row).encode() + b"\n"


def test_what_was_cut_off_while_it_was_written_was_never_begun(tmp_path: Path) -> None:
    root = made(tmp_path / "pets")
    before = there(root)
    with journal(root).open("ab") as file:
        file.write(line(9, ["file", "cats/1.png", "dogs/9.png", ""])[:-20])
    state = State.open(root)
    assert len(state.notes()) == 1
    assert (root / ".teach" / "journal-broken.txt").exists()
    assert {p: d for p, d in there(root).items() if not p.startswith(".teach")} == before
    assert state.undo() is not None
    state.close()
    state = State.open(root)
    assert not state.notes()
    state.close()


OUT = [
    ["file", "cats/1.png", "../x.png", ""],
    ["file", "../x.png", "cats/x.png", ""],
    ["file", "/etc/passwd", "cats/x.png", ""],
    ["file", "cats/1.png", ".teach/journal.jsonl", ""],
    ["file", ".teach/journal.jsonl", "cats/x.png", ""],
    ["folder", "cats", ".git", ""],
    ["folder", ".teach/removed", "cats/x", ""],
    ["make", "", "../x", ""],
    ["unmake", "", "..", ""],
    ["run", "cats/1.png", "x", ""],
    ["file", "cats/1.png", "dogs/\0.png", ""],
    ["file", "cats/1.png", "dogs/9.png", "sha"],
    ["skip", "", "yes", ""],
    ["file", "cats/1.png"],
]


@pytest.mark.parametrize("row", OUT)
def test_a_strangers_step_that_leads_out_is_not_taken(tmp_path: Path, row: list[str]) -> None:
    root = made(tmp_path / "pets")
    put(tmp_path / "x.png", 99)
    before = there(tmp_path)
    with journal(root).open("ab") as file:
        file.write(line(9, row))
    state = State.open(root)
    assert "none of a journal" in state.notes()[0]
    assert there(tmp_path).keys() - {"pets/.teach/hashes.jsonl"} == before.keys() - {
        "pets/.teach/hashes.jsonl"
    }
    assert state.undo() is not None  # the lines before it count
    state.close()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b"[" * 100000 + b"\n",
        b'{"done": 1e999}\n',
        line(1),
        line(True),
        line(9, op="undo", of=8),
        line(9, op="x"),
        line(9, tab=1),
    ],
)
def test_lines_that_are_none_are_told_and_the_rest_goes_on(tmp_path: Path, text: bytes) -> None:
    root = made(tmp_path / "pets")
    with journal(root).open("ab") as file:
        file.write(text)
    state = State.open(root)
    assert len(state.notes()) == bool(text)
    assert not any("\n" in note for note in state.notes())
    assert state.undo() is not None
    state.close()


def test_a_strangers_step_through_a_link_does_nothing(tmp_path: Path) -> None:
    root = made(tmp_path / "pets")
    far = put(tmp_path / "far" / "1.png", 98).parent
    (root / "birds").symlink_to(far)
    with journal(root).open("ab") as file:
        file.write(line(9, ["file", "cats/1.png", "birds/9.png", ""]))
    state = State.open(root)
    assert [path.name for path in far.iterdir()] == ["1.png"]
    assert "left as it is" in state.notes()[0]
    state.close()


def test_what_the_user_moved_back_by_hand_stays_where_it_is(tmp_path: Path) -> None:
    root = made(tmp_path / "pets")
    (root / "cats" / "3.png").rename(root / "3.png")
    state = State.open(root)
    assert [item.place for item in state.items(None)] == ["3.png"]
    state.close()


def test_a_journal_that_is_a_link_or_a_folder_is_refused(tmp_path: Path) -> None:
    root = made(tmp_path / "pets")
    far = tmp_path / "far"
    journal(root).rename(far)
    journal(root).symlink_to(far)
    with pytest.raises(CatdogError, match="regular file"):
        State.open(root)
    journal(root).unlink()
    journal(root).mkdir()
    with pytest.raises(CatdogError):
        State.open(root)


@pytest.mark.parametrize("pipe", [False, True])
def test_the_rest_of_a_line_is_put_aside_through_no_link(tmp_path: Path, pipe: bool) -> None:
    root = made(tmp_path / "pets")
    aside, far = journal(root).with_name("journal-broken.txt"), tmp_path / "far"
    far.write_text("kept")
    if pipe:
        os.mkfifo(aside)
    else:
        aside.symlink_to(far)
    with journal(root).open("a") as file:
        file.write("a line for somebody's far file")
    with pytest.raises(CatdogError, match=r"regular file: .*journal-broken"):
        State.open(root)
    assert far.read_text() == "kept"


@pytest.mark.parametrize("place", [".teach", ".teach/removed", ".teach/incoming"])
def test_a_folder_of_its_own_that_is_a_link_is_refused(tmp_path: Path, place: str) -> None:
    root = put(tmp_path / "pets" / "cats" / "1.png", 1).parent.parent
    (tmp_path / "far").mkdir()
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).symlink_to(tmp_path / "far")
    with pytest.raises(UsageError, match="link"):
        State.open(root)


def test_a_line_that_the_disk_refuses_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path / "pets")
    state = State.open(root)
    before = journal(root).read_bytes()

    def full(file: int) -> None:
        raise OSError(28, os.strerror(28))

    ids = [item.id for item in state.items("cats")]
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CatdogError, match="No space left"):
        state.label(ids, "dogs")
    monkeypatch.undo()
    assert journal(root).read_bytes() == before
    assert state.undo() is not None
    state.close()
