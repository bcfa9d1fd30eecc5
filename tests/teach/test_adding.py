"""Pictures on their way in: written aside whole, told by their bytes, gone where that fails."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.teach.pictures import picture, put
from tl_catdog.scratch import sync
from tl_catdog.teach import adding
from tl_catdog.teach.adding import arrived, sweep
from tl_catdog.teach.state import State


def test_files_of_the_folder_are_moved_and_others_copied(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    own = put(root / ".teach" / "uploads" / "1", 1)
    far = put(tmp_path / "far.png", 2)
    for source, name in ((own, "a"), (far, "far.png"), (picture(3), "b.png")):
        found = arrived(root, name, source)
        data = (root / found.place).read_bytes()
        assert hashlib.sha256(data).hexdigest() == found.sha256
        assert found.name.endswith(".png")
    assert not own.exists()
    assert far.exists()


@pytest.mark.parametrize("data", [b"", b"MZ\x90", b"<svg/>", b"PK\x03\x04"])
def test_what_is_no_picture_is_refused_and_left_nowhere(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match="no picture"):
        arrived(tmp_path, "x.jpg", data)
    with pytest.raises(ValueError, match="No such file"):
        arrived(tmp_path, "x.jpg", tmp_path / "none.jpg")
    assert not list(tmp_path.rglob("*.*"))


def test_a_disk_that_refuses_leaves_no_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        sync(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adding, "sync", full)
    with pytest.raises(OSError, match="No space"):
        arrived(tmp_path, "x.png", picture(1))
    assert not list((tmp_path / ".teach" / "incoming").iterdir())


def test_what_a_kill_left_is_swept_and_nothing_behind_a_link(tmp_path: Path) -> None:
    arrived(tmp_path / "a", "x.png", picture(1))
    put(tmp_path / "a" / ".teach" / "incoming" / "tmp1" / "0", 2)  # a half of an upload
    sweep(tmp_path / "a")
    assert not list((tmp_path / "a" / ".teach" / "incoming").iterdir())
    put(tmp_path / "far" / "1.png", 1)
    (tmp_path / "b" / ".teach").mkdir(parents=True)
    (tmp_path / "b" / ".teach" / "incoming").symlink_to(tmp_path / "far")
    sweep(tmp_path / "b")
    assert (tmp_path / "far" / "1.png").exists()


def test_what_is_dropped_onto_a_class_and_had_none_gets_it(tmp_path: Path) -> None:
    put(tmp_path / "3.png", 3)
    put(tmp_path / "dogs" / "1.png", 1)
    state = State.open(tmp_path)
    (loose,) = state.items(None)
    added = state.add([("x.png", picture(3)), ("y.png", picture(3))], "dogs", None, "a")
    assert added.changed.ids == (loose.id,)
    assert len(added.known) == 2
    assert [item.id for item in state.items("dogs")].count(loose.id) == 1
    state.undo("a")
    assert state.item(loose.id).label is None
    state.close()
