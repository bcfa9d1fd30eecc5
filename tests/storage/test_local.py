"""Places on this machine's disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tl_catdog.scratch import MARK
from tl_catdog.storage.failures import ChangedError, CutReadError, GoneError, StorageError
from tl_catdog.storage.places import Place


def test_written_read_listed_removed(tmp_path: Path) -> None:
    top = Place.of(tmp_path)
    for name in ("a.x", "a/1", "a-b/2"):
        (top / name).write(name.encode())
    (tmp_path / f"{MARK}00000000-half").write_bytes(b"being written")
    assert [entry.name for entry in top.entries()] == ["a-b/2", "a.x", "a/1"]
    place = top / "a/1"
    assert place.read(entry=place.info()) == b"a/1"
    assert place.read(1, 1) == b"/"
    place.remove()
    place.remove()
    assert not place.exists()
    assert list((top / "none").entries()) == []


def test_what_is_missing_changed_or_short_is_told(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "a")
    with pytest.raises(GoneError):
        place.read()
    place.write(b"12345")
    entry = place.info()
    place.write(b"123")
    with pytest.raises(ChangedError):
        place.read(entry=entry)
    with pytest.raises(CutReadError):
        place.read(0, 10)
    with pytest.raises(StorageError, match="at most 2"):
        place.read(most=2)
    assert Place.of(tmp_path / ("a" * 300)).info_or_none() is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="something else"):
        Place.of(tmp_path / "pipe").read()


def test_a_link_is_replaced_and_what_it_leads_to_left_alone(tmp_path: Path) -> None:
    mine, link = tmp_path / "mine", tmp_path / "place" / "part"
    mine.write_bytes(b"mine")
    link.parent.mkdir()
    link.symlink_to(mine)
    Place.of(link).write(b"part")
    assert not link.is_symlink()
    assert (link.read_bytes(), mine.read_bytes()) == (b"part", b"mine")
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    Place.of(link).write(b"part")
    assert not (tmp_path / "nowhere").exists()
