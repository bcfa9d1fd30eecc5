"""Classes are folders: renamed whole, removed with their pictures left without a class."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.pictures import put, there
from tl_catdog.errors import UsageError
from tl_catdog.teach.state import State


def test_what_else_is_in_a_class_goes_with_it_and_comes_back(tmp_path: Path) -> None:
    put(tmp_path / "cats" / "b" / "1.png", 1)
    (tmp_path / "cats" / "notes.txt").write_text("mine")
    state = State.open(tmp_path)
    before = there(tmp_path)
    state.remove_class("cats")
    assert not (tmp_path / "cats").exists()
    assert [item.place for item in state.items(None)] == ["unlabelled/b/1.png"]
    assert any(place.endswith("cats/notes.txt") for place in there(tmp_path))
    state.undo()
    assert there(tmp_path) == before
    state.close()


def test_names_that_something_has_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "cats" / "1.png", 1)
    put(tmp_path / "dogs" / "1.png", 2)
    (tmp_path / "notes").write_text("a file")
    state = State.open(tmp_path)
    for name in ("dogs", "Dogs", "notes", "unlabelled"):
        with pytest.raises(UsageError):
            state.rename_class("cats", name)
    with pytest.raises(UsageError, match="one of the classes"):
        state.rename_class("birds", "parrots")
    state.rename_class("cats", "Cats")
    assert [found.name for found in state.classes()] == ["Cats", "dogs"]
    state.close()


def test_a_class_of_two_folders_is_neither_renamed_nor_removed(tmp_path: Path) -> None:
    put(tmp_path / "cats" / "1.png", 1)
    put(tmp_path / "Cats" / "2.png", 2)
    put(tmp_path / "dogs" / "1.png", 3)
    state = State.open(tmp_path)
    with pytest.raises(UsageError, match="one folder"):
        state.rename_class("Cats", "x")
    with pytest.raises(UsageError, match="one folder"):
        state.remove_class("Cats")
    state.close()
