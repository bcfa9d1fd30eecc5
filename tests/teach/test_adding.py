"""Pictures on their way in: written aside whole, told by their bytes, gone where that fails."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.teach.pictures import picture, put
from tl_catdog.scratch import sync
from tl_catdog.teach import adding
from tl_catdog.teach.adding import arrived, sweep


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
    sweep(tmp_path / "a")
    assert not list((tmp_path / "a" / ".teach" / "incoming").iterdir())
    put(tmp_path / "far" / "1.png", 1)
    (tmp_path / "b" / ".teach").mkdir(parents=True)
    (tmp_path / "b" / ".teach" / "incoming").symlink_to(tmp_path / "far")
    sweep(tmp_path / "b")
    assert (tmp_path / "far" / "1.png").exists()
