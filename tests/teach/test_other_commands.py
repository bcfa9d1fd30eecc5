"""Other commands on a folder that is taught: none takes ``unlabelled`` for a class or sees ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.teach.pictures import picture, put
from tl_catdog.audit import fix
from tl_catdog.data.digest import file_digest
from tl_catdog.journal.moves import Move
from tl_catdog.prediction.sources import image_sources
from tl_catdog.shards.folder import FolderSource
from tl_catdog.teach.items import ALL, Changed
from tl_catdog.teach.state import State

LABELLED = [("cats/1.png", "cats"), ("cats/burst-1/2.png", "cats"), ("dogs/3.png", "dogs")]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    names = [*(name for name, _ in LABELLED), "unlabelled/4.png", "unlabelled/burst-2/5.png"]
    for number, name in enumerate((*names, "cats/6.png")):
        put(tmp_path / "pets" / name, number)
    opened = State.open(tmp_path / "pets")
    gone = [item.id for item in opened.items("cats") if item.name == "6.png"]
    opened.remove(gone, tab="a")
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", ["check", "features"])
def test_a_batch_has_what_is_labelled(state: State, kind: str) -> None:
    found = [(row.path, row.label) for row in FolderSource(state.root, kind).rows()]
    assert sorted(found) == LABELLED


def test_to_predict_is_what_can_be_seen(state: State) -> None:
    seen = [name for name, _ in LABELLED] + ["unlabelled/4.png", "unlabelled/burst-2/5.png"]
    rows = {row.path: row.label for row in FolderSource(state.root, "predict").rows()}
    assert sorted(rows) == seen
    assert {rows[name] for name in seen[3:]} == {None}
    found = [path for path in image_sources(state.root) if isinstance(path, Path)]
    assert sorted(path.relative_to(state.root).as_posix() for path in found) == seen


def test_what_a_fix_puts_aside_is_noticed_and_undo_says_that_it_is_left(
    state: State, tmp_path: Path
) -> None:
    (item,) = state.items("dogs")
    moved = state.label([item.id], "cats", {item.id: item.mark}, "a")
    assert isinstance(moved, Changed)
    aside = "pets.quarantine/truncated/3.png"
    digest = file_digest(state.root / "cats/3.png")
    fix.apply(state.root, [Move("truncated", "pets/cats/3.png", aside, digest)])
    assert state.refresh()
    assert len(state.items(ALL)) == 4
    undone = state.undo("a")
    assert isinstance(undone, Changed)
    assert list(undone.left) == ["3.png"]
    assert (tmp_path / aside).read_bytes() == picture(2)
    fix.undo(state.root)
    state.refresh()
    assert [item.place for item in state.items("cats")][-1] == "cats/burst-1/2.png"
    assert state.number("cats") == 3
