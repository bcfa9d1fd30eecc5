"""Settings from a file, whatever that is: TOML, half of it, a pipe, a device."""

from __future__ import annotations

import os
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from tl_catdog import config_file
from tl_catdog.config_file import MOST, load_toml
from tl_catdog.errors import UsageError

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def test_toml_takes_dashes_too(path: Path) -> None:
    path.write_text('arch = "baseline"\nimage-size = 48\nlearning_rate = 0.01\n')
    assert load_toml(path) == {"arch": "baseline", "image_size": 48, "learning_rate": 0.01}


def test_a_file_of_notepad_is_read(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbfarch = "baseline"\r\nseed = 1\r\n')
    assert load_toml(path) == {"arch": "baseline", "seed": 1}


BAD = {
    "missing": None,
    "half": b"arch = ",
    "bytes": b"\xff\xfe",
    "null": b'data = "a\0b"',
    "deep": b"a = " + b"[" * 100_000 + b"]" * 100_000,
    "digits": b"seed = " + b"9" * 5000,
    "long": b"a = " + b"x" * 5000,
    "twice": b"batch-size = 1\nbatch_size = 2",
    "large": b"# " + b"x" * MOST,
}


def test_no_more_of_a_huge_file_is_read_than_settings_may_take(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 * MOST)  # zeros that take no room on the disk
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="at most"):
            load_toml(path)
        assert tracemalloc.get_traced_memory()[1] < 10 * MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_file_is_named_in_one_short_line(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="expected") as caught:
        load_toml(path)
    message = str(caught.value)
    assert caught.value.hint
    assert "\n" not in message
    assert len(message.replace(str(path), "")) < 400
    assert "mine.toml" in message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a folder"):
        load_toml(tmp_path)


@posix_only
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_file(name: str) -> None:
    with pytest.raises(UsageError, match="a device"):
        load_toml(Path(name))


@posix_only
@pytest.mark.parametrize("beginning", [b"", b"# more follows\n"])
def test_a_pipe_is_read_to_its_end(path: Path, beginning: bytes) -> None:
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb") as pipe:
            pipe.write(beginning)
            pipe.flush()
            pipe.write(b"seed = 3\n")

    writer = threading.Thread(target=write)
    writer.start()
    assert load_toml(path) == {"seed": 3}
    writer.join()


@posix_only
def test_a_pipe_that_nobody_writes_to_is_given_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_file, "PATIENCE", 0.1)
    os.mkfifo(path)
    with pytest.raises(UsageError, match="within"):
        load_toml(path)


@posix_only
def test_a_pipe_that_never_ends_is_given_up(path: Path) -> None:
    os.mkfifo(path)

    def write() -> None:
        try:
            with path.open("wb", buffering=0) as pipe:
                while True:
                    pipe.write(b"#" * 2**16)
        except BrokenPipeError:
            pass

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(UsageError, match="at most"):
        load_toml(path)
    writer.join()
