"""A folder that is taught: what pages do to it, what others do, and what is there afterwards."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.teach.pictures import picture, put, there
from tl_catdog.data.folders import scan
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.teach.items import ALL, Changed, Conflict
from tl_catdog.teach.state import FEW, State
from tl_catdog.teach.steps import Step, execute


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pets"
    for number, name in enumerate(("cats/1.png", "cats/2.png", "dogs/1.png", "3.png")):
        put(folder / name, number)
    return folder


@pytest.fixture
def state(root: Path) -> Iterator[State]:
    opened = State.open(root)
    yield opened
    opened.close()


def done(result: Changed | Conflict | None) -> Changed:
    assert isinstance(result, Changed)
    return result


def counts(state: State) -> dict[str, int]:
    return {found.name: found.count for found in state.classes()}


def test_a_folder_of_classes_is_taken_as_it_is_and_loose_pictures_have_none(state: State) -> None:
    assert counts(state) == {"cats": 2, "dogs": 1}
    assert [item.place for item in state.items(None)] == ["3.png"]
    assert len(state.items(ALL)) == state.number(ALL) == 4
    assert [item.place for item in state.items(ALL, 1, 2)] == ["cats/1.png", "cats/2.png"]
    assert all(item.given for item in state.items(ALL))


def test_a_label_moves_the_file_and_a_training_finds_it_there(root: Path, state: State) -> None:
    (item,) = state.items(None)
    changed = done(state.label([item.id], "dogs", {item.id: item.mark}, "a"))
    assert changed.ids == (item.id,)
    assert (root / "dogs" / "3.png").read_bytes() == picture(3)
    assert not (root / "3.png").exists()
    assert state.item(item.id).label == "dogs"
    assert not state.item(item.id).given
    assert state.snapshot().asked == 1
    assert len(scan(root).splits["all"]) == 4


def test_names_that_are_taken_get_a_number_and_nothing_is_overwritten(
    root: Path, state: State
) -> None:
    before = sorted(there(root).values())
    (item,) = [item for item in state.items("cats") if item.name == "1.png"]
    done(state.label([item.id], "dogs"))
    assert (root / "dogs" / "1-2.png").read_bytes() == picture(0)
    assert sorted(there(root).values()) == before


def test_what_another_tab_has_moved_is_a_conflict_and_nothing_is_done(state: State) -> None:
    one, other = state.items("cats")
    seen = {one.id: one.mark, other.id: other.mark}
    done(state.label([one.id], "dogs", seen, "a"))
    conflict = state.label([one.id, other.id], None, seen, "b")
    assert isinstance(conflict, Conflict)
    assert list(conflict.now) == [one.id]
    now = conflict.now[one.id]
    assert now is not None
    assert now.label == "dogs"
    assert state.item(other.id).label == "cats"


def test_each_tab_undoes_its_own_and_leaves_what_others_moved_since(state: State) -> None:
    one, other = state.items("cats")
    done(state.label([one.id, other.id], "dogs", None, "a"))
    done(state.label([one.id], None, None, "b"))
    undone = done(state.undo("a"))
    assert list(undone.left) == [one.id]
    assert state.item(other.id).label == "cats"
    assert state.item(one.id).label is None
    assert state.undo("a") is None
    assert done(state.undo("b")).ids == (one.id,)
    assert state.item(one.id).label == "dogs"


def test_all_can_be_undone_and_done_again_by_a_later_process(root: Path) -> None:
    before = there(root)
    state = State.open(root)
    done(state.add_class("birds", "a"))
    state.add([("a.png", picture(10)), ("b.png", picture(11))], "birds", "burst-1", "a")
    done(state.rename_class("birds", "parrots", "a"))
    done(state.label([item.id for item in state.items(None)], "parrots", None, "a"))
    (first, *_) = state.items("cats")
    done(state.remove([first.id], None, "a"))
    done(state.keep([state.items("dogs")[0].id], "a"))
    done(state.remove_class("parrots", "a"))
    done(state.skip([state.items(None)[0].id], "a"))
    after, marks = there(root), {item.id: item for item in state.items(ALL)}
    state.close()

    state = State.open(root)
    assert {item.id: item for item in state.items(ALL)} == marks
    assert [bool(state.undo("b")) for _ in range(9)] == [True] * 8 + [False]
    now = there(root)
    assert {place: now[place] for place in now if not place.startswith(".teach/")} == before
    assert counts(state) == {"cats": 2, "dogs": 1}
    assert not any(item.skipped or item.kept or not item.given for item in state.items(ALL))
    state.close()

    state = State.open(root)
    assert [bool(state.redo("c")) for _ in range(9)] == [True] * 8 + [False]
    assert {item.id: item for item in state.items(ALL)} == marks
    assert sorted(there(root).values()) == sorted(after.values())
    state.close()


def test_nothing_is_done_again_once_something_else_is_done(state: State) -> None:
    (item,) = state.items(None)
    done(state.label([item.id], "cats", None, "a"))
    done(state.undo("a"))
    done(state.skip([item.id], "a"))
    assert state.redo("a") is None


def test_bursts_stay_together_and_their_empty_folder_goes(root: Path, state: State) -> None:
    added = state.add([(f"{n}.png", picture(20 + n)) for n in range(3)], None, "burst-x", "a")
    assert len({state.item(id).group for id in added.changed.ids}) == 1
    done(state.label(added.changed.ids, "cats"))
    assert sorted(path.name for path in (root / "cats" / "burst-x").iterdir()) == [
        "0.png",
        "1.png",
        "2.png",
    ]
    assert not (root / "unlabelled" / "burst-x").exists()


def test_the_same_bytes_are_not_added_again_and_what_is_no_picture_is_said(state: State) -> None:
    files = [("x.png", picture(0)), ("y.png", picture(30)), ("z.png", picture(30))]
    added = state.add([*files, ("evil.png", b"no picture")], "dogs")
    assert [name for name, _ in added.known] == ["x.png", "z.png"]
    assert [name for name, _ in added.refused] == ["evil.png"]
    assert len(added.changed.ids) == 1
    assert added.known[1][1] == added.changed.ids[0]


@pytest.mark.parametrize(
    "name",
    ["../../x.png", "/etc/passwd.png", "..\\..\\x.png", ".hidden.png", "a\0b.png", "con.png"],
)
def test_a_name_never_leads_out_of_the_class(root: Path, state: State, name: str) -> None:
    (id,) = state.add([(name, picture(40))], "cats").changed.ids
    path = state.item(id).path
    assert path.parent == root / "cats"
    assert path.is_file()
    assert not path.name.startswith(".")


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "a/b", "a\\b", "..", ".x", "Cats", "CATS ", "unlabelled", "Unlabelled", "nul"),
        *("con.x", "train", "unsure", "x" * 101, "a\x07b", "a.", "@eaDir", "\ud800", "a\u202eb"),
    ],
)
def test_names_that_no_class_can_have_are_refused_in_a_line(state: State, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        state.add_class(name)
    assert "\n" not in str(caught.value)
    assert state.version == 1


def test_accents_of_both_kinds_are_one_class(root: Path, state: State) -> None:
    done(state.add_class("cafe\u0301"))
    assert (root / "caf\u00e9").is_dir()
    with pytest.raises(UsageError):
        state.add_class("CAF\u00c9")
    done(state.rename_class("caf\u00e9", "CAF\u00c9"))  # in other capitals is another name
    assert "CAF\u00c9" in counts(state)


def test_what_others_do_is_noticed_and_pictures_keep_their_ids(root: Path, state: State) -> None:
    ids = {item.name: item.id for item in state.items("cats")}
    assert not state.refresh()
    (root / "cats" / "1.png").rename(root / "dogs" / "moved.png")
    put(root / "birds" / "new.png", 50)
    (root / "cats" / "2.png").unlink()
    version = state.version
    assert state.refresh()
    assert state.version > version
    assert state.item(ids["1.png"]).label == "dogs"
    assert counts(state) == {"birds": 1, "cats": 0, "dogs": 2}
    put(root / "birds" / "new.png", 51)
    assert state.refresh(thorough=True)
    assert state.items("birds")[0].id != ids["1.png"]
    assert not state.refresh(thorough=True)


def test_a_picture_that_others_moved_meanwhile_is_left_and_all_is_as_it_was(
    root: Path, state: State
) -> None:
    one, other = state.items("cats")
    other.path.rename(root / "elsewhere.png")
    before = there(root)
    with pytest.raises(CatdogError):
        state.label([one.id, other.id], "dogs")
    assert there(root) == before
    assert state.item(other.id).label is None  # where it is now
    assert state.undo() is None


def test_a_full_disk_changes_nothing(
    root: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = there(root)
    ids = [item.id for item in state.items("cats")]
    journal = (root / ".teach" / "journal.jsonl").read_bytes()
    made = []
    real = execute

    def full(root: Path, step: Step) -> bool:
        made.append(step)
        if len(made) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))
        return real(root, step)

    monkeypatch.setattr("tl_catdog.teach.changing.execute", full)
    with pytest.raises(CatdogError, match="No space left"):
        state.label(ids, "dogs")
    assert there(root) == before
    assert (root / ".teach" / "journal.jsonl").read_bytes() == journal
    assert counts(state) == {"cats": 2, "dogs": 1}


def test_a_second_server_on_one_folder_is_refused(root: Path, state: State) -> None:
    with pytest.raises(UsageError, match="nobody teaches"):
        State.open(root)


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    state = State.open(tmp_path)
    assert not state.classes()
    state.add([("x.png", picture(1))])
    done(state.add_class("cats"))
    done(state.label([state.items(None)[0].id], "cats"))
    state.add([("x.png", picture(2)), ("x.png", picture(3))], "cats", "burst-1")
    state.close()
    state = State.open(tmp_path)  # one class with a burst is no folder around others
    assert counts(state) == {"cats": 3}
    state.close()


def test_whoever_waits_is_told_of_the_next_change(state: State) -> None:
    version = state.version
    assert state.wait(version, 0.0) == version
    thread = threading.Timer(0.05, lambda: state.add_class("birds"))
    thread.start()
    assert state.wait(version, 30) > version
    thread.join()


def test_what_the_page_gets_has_no_path(root: Path, state: State) -> None:
    told = json.dumps([item.to_json() for item in state.items(ALL)])
    assert str(root) not in told
    assert "/" not in told


@pytest.fixture
def large(root: Path) -> Iterator[State]:
    """Give a folder of more pictures than are read at once."""
    for number in range(10, 10 + 2 * FEW):
        put(root / "cats" / f"{number}.png", number)
    opened = State.open(root, aside=True)
    yield opened
    opened.close()


def test_a_large_folder_is_at_hand_before_all_of_it_is_read(root: Path, large: State) -> None:
    assert large.number(ALL) == FEW
    assert large.notes() == (f"{FEW + 4} pictures still to be read.",)
    (item, *_) = large.items("cats")
    done(large.label([item.id], None))
    version = large.version
    assert large.read_some(0.0)  # some of them
    assert large.version > version
    while large.read_some():
        pass
    assert large.number(ALL) == 2 * FEW + 4
    assert large.notes() == ()
    assert large.number("cats") == 2 * FEW + 1
    put(root / "dogs" / "late.png", 9)
    assert large.refresh()
    assert large.number("dogs") == 2


def test_removing_a_class_loses_no_picture_that_wasnt_read_yet(root: Path, large: State) -> None:
    done(large.remove_class("cats"))
    assert len(list((root / "unlabelled").iterdir())) == 2 * FEW + 2
