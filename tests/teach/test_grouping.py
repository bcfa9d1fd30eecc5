"""Copies are looked for in the background, and the state is told of them."""

from __future__ import annotations

from pathlib import Path

from tests.teach.test_groups import drawn
from tl_catdog.teach.grouping import Grouping
from tl_catdog.teach.items import ALL
from tl_catdog.teach.state import State


def test_a_copy_that_is_added_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    drawn(1).save(tmp_path / "cats" / "1.png")
    state = State.open(tmp_path)
    grouping = Grouping(state)
    grouping.start()
    drawn(1).save(tmp_path / "copy.jpg", quality=70)
    drawn(2).save(tmp_path / "2.png")
    state.refresh()
    version = state.version
    for _ in range(20):
        if state.items(None)[1].copy_of:
            break
        version = state.wait(version, 10)
    grouping.close()
    grouping.close()
    (cat,) = state.items("cats")
    other, copy = state.items(None)
    assert copy.copy_of == cat.id
    assert copy.group == cat.group != other.group
    assert not other.copy_of
    assert copy.compared
    assert cat.compared
    version = state.version
    grouping.catch_up(state.snapshot())  # nothing new: nothing is told
    assert state.version == version
    assert len(state.items(ALL)) == 3
    state.close()
