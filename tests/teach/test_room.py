"""The room that is taken is told with what freeing it costs; a link leads nowhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.teach.pictures import picture, put
from tests.teach.sites import opened
from tl_catdog.teach.items import Changed
from tl_catdog.teach.room import room_of
from tl_catdog.teach.state import State


def test_what_was_removed_is_told_and_what_is_deleted_of_it_is_left_out(tmp_path: Path) -> None:
    for number in (1, 2):
        put(tmp_path / "cats" / f"{number}.png", number)
    state = State.open(tmp_path)
    assert (room_of(tmp_path).removed, room_of(tmp_path).words()) == (0, "")
    state.remove([item.id for item in state.items("cats")], tab="a")
    found = room_of(tmp_path)
    assert (found.removed, found.bytes) == (2, len(picture(1)) + len(picture(2)))
    assert found.journal == (tmp_path / ".teach/journal.jsonl").stat().st_size > 0
    assert found.words().startswith(f"2 pictures that were removed lie in {found.folder} (")
    next(found.folder.rglob("1.png")).unlink()
    undone = state.undo("a")
    assert isinstance(undone, Changed)
    assert list(undone.left) == ["1.png"]
    assert (tmp_path / "cats/2.png").read_bytes() == picture(2)
    assert room_of(tmp_path).removed == 0
    state.close()


def test_a_link_is_not_weighed(tmp_path: Path) -> None:
    put(tmp_path / "away" / "1.png", 1)
    with opened(tmp_path / "pets") as ask:
        (tmp_path / "pets/.teach/removed").symlink_to(tmp_path / "away")
        assert ask("GET", "/teach/room").json()["removed"] == 0
        (tmp_path / "pets/.teach/removed").unlink()
        shutil.copytree(tmp_path / "away", tmp_path / "pets/.teach/removed")
        assert ask("GET", "/teach/room").json()["words"].startswith("1 picture that was")
