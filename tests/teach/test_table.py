"""Pictures by id, place and class: ids stay, views are as new, what was found out is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.pictures import picture, put
from tl_catdog.teach.folder import Disk
from tl_catdog.teach.items import ALL
from tl_catdog.teach.marks import Marks
from tl_catdog.teach.table import Found, Table


@pytest.fixture
def table(tmp_path: Path) -> Table:
    for number in range(4):
        put(tmp_path / ("cats" if number else "unlabelled") / f"{number}.png", number)
    (tmp_path / ".teach").mkdir()
    disk = Disk(tmp_path)
    disk.look()
    made = Table(tmp_path, disk, Marks())
    made.synchronise()
    return made


def test_equal_pictures_have_ids_of_their_own_that_stay(table: Table) -> None:
    put(table.root / "cats" / "again.png", 1)
    before = dict(table.at)
    table.disk.look()
    table.synchronise()
    first, second = table.of_content(table.items[before["cats/1.png"]].sha256)
    assert first == before["cats/1.png"] == table.at["cats/1.png"]
    assert table.at["cats/again.png"] == second == f"{first}-2"


def test_views_follow_moves(table: Table) -> None:
    assert [item.place for item in table.view("cats")] == [f"cats/{n}.png" for n in (1, 2, 3)]
    (table.root / "cats" / "2.png").rename(table.root / "unlabelled" / "2.png")
    id = table.at["cats/2.png"]
    table.disk.move("cats/2.png", "unlabelled/2.png", "")
    table.move("cats/2.png", "unlabelled/2.png", "")
    assert [item.place for item in table.view("cats")] == ["cats/1.png", "cats/3.png"]
    assert [item.id for item in table.view(None)][1] == id
    assert len(table.view(ALL)) == 4
    assert [(found.name, found.count) for found in table.classes()] == [("cats", 2)]


def test_what_was_found_out_is_told_once(table: Table) -> None:
    one, other = (table.at[f"cats/{n}.png"] for n in (1, 2))
    sha = table.items[other].sha256
    found = Found({one: "g", other: "g"}, {one: other}, {sha: "cut short"}, {sha})
    assert not table.items[other].compared
    assert table.learn(found)
    assert not table.learn(found)
    assert table.items[one].group == table.items[other].group == "g"
    assert table.items[one].copy_of == other
    assert table.items[other].broken == "cut short"
    assert (table.items[one].compared, table.items[other].compared) == (False, True)


def test_a_snapshot_keeps_what_was_and_its_order_is_that_of_contents(table: Table) -> None:
    before = table.snapshot(1)
    (table.root / "cats" / "2.png").write_bytes(picture(9))
    table.disk.look(thorough=True)
    table.synchronise()
    hashes = [item.sha256 for item in before.items]
    assert hashes == sorted(hashes)
    assert [item.sha256 for item in table.snapshot(2).items] != hashes
    assert before.classes == ("cats",)
