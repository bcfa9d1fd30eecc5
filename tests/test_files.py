"""Files appear whole or not at all; the cache folder follows the standard."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tl_catdog.errors import CatdogWarning
from tl_catdog.files import (
    atomic_path,
    cache_folder,
    is_stream,
    read_json,
    read_text,
    usable_cache_folder,
    write_json,
    write_text,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": True})

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert read_json(path) == {"old": True}
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_is_hidden_beside_the_file_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "below" / "a.png"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".")
        assert temporary.suffix == ".png"  # some writers choose their format by it
        temporary.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_replaces_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a power cut could leave an empty file in the old one's place."""
    path = tmp_path / "a.txt"
    write_text(path, "old")
    synced: list[tuple[int, str]] = []
    fsync = os.fsync

    def spy(handle: int) -> None:
        fsync(handle)
        synced.append((os.fstat(handle).st_size, path.read_text()))

    monkeypatch.setattr(os, "fsync", spy)
    write_text(path, "brand new")
    assert synced[0] == (9, "old")  # after it, the folder
    assert path.read_text() == "brand new"


@pytest.mark.skipif(os.name != "posix", reason="plays Windows, which isn't needed there")
def test_files_are_synced_and_replaced_as_windows_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, what is open for reading alone can't be synced, and renaming replaces nothing."""
    import fcntl

    fsync, rename = os.fsync, Path.rename
    synced: list[int] = []

    def flush(handle: int) -> None:
        mode = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE
        if mode == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        fsync(handle)
        synced.append(handle)

    def to_free_name(source: Path, target: Path) -> Path:
        if target.exists():
            raise FileExistsError(errno.EEXIST, "File exists", str(target))
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "rename", to_free_name)
    monkeypatch.setattr("tl_catdog.scratch.TO_SYNC", "r+b")
    path = tmp_path / "a.txt"
    for text in ("old", "brand new"):
        write_text(path, text)
        assert path.read_text() == text
    assert len(synced) == 2  # the folder's refusal is no matter


OPEN = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN.exists(), reason="this system has no /proc")
def test_nothing_stays_open(tmp_path: Path) -> None:
    before = len(list(OPEN.iterdir()))
    for number in range(5):
        write_text(tmp_path / f"{number}.txt", "text")
    assert len(list(OPEN.iterdir())) == before


def test_a_written_file_has_the_usual_permissions(tmp_path: Path) -> None:
    for umask in (0o022, 0o077):
        before = os.umask(umask)
        try:
            write_text(tmp_path / "new" / "a.txt", "text")
            assert (tmp_path / "new" / "a.txt").stat().st_mode & 0o777 == 0o666 & ~umask
            assert os.umask(umask) == umask
        finally:
            os.umask(before)


def test_names_that_are_not_utf8_keep_their_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    write_text(tmp_path / "a.txt", name)
    assert (tmp_path / "a.txt").read_bytes() == b"caf\xe9.jpg"
    assert read_text(tmp_path / "a.txt") == name
    write_json(tmp_path / "a.json", {name: "größer"})
    assert (tmp_path / "a.json").read_bytes().isascii()
    assert read_json(tmp_path / "a.json") == {name: "größer"}


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    text = "one\r\ntwo\nthree\r"
    write_text(tmp_path / "a.txt", text)
    assert (tmp_path / "a.txt").read_bytes() == text.encode()
    assert read_text(tmp_path / "a.txt") == text


def test_json_is_indented_and_ends_in_a_line_break(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1], "a": None})
    assert (tmp_path / "a.json").read_text() == '{\n  "b": [\n    1\n  ],\n  "a": null\n}\n'


def test_the_cache_honours_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tl-catdog"
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache_folder() == Path.home() / ".cache" / "tl-catdog"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "tl-catdog"


def test_without_a_home_folder_nothing_fails_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a container with a user that has no entry."""

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("/nonexistent/.cache/tl-catdog")


def test_a_cache_folder_is_made_or_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert usable_cache_folder() == tmp_path / "tl-catdog"
    assert list((tmp_path / "tl-catdog").iterdir()) == []
    for place in ("/proc", "/dev/null", f"/tmp/{'x' * 300}"):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        with pytest.warns(CatdogWarning, match="XDG_CACHE_HOME=FOLDER") as caught:
            assert usable_cache_folder() is None
        assert len(caught) == 1


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """As root, a rename would put a file into /dev/null's place; a named pipe stands for it."""
    import threading

    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "text")
    reader.join()
    assert got == ["text"]
    assert pipe.is_fifo()
    assert is_stream(Path("/dev/null"))


def test_an_open_file_is_written_to_by_its_descriptor_s_name(tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("w+") as file:
        link = tmp_path / "link"
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        write_text(link, "text")
        assert file.read() == "text"


def test_a_strangers_link_or_device_in_a_place_of_ours_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").write_text("kept")
    for name, to in (("a", "far"), ("b", "/dev/full"), ("c", "nowhere"), ("d", "folder")):
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(to)
        write_text(tmp_path / name, "text", follow=False)
        assert not (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_text() == "text"
    assert (tmp_path / "far").read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "folder", "text", follow=False)


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real/file.txt")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "file.txt").read_text() == "text"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="/dev/full"):
        write_text(Path("/dev/full"), "text")


def test_a_folder_isn_t_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path, "text")
