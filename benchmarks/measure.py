"""Run a command as a process of its own, measure it, and keep every figure in a JSON file.

This module and ``run.py`` import nothing heavy on purpose: Linux counts the memory that a starter
held while it started a process to that process's peak, so the starter has to stay small.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tl_catdog.files import read_json, write_json

FORMAT = 1
STARTED = "BENCHMARK_STARTED"
"""Environment variable that tells a process when it was started, in seconds of ``time.time()``."""

TAIL = 15
"""Lines of a failed process's standard error that are shown."""

Record = dict[str, Any]


class BenchmarkError(Exception):
    """Something that ends a section: a process failed, or a file isn't what it should be."""


@dataclass(frozen=True)
class Usage:
    """What a finished process took."""

    wall_seconds: float
    user_seconds: float
    system_seconds: float
    peak_rss_bytes: int
    stdout: Path


@dataclass(frozen=True)
class Job:
    """A command that is ready to be measured.

    Attributes:
        command: Its words.
        read: Takes the file of its standard output; returns the figures to keep, for JSON.
        env: What to add to the environment.
        drop: Folders that may go when the figures have been read.
    """

    command: Sequence[str]
    read: Callable[[Path], dict[str, Any]]
    env: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Task:
    """What to measure in each repeat, or the first ``most``; ``prepare`` isn't measured."""

    section: str
    name: str
    prepare: Callable[[int], Job]
    most: int | None = None


def run_process(
    command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
) -> Usage:
    """Run a command to its end, its output going to files in ``folder``, and measure it.

    Raises:
        BenchmarkError: It can't be started, or it ends with another exit code than 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        began = time.perf_counter()
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, **(env or {}), STARTED: repr(time.time())},
                # Ctrl-C must reach us alone: a training would end well with what it has, and
                # an interrupted training would pass for a whole one.
                start_new_session=True,
            )
        except OSError as error:
            raise BenchmarkError(f"can't start {shlex.join(command)}: {error.strerror}") from error
        RUNNING.add(process.pid)
        try:
            # Unlike RUSAGE_CHILDREN it tells of this process (and its own) alone.
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _end(process)
            raise
        finally:
            RUNNING.discard(process.pid)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        lines = err.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = "\n".join(lines[-TAIL:]) or "(nothing on standard error)"
        raise BenchmarkError(
            f"{shlex.join(command)}\nended with exit code {process.returncode}:\n{tail}"
        )
    return Usage(wall, used.ru_utime, used.ru_stime, _rss_bytes(used), out)


RUNNING: set[int] = set()  # processes that are being measured


def end_all() -> None:
    """Ask all processes that other threads measure to end, and those that they started."""
    for pid in tuple(RUNNING):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGTERM)


def _rss_bytes(used: resource.struct_rusage) -> int:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it started, which share its process group."""
    for kind, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def alternating(tasks: Sequence[Task], repeats: int) -> Iterator[tuple[int, Task]]:
    """Yield every task once in each repeat, the order turned round in every second one.

    So a machine that slows down or warms up bears on all of them alike.
    """
    for repeat in range(1, repeats + 1):
        for task in tasks if repeat % 2 else reversed(tasks):
            if task.most is None or repeat <= task.most:
                yield repeat, task


def read_json_line(stdout: Path) -> dict[str, Any]:
    """Return the JSON object on the last line of a standard output."""
    lines = stdout.read_text(encoding="utf-8").strip().splitlines()
    try:
        found = json.loads(lines[-1])
    except (IndexError, ValueError) as error:
        raise BenchmarkError(f"expected a line of JSON at the end of {stdout}") from error
    if not isinstance(found, dict):
        raise BenchmarkError(f"expected a JSON object at the end of {stdout}")
    return found


def read_nothing(stdout: Path) -> dict[str, Any]:
    """Keep nothing of a standard output."""
    return {}


class Journal:
    """The measurements of a run and the file they are kept in, written anew after each one.

    Args:
        path: The file.
        document: What it holds: the surroundings, and ``measurements``.
        summarise: Returns the summary of the measurements, for JSON.
    """

    def __init__(
        self,
        path: Path,
        document: dict[str, Any],
        summarise: Callable[[Sequence[Record]], list[dict[str, Any]]],
    ) -> None:
        self.path = path
        self.document = document
        self._summarise = summarise

    @property
    def measurements(self) -> list[Record]:
        """All measurements so far, in the order they were taken."""
        found: list[Record] = self.document["measurements"]
        return found

    def has(self, task: Task, repeat: int) -> bool:
        """Return whether a task has been measured in a repeat, no part of it having failed."""
        found = [m for m in self.measurements if _key(m) == (task.section, task.name, repeat)]
        return any(not failed_parts(record) for record in found)

    def add(self, record: Record) -> None:
        """Keep a measurement and the commit it was taken at, on disk as well."""
        self._drop(_key(record))
        self.measurements.append({**record, "commit": self.document["git"]["commit"]})
        self.save()

    def fail(self, task: Task, repeat: int, error: str) -> None:
        """Keep why a task could not be measured, until it is."""
        self._drop((task.section, task.name, repeat))
        place = {"section": task.section, "name": task.name, "repeat": repeat}
        self.document.setdefault("failures", []).append({**place, "error": error})
        self.save()

    def _drop(self, key: tuple[str, str, int]) -> None:
        for kept in (self.measurements, self.document.get("failures", [])):
            kept[:] = [record for record in kept if _key(record) != key]

    def save(self) -> None:
        """Write the file, in one step: a reader finds the old one or the new one."""
        self.document["updated"] = now()
        self.document["summary"] = self._summarise(self.measurements)
        write_json(self.path, self.document)


def _key(record: Record) -> tuple[str, str, int]:
    return record["section"], record["name"], record["repeat"]


def failed_parts(record: Record) -> list[str]:
    """Return the parts of a measurement that failed while the others went on."""
    parts = record["printed"].items()
    return [name for name, found in parts if isinstance(found, dict) and "error" in found]


def open_journal(
    path: Path,
    surroundings: Mapping[str, Any],
    summarise: Callable[[Sequence[Record]], list[dict[str, Any]]],
    *,
    resume: bool,
) -> Journal:
    """Return the journal at ``path``, new or continued.

    Raises:
        BenchmarkError: There is a file and ``resume`` isn't set; or it was measured on another
            machine, with other packages, pictures or sizes.
    """
    before = {"format": FORMAT, "started": now(), "sets": {}}
    fresh = {**before, **surroundings, "measurements": [], "summary": []}
    if not path.exists():
        return Journal(path, fresh, summarise)
    if not resume:
        raise BenchmarkError(f"{path} exists: --resume continues it; move it away to start afresh.")
    try:
        old = {"sets": {}, **read_json(path)}  # files from before that section have none
        differing = [key for key in COMPARABLE if _comparable(old[key]) != _comparable(fresh[key])]
        list(old["measurements"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"{path} isn't a file of measurements ({error!r}).") from error
    if differing:
        raise BenchmarkError(
            f"{path} was measured with other {' and '.join(differing)}, so its figures can't be "
            "compared with new ones; choose another --out."
        )
    return Journal(path, {**fresh, **old, "git": fresh["git"]}, summarise)


COMPARABLE = ("machine", "versions", "pictures", "sets", "settings")
"""What has to be the same for measurements to stand in one file."""


def _comparable(found: Mapping[str, Any]) -> dict[str, Any]:
    # Our own version may differ: every measurement names its commit.
    return {key: value for key, value in found.items() if key != "tl-catdog"}


def measure(
    task: Task, repeat: int, folder: Path, shown: Callable[[Sequence[str], Mapping[str, str]], str]
) -> Record:
    """Prepare a task, measure it, and return the record to keep.

    Args:
        task: What to do.
        repeat: Which time it is, from 1.
        folder: Where its output goes.
        shown: Writes a command for readers elsewhere, without this machine's folders.
    """
    job = task.prepare(repeat)
    started, load = now(), os.getloadavg()[0]
    usage = run_process(job.command, folder, job.env)
    record = {
        "section": task.section,
        "name": task.name,
        "repeat": repeat,
        "command": shown(job.command, job.env),
        "started": started,
        "load_before": round(load, 2),
        "wall_seconds": round(usage.wall_seconds, 3),
        "user_seconds": round(usage.user_seconds, 3),
        "system_seconds": round(usage.system_seconds, 3),
        "peak_rss_bytes": usage.peak_rss_bytes,
        "printed": job.read(usage.stdout),
    }
    for path in job.drop:
        remove(path)
    return record


def remove(folder: Path) -> None:
    """Remove a folder of links and results, as far as that goes."""
    shutil.rmtree(folder, ignore_errors=True)


def now() -> str:
    """Return the time, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
