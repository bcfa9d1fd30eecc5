"""Reading files: what waits for ever, never ends or fills the memory is refused, not read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tl_catdog.data.digest import UNREADABLE, file_digest
from tl_catdog.data.reading import MAX_BYTES, open_file, read_file


def assert_refused(path: Path, words: str) -> None:
    assert file_digest(path) == UNREADABLE
    with pytest.raises(OSError, match=words) as caught:
        read_file(path)
    assert isinstance(caught.value.errno, int)
    assert caught.value.filename == str(path)


def test_a_file_is_read_whole_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc" * 100_000)
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert read_file(tmp_path / "b.jpg") == b"abc" * 100_000
    assert file_digest(tmp_path / "a.jpg") == file_digest(tmp_path / "b.jpg") != UNREADABLE


def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert_refused(tmp_path / "a.jpg", "named pipe")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.jpg")
        assert_refused(Path("a.jpg"), "socket")


def test_a_block_device_is_refused() -> None:
    disks = [path for path in Path("/dev").iterdir() if path.is_block_device()]
    if not disks:
        pytest.skip("this system shows no disk")
    assert_refused(disks[0], "a device instead of a file")


def test_an_endless_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("/dev/zero")
    assert_refused(tmp_path / "a.jpg", "device")


def test_a_file_that_says_it_is_empty_is_not_read() -> None:
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("this system has no /proc")
    assert path.read_bytes()
    assert read_file(path) == b""


def test_too_large_a_file_is_refused_by_its_length(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert_refused(tmp_path / "a.jpg", "more than")
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(MAX_BYTES)
    open_file(tmp_path / "a.jpg").close()


def test_a_folder_and_a_missing_file_are_refused_as_the_system_does(tmp_path: Path) -> None:
    assert_refused(tmp_path, "directory")
    assert_refused(tmp_path / "none.jpg", "No such file")
