"""What a move is, and whether what is at a path is the file that it is of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tl_catdog.journal.moves import Area, Move, Moved, move_of, why_another

DIGEST = hashlib.sha256(b"one").hexdigest()


def test_moves_are_counted_by_action() -> None:
    moves = [Move(action, "a", "b", "") for action in ("leak", "corrupt", "leak")]
    assert list(Moved(Path(), tuple(moves), None).counts().items()) == [("corrupt", 1), ("leak", 2)]


@pytest.mark.parametrize("link", ["", "/there/a.jpg"])
def test_a_row_says_all_of_a_move(link: str) -> None:
    move = Move("leak", "set/a.jpg", "set.aside/a.jpg", DIGEST, link)
    assert move_of(move.row()) == move
    assert ("link" in move.row()) == bool(link)


def test_a_file_is_told_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    assert why_another(path, Move("leak", "", "", DIGEST)) is None
    path.write_bytes(b"two")
    assert why_another(path, Move("leak", "", "", DIGEST)) == "changed"
    assert why_another(path, Move("leak", "", "", "")) == "changed"
    path.unlink()
    path.mkdir()
    assert why_another(path, Move("leak", "", "", DIGEST)) == "another kind of thing"


def test_a_link_is_told_by_what_it_points_to(tmp_path: Path) -> None:
    real, path = tmp_path / "real.jpg", tmp_path / "a.jpg"
    real.write_bytes(b"one")
    path.symlink_to(real)
    assert why_another(path, Move("leak", "", "", DIGEST)) == "a link"
    assert why_another(path, Move("leak", "", "", DIGEST, "/etc/passwd")) == "a link"
    assert why_another(path, Move("leak", "", "", DIGEST, str(real))) is None
    assert why_another(real, Move("leak", "", "", DIGEST, str(real))) == "another kind of thing"


def test_a_file_that_no_plan_hashes_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"much")
    monkeypatch.setattr("tl_catdog.journal.moves.HASHED", 3)
    assert why_another(path, Move("leak", "", "", "")) is None


def test_links_on_the_way_are_told(tmp_path: Path) -> None:
    real, data = tmp_path / "real", tmp_path / "set"
    (real / "cats").mkdir(parents=True)
    data.symlink_to(real)
    area = Area(data, tmp_path / "set.aside")
    assert area.on_the_way(data / "cats" / "1.jpg") is None
    assert area.on_the_way(data / "dogs" / "1.jpg") is None
    (real / "dogs").symlink_to("/etc")
    assert area.on_the_way(data / "dogs" / "1.jpg") == f"a link: {data / 'dogs'}"
    (real / "dogs").unlink()
    (real / "dogs").touch()
    assert area.on_the_way(data / "dogs" / "1.jpg") == f"no folder: {data / 'dogs'}"
    area.aside.symlink_to(real)
    assert area.on_the_way(area.aside / "cats" / "1.jpg") == f"a link: {area.aside}"
