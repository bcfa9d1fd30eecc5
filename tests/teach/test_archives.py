"""Archives that are dropped: their files come out under numbers, whatever their names are."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tl_catdog.fetch.archive import Bounds
from tl_catdog.fetch.archive_streams import ArchiveError
from tl_catdog.teach.archives import is_archive, pictures_in


def made(path: Path, mode: str, names: dict[str, bytes]) -> Path:
    """Write an archive."""
    if mode == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in names.items():
                file.writestr(name, data)
        return path
    with tarfile.open(path, "w:gz" if mode == "w:gz" else "w:") as tar:
        for name, data in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("mode", ["zip", "w:", "w:gz"])
def test_files_come_out_but_not_what_systems_add(tmp_path: Path, mode: str) -> None:
    names = {
        **{"cats/a.jpg": b"one", "b.jpg": b"two"},
        **{"__MACOSX/cats/._a.jpg": b"x", ".hidden": b"x", "cats/Thumbs.db": b"x"},
    }
    archive = made(tmp_path / "x", mode, names)
    assert is_archive(archive)
    out = tmp_path / "out"
    out.mkdir()
    found = pictures_in(archive, out, Bounds())
    assert {name: path.read_bytes() for name, path in found} == {
        "cats/a.jpg": b"one",
        "b.jpg": b"two",
    }
    assert all(path.parent == out for _, path in found)


@pytest.mark.parametrize("mode", ["zip", "w:", "w:gz"])
@pytest.mark.parametrize("name", ["../x.jpg", "/x.jpg", "a/../../x.jpg", "a\\..\\x.jpg"])
def test_names_that_lead_outside_are_refused(tmp_path: Path, mode: str, name: str) -> None:
    archive = made(tmp_path / "x", mode, {name: b"one"})
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError):
        pictures_in(archive, tmp_path / "out", Bounds())
    assert {path.name for path in tmp_path.iterdir()} == {"x", "out"}


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    archive = made(tmp_path / "x", "zip", {"a.jpg": bytes(20_000_000)})
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError, match="bytes"):
        pictures_in(archive, tmp_path / "out", Bounds())


def test_links_and_cut_archives_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x", "w:") as tar:
        info = tarfile.TarInfo("a.jpg")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    whole = made(tmp_path / "y", "zip", {"a.jpg": b"one"}).read_bytes()
    (tmp_path / "y").write_bytes(whole[:-9])
    (tmp_path / "out").mkdir()
    for name in "xy":
        with pytest.raises(ArchiveError):
            pictures_in(tmp_path / name, tmp_path / "out", Bounds())


def test_pictures_and_texts_are_no_archives(tmp_path: Path) -> None:
    for data in (b"", b"\xff\xd8\xff\xe0", b"PK", b"text" * 100):
        (tmp_path / "x").write_bytes(data)
        assert not is_archive(tmp_path / "x")
