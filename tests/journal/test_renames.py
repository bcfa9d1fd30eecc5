"""A file gets a name that nothing has; what has it stays, however the system renames."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tl_catdog.journal import renames
from tl_catdog.journal.renames import rename_to_free


@pytest.fixture(params=["at once", "by a reserve"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "by a reserve":
        monkeypatch.setattr(renames, "rename_to_free_at_once", lambda *_: False)
    return str(request.param)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    return path


@pytest.mark.usefixtures("way")
def test_a_file_gets_a_free_name(source: Path, tmp_path: Path) -> None:
    rename_to_free(source, tmp_path / "b.jpg")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("b.jpg", b"one")]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_has_the_name_stays(source: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "b.jpg"
    if kind == "file":
        target.write_bytes(b"mine")
    elif kind == "link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
    before = target.lstat()
    with pytest.raises(FileExistsError):
        rename_to_free(source, target)
    assert target.lstat() == before
    assert source.read_bytes() == b"one"


@pytest.mark.usefixtures("way")
def test_an_empty_file_only_reserves_the_name(source: Path, tmp_path: Path) -> None:
    """That is what a killed move has left where there is no renaming at once."""
    (tmp_path / "b.jpg").touch()
    rename_to_free(source, tmp_path / "b.jpg")
    assert (tmp_path / "b.jpg").read_bytes() == b"one"


@pytest.mark.usefixtures("way")
def test_what_cannot_be_renamed_leaves_no_reserve(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rename_to_free(tmp_path / "nothing.jpg", tmp_path / "b.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc").exists(), reason="it is of Linux")
def test_another_disk_is_told(source: Path) -> None:
    with pytest.raises(OSError, match=r"cross-device|No such file") as caught:
        rename_to_free(source, Path("/proc/b.jpg"))
    assert caught.value.errno in (errno.EXDEV, errno.ENOENT)
    assert os.path.lexists(source)
