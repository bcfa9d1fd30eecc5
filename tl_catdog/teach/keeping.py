"""Keeping what was taught: a run, its report, its exports, by the very commands that are shown.

Each is a process of its own, with the command line that a person would type, so that the button and
the command give the same bits. What it says goes to a file: a server that is killed doesn't take a
training with it, which goes on to its run.
"""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tl_catdog.data.groups import COPIES, SUBFOLDER
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.runs.folder import find_run, list_runs
from tl_catdog.runs.writer import choose_name
from tl_catdog.teach.items import UNLABELLED
from tl_catdog.teach.job import DONE, FAILED, RUNNING, STOPPED, Job, last_lines
from tl_catdog.teach.zipped import zipped

STEM = "taught"  # a run's name where none is wanted: taught, taught-2, …
KEPT = 20  # jobs that are remembered
PATIENCE = 15.0  # seconds that a process has to end when it is asked to
FORMATS = ("onnx", "onnx-uint8", "litert", "litert-int8", "keras", "savedmodel", "triton")


class Keeping:
    """Runs commands on a folder, one after the other.

    Args:
        root: The folder of the pictures, as it was named.
        runs_dir: Where runs go, as the commands have it by themselves.
        exports_dir: Where exports and reports go; the same.
    """

    def __init__(
        self, root: Path, runs_dir: Path = Path("models"), exports_dir: Path = Path("exports")
    ) -> None:
        self.root, self.runs_dir, self.exports_dir = root, runs_dir, exports_dir
        self._jobs: dict[str, Job] = {}
        self._logs: dict[str, Path] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._current = ""
        self._began = 0.0
        self._asked_to_stop = False
        self._lock = threading.RLock()
        self._told: tuple[Job, ...] = ()
        self.on_end: Callable[[], None] = lambda: None
        """Called, in a thread, when a job has ended."""

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs that there are, newest last: their names."""
        return [{"name": run.name} for run in list_runs(self.runs_dir).runs]

    def start_run(self, name: str | None = None, *, finetune: bool = False) -> str:
        """Begin a training on the folder; return the job's id.

        Args:
            name: Of the run; None for a free one.
            finetune: Whether to train the backbone's upper part as well, which takes minutes.

        Raises:
            UsageError: Something is being done already, or the name can't be had.
        """
        with self._lock:
            self._require_free()
            chosen = choose_name(name, STEM, self.runs_dir, force=False)
            more = ("--finetune",) if finetune else ()
            return self._start("train", chosen, self.training(chosen, more), None)

    def training(self, name: str, more: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the words of the command that trains on the folder as it is now.

        Bursts are folders below those of the classes. Where there is none, near-copies alone are
        kept together, as they are with bursts.
        """
        by = SUBFOLDER if self._has_bursts() else COPIES
        words = ("train", "--data", _named(self.root), "--group-by", by, "--run", name, *more)
        return (*words, *self._runs_dir())

    def start_export(self, run: str, kind: str) -> str:
        """Begin to export a run; return the job's id.

        Args:
            run: Its name.
            kind: One of ``FORMATS``.

        Raises:
            UsageError: Something is being done already; there is no such run or format.
        """
        if kind not in FORMATS:
            raise UsageError(
                f"expected one of the formats {listing(FORMATS)}, found {kind!r}.",
                f"Choose {FORMATS[0]}",
            )
        name, out = self._run(run), self.exports_dir
        words = ("export", name, "--format", kind, "--force", *self._runs_dir())
        words = (*words, "--out", _named(out / name))
        return self._start("export", name, words, out / name / kind)

    def start_report(self, run: str) -> str:
        """Begin to write the report on a run; return the job's id. Errors are those of exports."""
        name = self._run(run)
        out = self.exports_dir / f"{name}.html"
        words = ("report", name, "--out", _named(out), *self._runs_dir())
        return self._start("report", name, words, out)

    def start_compare(self, runs: Sequence[str]) -> str:
        """Begin to compare runs; what it says is the comparison. Errors are those of exports."""
        names = [self._run(run) for run in runs]
        if len(names) < 2:
            raise UsageError("expected two runs to compare, found fewer.", "Choose another one")
        return self._start("compare", names[0], ("compare", *names, *self._runs_dir()), None)

    def jobs(self) -> tuple[Job, ...]:
        """Return what is being done and was, the newest first."""
        with self._lock:
            self._look()
            return tuple(reversed(self._jobs.values()))

    def moved_on(self) -> bool:
        """Return whether jobs are others than at the last time this was asked, or said more."""
        now = tuple(replace(job, seconds=0.0) for job in self.jobs())
        before, self._told = self._told, now
        return now != before

    def job(self, id: str) -> Job:
        """Return a job as it is now.

        Raises:
            UsageError: There is none of this id.
        """
        with self._lock:
            self._look()
            if id not in self._jobs:
                raise UsageError("expected a job that is known, found none.", "Begin it anew")
            return self._jobs[id]

    def cancel(self, id: str) -> Job:
        """Ask a job to end; a training keeps what it has for ``train --resume``.

        Raises:
            UsageError: There is none of this id.
        """
        with self._lock:
            job = self.job(id)
            if job.state == RUNNING and self._process is not None:
                self._asked_to_stop = True
                self._process.terminate()
                waiter = threading.Thread(target=_insist, args=(self._process,), daemon=True)
                waiter.start()
            return job

    def close(self) -> None:
        """End what is being done, as ``cancel`` does, and wait for that."""
        process = self._process
        if process is not None and process.poll() is None:
            self._asked_to_stop = True
            process.terminate()
            _insist(process)
        with self._lock:
            self._look()

    def stream_zip(self, id: str) -> Iterator[bytes]:
        """Yield the bytes of a zip archive of what a job left; no more than a piece is in memory.

        Raises:
            UsageError: There is no such job.
            CatdogError: It left nothing, or that is gone.
        """
        job = self.job(id)
        if job.state != DONE or job.out is None or not job.out.exists():
            raise CatdogError("expected something to download, found none.", "Begin it anew")
        return zipped(job.out)

    def _start(self, kind: str, run: str, words: Sequence[str], out: Path | None) -> str:
        with self._lock:
            self._require_free()
            number = 1 + max((int(id) for id in self._jobs), default=0)
            logs = self.root / ".teach" / "jobs"
            if logs.is_symlink() or logs.parent.is_symlink():
                raise UsageError(f"expected a folder, found a link: {logs}.", "Move it away")
            logs.mkdir(parents=True, exist_ok=True)
            log = logs / f"{number}.log"
            log.unlink(missing_ok=True)  # of a server before, whose training may still write to it
            command = (sys.executable, "-m", "tl_catdog", *words)
            with log.open("xb") as file:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is the server's, which then asks it to end
                )
            threading.Thread(target=self._await, args=(self._process,), daemon=True).start()
            self._asked_to_stop, self._began = False, time.monotonic()
            self._current = str(number)
            shown = shlex.join(("tl-catdog", *words))
            self._jobs[self._current] = Job(self._current, kind, run, shown, out=out)
            self._logs[self._current] = log
            while len(self._jobs) > KEPT:
                oldest = next(iter(self._jobs))
                del self._jobs[oldest]
                self._logs.pop(oldest).unlink(missing_ok=True)
            return self._current

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self.on_end()

    def _look(self) -> None:
        """See what has become of the job that is being done."""
        job = self._jobs.get(self._current)
        if job is None or self._process is None or job.state != RUNNING:
            return
        code = self._process.poll()
        state = RUNNING
        if code is not None:
            state = DONE if code == 0 else STOPPED if self._asked_to_stop else FAILED
        lines = last_lines(self._logs[job.id])
        seconds = time.monotonic() - self._began
        self._jobs[job.id] = replace(job, state=state, lines=lines, seconds=seconds)

    def _require_free(self) -> None:
        self._look()
        job = self._jobs.get(self._current)
        if job is not None and job.state == RUNNING:
            raise UsageError(
                f"expected one thing at a time, found that {job.kind} {job.run} isn't done.",
                "Wait for it, or stop it",
            )

    def _run(self, name: str) -> str:
        """Return the name of a run of the folder of runs; no path is taken."""
        there = [run.name for run in list_runs(self.runs_dir).runs]
        if name not in there:
            raise UsageError(
                f"expected a run of {self.runs_dir}, found {name!r}.", "Keep one first"
            )
        return find_run(name, self.runs_dir).name

    def _runs_dir(self) -> tuple[str, ...]:
        named = _named(self.runs_dir)
        return () if named == "models" else ("--runs-dir", named)

    def _has_bursts(self) -> bool:
        with contextlib.suppress(OSError):
            for folder in self.root.iterdir():
                if folder.name.startswith(".") or folder.name == UNLABELLED or not folder.is_dir():
                    continue
                if any(inner.is_dir() and any(inner.iterdir()) for inner in folder.iterdir()):
                    return True
        return False


def _named(path: Path) -> str:
    """Return a path that isn't taken for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def _insist(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was asked to end, and end it where it doesn't."""
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
