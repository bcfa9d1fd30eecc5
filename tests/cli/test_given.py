"""Pictures as a command line names them: standard input, pipes, addresses."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import COLOURS, Cli, paint
from tests.support.commands import assert_one_line
from tl_catdog.cli.given import GivenImages, streamed

RUN = ("--run", "cats-dogs")


class Piped:
    """Standard input that holds some bytes."""

    def __init__(self, path: Path, *, terminal: bool = False) -> None:
        self.buffer = path.open("rb")
        self.closed = False
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_standard_input_is_answered_as_its_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = paint(tmp_path / "a.png", COLOURS[0], 1)
    monkeypatch.setattr("sys.stdin", Piped(picture))
    outcome = cli("predict", picture, "-", picture, *RUN, "--json")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [row.pop("path") for row in rows] == [str(picture), "-", str(picture)]
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_that_is_named_is_read_and_one_in_a_folder_is_not(cli: Cli, tmp_path: Path) -> None:
    picture = paint(tmp_path / "set" / "a.png", COLOURS[0], 1)
    pipe = tmp_path / "set" / "pipe.png"
    os.mkfifo(pipe)

    def feed() -> None:
        with pipe.open("wb") as out:
            out.write(picture.read_bytes())

    writer = threading.Thread(target=feed, daemon=True)
    writer.start()
    outcome = cli("predict", pipe, *RUN, "--json")
    writer.join()
    assert json.loads(outcome.out)["label"] is not None
    assert json.loads(outcome.out)["path"] == str(pipe)
    outcome = cli("predict", tmp_path / "set", *RUN)
    assert outcome.code == 1
    assert "pipe.png: can't be read (a named pipe" in outcome.err


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_what_standard_input_lacks_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    monkeypatch.setattr("sys.stdin", Piped(empty, terminal=True))
    outcome = cli(command, "-", *RUN)
    assert outcome.code == 2
    assert "on standard input, found a terminal" in outcome.err
    assert f"Type: tl-catdog {command} - < photo.jpg" in outcome.err
    monkeypatch.setattr("sys.stdin", None)
    outcome = cli(command, "-", *RUN)
    assert outcome.code == 2
    assert "found it closed" in outcome.err


def test_standard_input_can_be_one_picture_only(cli: Cli) -> None:
    outcome = cli("predict", "-", "/dev/stdin", *RUN)
    assert outcome.code == 2
    assert_one_line(outcome.err)


def test_an_empty_standard_input_is_a_picture_that_cannot_be_read(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    monkeypatch.setattr("sys.stdin", Piped(empty))
    outcome = cli("predict", "-", *RUN)
    assert (outcome.code, outcome.out) == (1, "")
    assert "-: the file is empty" in outcome.err


@pytest.mark.parametrize("address", ["https://a.org/cat.jpg", "www.a.org/cat.jpg", "data:,x"])
@pytest.mark.parametrize("command", ["predict", "explain"])
def test_an_address_is_told_that_it_is_one(cli: Cli, command: str, address: str) -> None:
    outcome = cli(command, address, *RUN)
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert f"found an address, {address}" in " ".join(outcome.err.split())
    assert f"| tl-catdog {command} -" in outcome.err


@pytest.mark.parametrize("words", [("train", "--data"), ("data", "check"), ("data", "split")])
def test_a_folder_at_an_address_is_told_so(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words, "https://a.org/cats")
    assert outcome.code == 2
    assert re.search("found an? (web )?address, https://a.org/cats", " ".join(outcome.err.split()))


def test_files_and_folders_are_left_to_others(tmp_path: Path) -> None:
    assert streamed(str(tmp_path)) is None
    assert streamed(str(tmp_path / "missing.jpg")) is None
    assert list(GivenImages([str(tmp_path / "a.jpg")]).sources()) == [tmp_path / "a.jpg"]


@pytest.mark.slow
def test_a_picture_is_explained_from_a_pipe(tmp_path: Path) -> None:
    picture = paint(tmp_path / "a.png", COLOURS[0], 1)
    with picture.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "tl_catdog", "explain", "-", *RUN],
            cwd=tmp_path,
            stdin=file,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "picture.explained.png").is_file()
