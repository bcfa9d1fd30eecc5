"""A step is done once, or found done; reversed it brings back what was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.pictures import picture, put, there
from tl_catdog.teach.steps import FILE, FOLDER, MAKE, SKIP, UNMAKE, Step, execute, step_of


@pytest.mark.parametrize(
    "step",
    [
        Step(FILE, "a/b/1.png", "c/d/1.png", ""),
        Step(FOLDER, "a", "c"),
        Step(MAKE, "", "c"),
        Step(SKIP, "", "yes", "0" * 64),
    ],
)
def test_twice_is_as_once_and_the_reverse_brings_all_back(tmp_path: Path, step: Step) -> None:
    put(tmp_path / "a" / "b" / "1.png", 1)
    put(tmp_path / "a" / "b" / "2.png", 2)
    before = there(tmp_path)
    assert execute(tmp_path, step)
    after = there(tmp_path)
    assert execute(tmp_path, step)
    assert there(tmp_path) == after
    assert (after == before) == (step.kind in (MAKE, SKIP))
    assert execute(tmp_path, step.reversed())
    assert there(tmp_path) == before
    assert not (tmp_path / "c").exists() or step.kind == FILE
    assert step_of(step.row()) == step
    assert step.reversed().reversed() == step


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.png", 1)
    put(tmp_path / "b" / "1.png", 2)
    for step in (Step(FILE, "a/1.png", "b/1.png"), Step(FOLDER, "a", "b")):
        with pytest.raises(FileExistsError):
            execute(tmp_path, step)
    assert (tmp_path / "b" / "1.png").read_bytes() == picture(2)


def test_a_folder_that_others_put_something_into_is_not_removed(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.png", 1)
    assert not execute(tmp_path, Step(UNMAKE, "", "a"))
    assert not execute(tmp_path, Step(FILE, "a/9.png", "b/9.png"))  # it is nowhere


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    far = put(tmp_path / "far" / "1.png", 1)
    root = put(tmp_path / "root" / "a" / "2.png", 2).parent.parent
    (root / "link").symlink_to(far.parent)
    (root / "a" / "l.png").symlink_to(far)
    for step in (
        Step(FILE, "link/1.png", "a/1.png"),
        Step(FILE, "a/2.png", "link/2.png"),
        Step(FOLDER, "link", "c"),
        Step(MAKE, "", "link/x"),
    ):
        assert not execute(root, step)
    assert sorted(path.name for path in far.parent.iterdir()) == ["1.png"]
