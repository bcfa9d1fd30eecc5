"""Plans: names that nothing has, on disks that know no capitals as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.pictures import picture, put, there
from tl_catdog.errors import UsageError
from tl_catdog.teach.items import ALL, Changed, Conflict
from tl_catdog.teach.plans import conflicts
from tl_catdog.teach.state import State


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pets"
    for number, name in enumerate(("cats/1.png", "dogs/1.png")):
        put(folder / name, number)
    return folder


def done(result: Changed | Conflict | None) -> Changed:
    assert isinstance(result, Changed)
    return result


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


def test_links_are_moved_as_links_where_they_lead_to_the_same_from_there(
    root: Path, tmp_path: Path
) -> None:
    far = put(tmp_path / "far.png", 62)
    (root / "cats" / "absolute.png").symlink_to(far)
    (root / "cats" / "relative.png").symlink_to("../../far.png")
    (root / "near.png").symlink_to("../far.png")
    before = there(root)
    state = State.open(root)
    links = {item.name: item.id for item in state.items(ALL) if item.linked}
    moved = done(state.label(list(links.values()), "dogs", None, "a"))
    assert list(moved.left) == [links["near.png"]]
    for name in ("absolute.png", "relative.png"):
        assert (root / "dogs" / name).is_symlink()
        assert (root / "dogs" / name).samefile(far)
    done(state.remove([links["relative.png"]], None, "a"))
    assert not state.refresh(thorough=True)
    done(state.undo("a"))
    done(state.undo("a"))
    assert {k: v for k, v in there(root).items() if not k.startswith(".teach/")} == before
    assert {item.name: item.id for item in state.items(ALL) if item.linked} == links
    state.close()


def test_pictures_behind_links_are_not_moved_and_nothing_is_put_there(
    root: Path, tmp_path: Path
) -> None:
    far = put(tmp_path / "far" / "1.png", 60).parent
    (root / "birds").symlink_to(far)
    state = State.open(root)
    (item,) = state.items("birds")
    assert item.linked
    assert list(done(state.label([item.id], "cats")).left) == [item.id]
    for label in ("birds",):
        with pytest.raises(UsageError, match="is a link"):
            state.add([("x.png", picture(61))], label)
    assert sorted(path.name for path in far.iterdir()) == ["1.png"]
    state.close()
