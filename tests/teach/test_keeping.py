"""Keeping is done by the commands that are shown, and gives what they give."""

from __future__ import annotations

import hashlib
import io
import shlex
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.unfinished import BEGUN, Begun, write_begun
from tl_catdog.runs.writer import RunWriter
from tl_catdog.teach import child
from tl_catdog.teach.job import DONE, FAILED, RUNNING, STOPPED, Job
from tl_catdog.teach.keeping import Keeping
from tl_catdog.teach.records import Record, Records


def paint(root: Path, number: int = 12) -> Path:
    (root / ".teach").mkdir(parents=True)
    for place, (label, hue) in enumerate((("blue", (30, 60, 220)), ("red", (220, 50, 40)))):
        for n in range(number):
            burst = root / label / ("burst-1" if n < 3 else ".")
            burst.mkdir(parents=True, exist_ok=True)
            image = Image.new("RGB", (64, 64), hue)
            image.paste((n * 20, 255 - n * 20, n * 7 + place), (n, n, n + 20, n + 30))
            image.save(burst / f"{n}.png")
    return root


def begun(root: Path) -> Begun:
    return Begun({}, str(root), False, "/", {}, {})


def killed(runs: Path, name: str, root: Path) -> None:
    """Leave what a killed training leaves."""
    writer = RunWriter(runs, name)
    write_begun(writer.path, begun(root))
    writer._lock.release()


def ended(keeping: Keeping, id: str, seconds: float = 240) -> Job:
    end = time.monotonic() + seconds
    while (job := keeping.job(id)).state == RUNNING:
        assert time.monotonic() < end, job.lines
        time.sleep(0.1)
    return job


def test_the_command_keeps_bursts_or_at_least_copies_together(tmp_path: Path) -> None:
    keeping = Keeping(paint(tmp_path / "set"))
    words = ("train", "--data", str(tmp_path / "set"), "--group-by", "subfolder", "--run", "mine")
    assert keeping.training("mine") == words
    for label in ("blue", "red"):
        shutil.rmtree(tmp_path / "set" / label / "burst-1")
    assert "copies" in keeping.training("mine")


def test_names_that_cannot_be_had_are_refused(tmp_path: Path) -> None:
    keeping = Keeping(paint(tmp_path / "set"), tmp_path / "models")
    for name in ("../out", "--force", "a b", ""):
        with pytest.raises(UsageError):
            keeping.start_run(name)
    with pytest.raises(UsageError):
        keeping.start_export("../set", "onnx")
    with pytest.raises(UsageError):
        keeping.start_export("mine", "pickle")
    with pytest.raises(UsageError):
        keeping.job("7")
    assert keeping.jobs() == ()


def test_one_thing_at_a_time_and_it_can_be_stopped(tmp_path: Path) -> None:
    keeping = Keeping(paint(tmp_path / "set"), tmp_path / "models")
    id = keeping.start_run("mine")
    with pytest.raises(UsageError):
        keeping.start_run("other")
    keeping.cancel(id)
    assert ended(keeping, id, 60).state in (STOPPED, DONE)


def test_trainings_of_this_folder_that_were_killed_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, root = tmp_path / "models", paint(tmp_path / "set")
    for name, folder in (("half", root), ("half", root), ("once", root), ("other", tmp_path)):
        killed(runs, name, folder)
    with RunWriter(runs, "now") as running:
        running.begin(begun(root))
        keeping = Keeping(root, runs)
        found = [(one["name"], one["word"]) for one in keeping.unfinished()]
    assert [name for name, _ in found] == ["half", "half", "once"]
    assert found[2] == ("once", "once")
    assert all((runs / word / BEGUN).is_file() for _, word in found[:2])
    monkeypatch.setattr(child, "command", lambda log, words: (sys.executable, "-c", "", *words))
    job = ended(keeping, keeping.start_resume("once"), 30)
    assert (job.kind, job.run) == ("train", "once")
    assert job.command == f"tl-catdog train --resume once --runs-dir {shlex.quote(str(runs))}"
    for word in ("other", "now", "--force"):
        with pytest.raises(UsageError, match="was stopped"):
            keeping.start_resume(word)


def test_what_a_command_says_is_written_through_no_link(tmp_path: Path) -> None:
    keeping = Keeping(paint(tmp_path / "set"), tmp_path / "models")
    (tmp_path / "away").mkdir()
    (tmp_path / "set" / ".teach" / "jobs").symlink_to(tmp_path / "away")
    with pytest.raises(UsageError, match="link"):
        keeping.start_run("mine")
    assert not list((tmp_path / "away").iterdir())


def test_an_archive_is_streamed_without_links(tmp_path: Path) -> None:
    out = tmp_path / "exports" / "mine" / "onnx"
    out.mkdir(parents=True)
    (out / "model.onnx").write_bytes(b"w" * 300_000)
    (out / "link").symlink_to("/etc/hostname")
    keeping = Keeping(tmp_path)
    keeping._jobs[1] = Job("1", "export", "mine", "", DONE, out=out)
    pieces = list(keeping.stream_zip("1"))
    assert max(map(len, pieces)) < 200_000
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["onnx/model.onnx"]
        assert archive.read("onnx/model.onnx") == b"w" * 300_000


def weights(run: Path) -> dict[str, str]:
    """Return hashes of graphs and weights; a .keras file also has its date."""
    found = {path.name: path.read_bytes() for path in run.iterdir() if path.suffix == ".onnx"}
    with zipfile.ZipFile(run / "model.keras") as archive:
        found["weights"] = archive.read("model.weights.h5")
    return {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}


@pytest.mark.slow
def test_the_button_gives_the_bits_of_the_command_and_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keeping = Keeping(paint(Path("set")))
    job = ended(keeping, keeping.start_run("mine"))
    assert job.state == DONE, job.lines
    command = shlex.split(job.command)
    assert command[0] == "tl-catdog"
    words = [sys.executable, "-m", "tl_catdog", *command[1:], "--runs-dir", "again"]
    subprocess.run(words, check=True, capture_output=True)
    assert weights(Path("models/mine")) == weights(Path("again/mine"))
    exported = ended(keeping, keeping.start_export("mine", "onnx"))
    assert exported.state == DONE, exported.lines
    with zipfile.ZipFile(io.BytesIO(b"".join(keeping.stream_zip(exported.id)))) as archive:
        assert any(name.endswith(".onnx") for name in archive.namelist())
    report = ended(keeping, keeping.start_report("mine"))
    assert report.state == DONE, report.lines


def test_a_command_that_fails_is_told_in_its_own_words_and_is_news(tmp_path: Path) -> None:
    root = tmp_path / "set"
    (root / ".teach").mkdir(parents=True)
    (root / "cat").mkdir()
    keeping, told = Keeping(root, tmp_path / "models"), threading.Event()
    keeping.on_end = told.set
    assert not keeping.moved_on()
    id = keeping.start_run("mine")  # fails: there are no pictures
    assert keeping.moved_on()
    assert told.wait(120)
    assert keeping.moved_on()
    job = keeping.job(id)
    assert job.state == FAILED
    assert "expected" in " ".join(job.lines)
    assert not keeping.moved_on()
    with pytest.raises(CatdogError):
        keeping.stream_zip(id)


def test_no_job_of_a_stranger_s_folder_names_what_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports/mine/onnx").mkdir(parents=True)
    (tmp_path / "exports/mine/onnx/model.onnx").write_bytes(b"w")
    (tmp_path / "set/.teach").mkdir(parents=True)
    records = Records(tmp_path / "set/.teach/jobs")
    for folder in (tmp_path, tmp_path / "set"):
        number = records.begin(Record("export", "mine", ("export",), "onnx", str(folder), 5.0))
        (records.folder / f"{number}{child.END}").write_text("0")
    here, elsewhere = sorted(Keeping(tmp_path / "set").jobs(), key=lambda job: int(job.id))
    assert (here.state, here.download, here.out) == (DONE, True, Path("exports/mine/onnx"))
    assert (elsewhere.state, elsewhere.download) == (DONE, False)
