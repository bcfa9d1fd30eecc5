"""Standard output and error that are closed, full or cut: work goes on, lost results are told."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import Trained
from tests.support.commands import commands
from tl_catdog.cli.streams import CUT, Guarded, OutputError, guard, guarded

FULL = Path("/dev/full")

needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def pipe_without_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@needs_full
def test_what_is_said_to_a_full_disk_is_lost_without_a_word() -> None:
    with FULL.open("wb", buffering=0) as full:
        stream = guarded(None, Guarded(full.fileno(), loud=False))
        for _ in range(3):
            print("progress", file=stream, flush=True)


def test_what_is_said_to_a_cut_pipe_is_lost_without_a_word() -> None:
    writer = pipe_without_reader()
    stream = guarded(None, Guarded(writer, loud=False))
    for _ in range(3):
        print("progress", file=stream, flush=True)
    os.close(writer)


@needs_full
def test_results_that_are_lost_are_an_error_once() -> None:
    with FULL.open("wb", buffering=0) as full:
        stream = guarded(None, Guarded(full.fileno(), loud=True))
        with pytest.raises(OutputError, match="No space left") as caught:
            print("result", file=stream, flush=True)
        stream.flush()  # as the interpreter does at its end
    assert caught.value.exit_code == 1


def test_results_to_a_cut_pipe_end_as_the_signal_would() -> None:
    writer = pipe_without_reader()
    stream = guarded(None, Guarded(writer, loud=True))
    with pytest.raises(OutputError) as caught:
        print("result", file=stream, flush=True)
    assert (caught.value.cut, caught.value.exit_code) == (True, CUT)
    stream.flush()
    os.close(writer)


def test_a_slow_reader_of_a_pipe_that_does_not_wait_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    got: list[bytes] = []

    def read() -> None:
        time.sleep(0.1)
        with open(reader, "rb") as file:  # noqa: PTH123 (a descriptor)
            got.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    stream = guarded(None, Guarded(writer, loud=True))
    stream.write("x" * 300_000)
    stream.flush()
    os.close(writer)
    thread.join()
    assert len(got[0]) == 300_000


def test_a_stream_keeps_its_encoding_and_shows_what_it_lacks_as_an_escape() -> None:
    reader, writer = os.pipe()
    before = io.TextIOWrapper(io.BytesIO(), "ascii", line_buffering=True)
    stream = guarded(before, Guarded(writer, loud=True))
    assert (stream.encoding, stream.line_buffering) == ("ascii", True)
    print("é\udcff", file=stream)
    assert os.read(reader, 100) == b"\\xe9\\udcff\n"
    os.close(reader)
    os.close(writer)


def test_streams_that_others_put_in_place_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", mine)
    monkeypatch.setattr(sys, "stderr", mine)
    guard()
    assert sys.stdout is sys.stderr is mine


def shell(line: str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program in a shell's pipe: ``{}`` stands for it and its words."""
    program = f'"{sys.executable}" -m tl_catdog {" ".join(words)}'
    return subprocess.run(
        ["bash", "-c", line.replace("{}", program)],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=cwd,
    )


LIGHT = [("--version",), ("--help",), ("data", "list", "--json"), ("compare", "cats-dogs")]


@needs_full
@pytest.mark.slow
@pytest.mark.parametrize("words", LIGHT, ids=" ".join)
@pytest.mark.parametrize("place", [">/dev/full", ">&-"])
def test_results_that_cannot_be_written_are_one_line_that_names_standard_output(
    words: tuple[str, ...], place: str
) -> None:
    done = shell(f"{{}} {place}", *words)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if "Error" in line]
    assert len(errors) == 1, done.stderr
    assert "standard output" in errors[0]
    assert "fault" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", LIGHT, ids=" ".join)
def test_a_reader_that_has_seen_enough_ends_it_quietly(words: tuple[str, ...]) -> None:
    done = shell("{} | true; echo ${PIPESTATUS[0]}", *words)
    # A small answer may be written before its reader ends.
    assert done.stdout.strip() in {str(CUT), "0"}
    assert "Error" not in done.stderr
    assert "Traceback" not in done.stderr


@needs_full
def test_every_help_to_a_full_disk_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from tl_catdog.cli import main

    for words in commands():
        with FULL.open("wb", buffering=0) as full:
            monkeypatch.setattr(sys, "stdout", guarded(None, Guarded(full.fileno(), loud=True)))
            monkeypatch.setattr(sys, "argv", ["tl-catdog", *words, "--help"])
            with pytest.raises(SystemExit) as end:
                main()
        assert end.value.code == 1
        assert "expected standard output" in capfd.readouterr().err


@needs_full
@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("2>&-", 0),
        ("2>/dev/full", 0),
        (">&- 2>&- <&-", 1),
        ("2>&1 | head -1; exit ${PIPESTATUS[0]}", CUT),
    ],
)
def test_a_training_that_nobody_listens_to_leaves_its_run(
    trained: Trained, tmp_path: Path, place: str, code: int
) -> None:
    words = f"train --arch baseline --image-size 32 --epochs 1 --data {trained.data} --run a"
    done = shell(f"{{}} {words} {place}", cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "models" / "a" / "manifest.json").is_file()
    assert os.listdir(tmp_path / "models") == ["a"]  # noqa: PTH208 (its names)


def test_a_closed_stream_is_told_as_such() -> None:
    assert "Bad file descriptor" in str(OutputError(OSError(errno.EBADF, os.strerror(errno.EBADF))))
