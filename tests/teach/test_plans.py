"""Plans: names that nothing has, on disks that know no capitals as well."""

from __future__ import annotations

from pathlib import Path

from tests.teach.pictures import picture, put
from tl_catdog.teach.plans import conflicts
from tl_catdog.teach.state import State


def test_files_that_some_disk_takes_for_one_get_names_of_their_own(tmp_path: Path) -> None:
    state = State.open(tmp_path)
    names = ("A.png", "a.PNG", "caf\u00e9.png", "cafe\u0301.png")
    added = state.add([(name, picture(n)) for n, name in enumerate(names)], None)
    places = [state.item(id).name.casefold() for id in added.changed.ids]
    assert len(set(places)) == len(added.changed.ids) == 4
    state.close()


def test_what_is_gone_or_elsewhere_is_a_conflict(tmp_path: Path) -> None:
    for number in range(2):
        put(tmp_path / "cats" / f"{number}.png", number)
    state = State.open(tmp_path)
    one, other = state.items("cats")
    table = state._table
    assert not conflicts(table, [one.id], {one.id: one.mark})
    assert not conflicts(table, [one.id], None)
    assert conflicts(table, [one.id, "none"], {one.id: "other"}) == {one.id: one, "none": None}
    assert list(conflicts(table, [one.id, other.id], {other.id: other.mark})) == [one.id]
    state.close()
