"""Changes that fail leave all as it was; marks are undone like moves."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.teach.pictures import picture, put, there
from tl_catdog.errors import CatdogError
from tl_catdog.teach.items import Changed
from tl_catdog.teach.plans import ELSEWHERE
from tl_catdog.teach.state import State
from tl_catdog.teach.steps import Step, execute


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    for number, name in enumerate(("cats/1.png", "cats/2.png", "dogs/1.png", "3.png")):
        put(tmp_path / name, number)
    opened = State.open(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_disk_that_refuses_any_step_leaves_all_as_it_was(
    state: State, monkeypatch: pytest.MonkeyPatch, number: int, failing: int
) -> None:
    before, version = there(state.root), state.snapshot().items
    done = 0
    real = execute

    def refusing(root: Path, step: Step) -> bool:
        nonlocal done
        done += 1
        if done == failing:
            raise OSError(number, "refused")
        return real(root, step)

    monkeypatch.setattr("tl_catdog.teach.changing.execute", refusing)
    with pytest.raises(CatdogError) as caught:
        state.remove_class("cats")
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert there(state.root) == before
    assert state.snapshot().items == version
    assert state.undo() is None
    assert isinstance(state.remove_class("cats"), Changed)


def test_marks_are_undone_and_done_again(state: State) -> None:
    (loose,) = state.items(None)
    cat = state.items("cats")[0]
    state.skip([loose.id], "a")
    state.keep([cat.id], "a")
    assert state.item(loose.id).skipped
    assert state.item(cat.id).kept
    state.label([cat.id], "dogs", None, "a")
    assert not state.item(cat.id).kept  # that it is a cat was kept
    for _ in range(3):
        state.undo("a")
    assert not state.item(loose.id).skipped
    assert not state.item(cat.id).kept
    for _ in range(2):
        state.redo("a")
    assert state.item(loose.id).skipped
    assert state.item(cat.id).kept


def test_a_skipped_picture_of_a_class_isnt_asked_of_again_while_it_is_in_that(
    state: State,
) -> None:
    cat = state.items("cats")[0]
    skipped = state.skip([cat.id], "a")
    assert isinstance(skipped, Changed)
    assert skipped.words == "1 picture skipped"
    assert state.item(cat.id).kept
    state.label([cat.id], "dogs", None, "a")
    assert not state.item(cat.id).kept


def test_to_say_the_same_again_is_no_change(state: State) -> None:
    cat = state.items("cats")[0]
    version = state.version
    again = state.label([cat.id, cat.id], "cats")
    assert isinstance(again, Changed)
    assert (again.number, again.ids, state.version) == (0, (), version)
    assert state.undo() is None


def test_nobody_waits_once_the_server_is_about_to_end(tmp_path: Path) -> None:
    state = State.open(tmp_path)
    waiter = threading.Thread(target=state.wait, args=(state.version, 60.0))
    waiter.start()
    state.end_waits()
    waiter.join(20)
    assert not waiter.is_alive()
    assert state.wait(state.version, 60.0) == state.version
    state.close()


def test_what_others_wrote_anew_is_known_by_its_own_bytes_once_it_is_moved(state: State) -> None:
    cat = state.items("cats")[0]
    cat.path.write_bytes(picture(9))  # noticed within 15 s only
    state.label([cat.id], "dogs", None, "a")
    moved = next(item for item in state.items("dogs") if item.name == "1-2.png")
    assert moved.sha256 == hashlib.sha256(picture(9)).hexdigest()
    assert not state.refresh(thorough=True)
    undone = state.undo("a")
    assert undone is not None
    assert list(undone.left.values()) == [ELSEWHERE]
    assert state.item(moved.id).label == "dogs"


def test_an_undo_finds_pictures_in_a_class_that_was_renamed_but_none_that_were_deleted(
    state: State,
) -> None:
    (loose,), cat = state.items(None), state.items("cats")[0]
    state.label([loose.id], "cats", None, "a")
    state.label([cat.id], "dogs", None, "a")
    (state.root / "cats").rename(state.root / "felines")  # by a file manager
    shutil.rmtree(state.root / "dogs")
    undone = [state.undo("a"), state.undo("a")]
    assert [list(done.left.values()) for done in undone if done] == [[ELSEWHERE], []]
    assert [(found.name, found.count) for found in state.classes()] == [("felines", 1)]
    assert [(item.id, item.place) for item in state.items(None)] == [(loose.id, "3.png")]


def test_what_one_page_added_to_a_class_is_undone_though_another_renamed_it(state: State) -> None:
    state.add([("new.png", picture(8))], "cats", None, "a")
    state.rename_class("cats", "tigers", "b")
    undone = state.undo("a")
    assert undone is not None
    assert not undone.left
    assert [item.name for item in state.items("tigers")] == ["1.png", "2.png"]


@pytest.mark.parametrize("how", ["written", "gone"])
def test_nothing_is_done_once_others_changed_the_journal(state: State, how: str) -> None:
    journal = state.root / ".teach" / "journal.jsonl"
    if how == "gone":
        journal.unlink()
    else:
        journal.write_bytes(journal.read_bytes() + b"{}\n")
    before = there(state.root)
    with pytest.raises(CatdogError, match="the journal as it was"):
        state.label([state.items(None)[0].id], "cats")
    assert there(state.root) == before


def test_a_half_that_cant_be_put_back_is_undone_once_the_disk_is_well(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = there(state.root)
    real, done = execute, 0

    def breaking(root: Path, step: Step) -> bool:
        nonlocal done
        done += 1
        if done > 1:
            raise OSError(errno.EIO, "broken")
        return real(root, step)

    monkeypatch.setattr("tl_catdog.teach.changing.execute", breaking)
    with pytest.raises(CatdogError, match=r"broken.*which undo takes back"):
        state.label([item.id for item in state.items("cats")], "dogs")
    monkeypatch.undo()
    state.label([state.items(None)[0].id], "cats")
    state.close()
    again = State.open(state.root)
    assert not again.notes()
    while again.undo():
        pass
    assert there(again.root) == before
    again.close()


def test_a_folder_that_vanished_is_told_until_it_is_back(state: State, tmp_path: Path) -> None:
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    version = state.version
    for _ in range(2):
        with pytest.raises(CatdogError, match="No such file"):
            state.refresh()
    assert state.version == version + 1
    assert [note for note in state.notes() if "No such file" in note]
    away.rename(tmp_path)
    state.refresh()
    assert state.notes() == ()
