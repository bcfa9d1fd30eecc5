"""Processes do shards; a killed one takes none but its own with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest

from tests.support.batches import in_process, pictures, predicted
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.done import LOST, ShardDone, ShardFailed
from tl_catdog.cluster.engines import local
from tl_catdog.shards.plan import MANIFEST, PARTS, PLAN

pytestmark = pytest.mark.slow

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "pictures", 12)


@pytest.fixture
def expected(source: Path, tmp_path: Path) -> bytes:
    """Return the manifest of a check in this process."""
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched)
        batch("check", source, tmp_path / "whole", shard_size=2)
    return (tmp_path / "whole" / MANIFEST).read_bytes()


@pytest.fixture
def planned(source: Path, tmp_path: Path) -> None:
    """Have a batch in ``out``, done without processes."""
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched)
        batch("check", source, tmp_path / "out", shard_size=2)


def test_a_killed_process_loses_its_shard_only_and_is_replaced(
    source: Path, expected: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched, lambda _, shard: ShardFailed(shard, "not yet"))
        patched.setattr("tl_catdog.cluster.batch.HOPELESS", 1000)
        batch("check", source, dest, shard_size=2)
    results = []
    run = local.run(range(12), str(dest), workers=2)
    results.append(next(run))
    victim = children_that_work()[0]
    os.kill(victim.pid, SIGKILL)
    results += run
    assert sorted(result.shard for result in results) == list(range(12))
    lost = [result for result in results if isinstance(result, ShardFailed)]
    assert [result.reason for result in lost] == [LOST]
    assert sum(isinstance(result, ShardDone) for result in results) == 11
    assert children_that_work() == []
    assert batch("check", source, dest, shard_size=2, workers=1).computed <= 1
    assert (dest / MANIFEST).read_bytes() == expected


@pytest.mark.usefixtures("planned")
def test_who_stops_early_leaves_no_process(tmp_path: Path) -> None:
    run = local.run(range(12), str(tmp_path / "out"), workers=2)
    next(run)
    run.close()  # type: ignore[attr-defined]
    assert children_that_work() == []


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
@pytest.mark.usefixtures("planned")
def test_one_that_is_stopped_is_ended_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "END", 0.1)
    run = local.run(range(12), str(tmp_path / "out"), workers=2)
    next(run)
    os.kill(children_that_work()[0].pid, signal.SIGSTOP)
    run.close()  # type: ignore[attr-defined]
    assert children_that_work() == []


def test_one_that_gets_no_further_is_replaced_and_its_shard_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hired, kept = [], []

    def idle(*_: object) -> tuple[Connection, BaseProcess]:
        ours, theirs = Pipe()
        process = get_context("spawn").Process(target=time.sleep, args=(600,))
        process.start()
        hired.append(process)
        kept.append(theirs)  # the process's own would be open as long as it lives
        return ours, process

    for name, value in {"_hire": idle, "LOOK": 0.05, "PATIENCE": 0.2}.items():
        monkeypatch.setattr(local, name, value)
    results = list(local.run([5, 6], "nowhere", workers=1))
    assert results == [ShardFailed(5, local.SILENT), ShardFailed(6, local.SILENT)]
    assert len(hired) == 2
    assert not any(process.is_alive() for process in hired)


@pytest.mark.parametrize("kill", [signal.SIGINT, SIGKILL])
def test_a_stopped_command_goes_on_when_it_is_typed_again(
    kill: signal.Signals, source: Path, expected: bytes, tmp_path: Path
) -> None:
    dest = tmp_path / "out"
    typed = [sys.executable, "-m", "tl_catdog", "batch", "check", source, "--out", dest]
    typed += ["--shard-size", "2", "--fail-on", "none", "--workers", "1"]
    words = [str(word) for word in typed]
    command = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    until(lambda: len(list((dest / PARTS).glob("part-*"))) > 1 or command.poll() is not None)
    command.send_signal(kill)
    _, said = command.communicate(timeout=60)
    assert (dest / PLAN).is_file()
    if kill == signal.SIGINT and command.returncode != 0:
        assert command.returncode == 130
        assert "type the same command" in said
    again = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert (dest / MANIFEST).read_bytes() == expected


def test_answers_of_processes_are_those_of_one(source: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched)
        predicted(source, tmp_path / "one", shard_size=5)
    predicted(source, tmp_path / "several", shard_size=5, workers=2)
    one, several = ((tmp_path / name / MANIFEST).read_bytes() for name in ("one", "several"))
    assert one == several


def children_that_work() -> list[psutil.Process]:
    """Return the processes that this one spawned for shards."""
    return [child for child in psutil.Process().children() if _works(child)]


def _works(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:  # it has ended, and may wait for its end to be noticed
        return False


def until(reached: object, seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not reached():  # type: ignore[operator]
        time.sleep(0.01)
