"""Places that aren't free are written to as they are, or refused; none is ever replaced."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "pets"
    (paint_set(tmp_path / "split", {"train": 10}) / "train").rename(root)
    (root / "ant" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    return root


SPLIT = ("data", "split", "pets", "--out")
CHECK = ("data", "check", "pets", "--no-outliers", "--fail-on", "none", "--html")


@pytest.mark.parametrize("words", [SPLIT, (*SPLIT[:3], "--force", "--out"), CHECK])
def test_a_pipe_is_written_to(cli: Cli, pets: Path, words: tuple[str, ...]) -> None:
    pipe = pets.with_name("pipe")
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = cli(*words, pipe)
    reader.join(20)
    assert done.code == 0, done.err
    assert read[0].startswith((b"split,label", b"<!DOCTYPE html>", b"<!doctype html>"))
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes devices"
)
@pytest.mark.parametrize("words", [SPLIT, (*SPLIT[:3], "--force", "--out"), CHECK])
@pytest.mark.parametrize(("device", "code"), [((1, 3), 0), ((1, 7), 1)])
def test_a_device_stays_one(
    cli: Cli, pets: Path, words: tuple[str, ...], device: tuple[int, int], code: int
) -> None:
    place = pets.with_name("device")
    try:
        os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(*device))
        place.open("wb").close()
    except OSError:
        pytest.skip("this container makes no devices")
    done = cli(*words, place)
    assert done.code == code, done.err
    assert place.stat().st_rdev == os.makedev(*device)
    if code:
        assert "No space left on device" in done.err
        assert str(place) in done.err
        assert_one_line(done.err)


@pytest.mark.parametrize("words", [(*SPLIT[:3], "--force", "--out"), CHECK])
def test_a_link_stays_and_what_it_points_to_is_written(
    cli: Cli, pets: Path, words: tuple[str, ...]
) -> None:
    link, real = pets.with_name("link"), pets.with_name("real")
    link.symlink_to("real")
    assert cli(*words, link).code == 0
    assert link.is_symlink()
    assert real.stat().st_size > 100


@pytest.mark.parametrize("words", [SPLIT, (*SPLIT[:3], "--force", "--out"), CHECK])
def test_a_folder_is_refused(cli: Cli, pets: Path, words: tuple[str, ...]) -> None:
    (pets.with_name("mine") / "inner").mkdir(parents=True)
    done = cli(*words, "mine")
    assert done.code == 2
    assert f"Type: {words[-1]} " in done.err
    assert_one_line(done.err)
    assert (pets.with_name("mine") / "inner").is_dir()


@pytest.mark.parametrize(
    "words",
    [
        ("data", "draw", "--train", 1, "--validation", 1, "--size", 16),
        (*SPLIT[:3], "--folders"),
        (*SPLIT[:3], "--force", "--folders"),
        ("data", "get", "filtered", "--into"),
    ],
)
def test_no_folder_takes_the_place_of_a_pipe_or_file(
    cli: Cli, pets: Path, words: tuple[object, ...]
) -> None:
    pipe, file = pets.with_name("pipe"), pets.with_name("file")
    os.mkfifo(pipe)
    file.write_text("mine")
    for place in (pipe, file):
        done = cli(*words, place)
        assert done.code == 2
        assert_one_line(done.err)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert file.read_text() == "mine"
