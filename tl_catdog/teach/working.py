"""Commands that work for a page, one after the other: begun, watched, asked to end, found again."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import psutil

from tl_catdog.errors import UsageError
from tl_catdog.teach import child
from tl_catdog.teach.changing import refused
from tl_catdog.teach.job import DONE, FAILED, RUNNING, STOPPED, Job, last_lines
from tl_catdog.teach.records import Record, Records, here
from tl_catdog.wording import printable

KEPT = 20  # jobs that are remembered
PATIENCE = 15.0  # seconds that a process has to end when it is asked to


class Process(Protocol):
    """One of this server's own, ``subprocess.Popen``, or psutil's of one before it."""

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for its end."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class Working:
    """The jobs of a folder, those of earlier servers among them.

    Args:
        folder: Of their files.

    Attributes:
        on_end: Called, in a thread, when a job has ended.
    """

    def __init__(self, folder: Path) -> None:
        self._records = Records(folder)
        self._known: dict[int, Record] = {}
        self._jobs: dict[int, Job] = {}
        self._processes: dict[int, Process] = {}
        self._lock = threading.RLock()
        self._told: tuple[Job, ...] = ()
        self._asked = ""
        self.on_end: Callable[[], None] = lambda: None
        for number, record in self._records.read():
            self._known[number] = record
            if process := self._records.process(number, record):
                self._watch(number, process)

    def jobs(self) -> tuple[Job, ...]:
        """Return what is being done and was, the newest first."""
        with self._lock:
            self._look()
            return tuple(self._jobs[number] for number in sorted(self._jobs, reverse=True))

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
        for job in self.jobs():
            if job.id == id:
                return job
        raise UsageError("expected a job that is known, found none.", "Begin it anew")

    def once(self, asked: str, work: Callable[[], str]) -> str:
        """Begin something, unless the same request did already; return the job's id.

        Whoever loses the connection can't know whether a request came through, and sends it again;
        to another server, if this one was killed.

        Args:
            asked: Which request it is; empty where no other one is the same.
            work: Begins it, by ``start``.

        Raises:
            UsageError: Something is being done already, or as ``work`` says.
            CatdogError: As ``work`` says.
        """
        with self._lock:
            for number, record in self._known.items():
                if asked and record.asked == asked:
                    return str(number)
            self._asked = asked
            try:
                return work()
            finally:
                self._asked = ""

    def start(self, kind: str, run: str, words: Sequence[str], format: str = "") -> str:
        """Begin a command; return the job's id.

        Args:
            kind: The command.
            run: The run that it makes, or is about.
            words: What is typed after ``tl-catdog``.
            format: Of an export.

        Raises:
            UsageError: Something is being done already.
            CatdogError: What it says can't be written down.
        """
        with self._lock:
            for job in self.jobs():
                if job.state == RUNNING:
                    raise UsageError(
                        f"expected one thing at a time, found that {job.kind} {job.run} isn't "
                        "done.",
                        "Wait for it, or stop it",
                    )
            began = time.time()
            record = Record(kind, run, tuple(words), format, here(), began, asked=self._asked)
            try:
                number = self._records.begin(record)
                process = _begun(self._records.log(number), words)
            except OSError as error:
                raise refused(error, f"to begin {kind} {run}") from error
            self._known[number] = record
            self._watch(number, process)
            for old in sorted(self._known)[:-KEPT]:
                self._records.forget(old)
                del self._known[old]
                self._jobs.pop(old, None)
            return str(number)

    def cancel(self, id: str) -> Job:
        """Ask a job to end; a training keeps what it has for ``train --resume``.

        Raises:
            UsageError: There is none of this id.
        """
        with self._lock:
            job = self.job(id)
            if job.state == RUNNING:
                process = self._ask_to_end(int(id))
                threading.Thread(target=_insist, args=(process,), daemon=True).start()
            return job

    def close(self, tell: Callable[[str], None] = lambda words: None) -> tuple[Job, ...]:
        """End what is being done, as ``cancel`` does, and wait for that; return what was ended.

        Args:
            tell: Told what ends.
        """
        with self._lock:
            ending = [job for job in self.jobs() if job.state == RUNNING]
            processes = [self._ask_to_end(int(job.id)) for job in ending]
        for job, process in zip(ending, processes, strict=True):
            tell(f"Stopping {job.kind} {job.run} …")
            _insist(process)
        return tuple(ending)

    def _out(self, record: Record) -> Path | None:
        """Return where a job's result is, or None."""
        raise NotImplementedError

    def _was_stopped(self, run: str) -> bool:
        """Return whether a run is of a training that was asked to stop."""
        raise NotImplementedError

    def _watch(self, number: int, process: Process) -> None:
        self._processes[number] = process

        def wait() -> None:
            process.wait()
            self.on_end()

        threading.Thread(target=wait, name=f"job {number}", daemon=True).start()

    def _ask_to_end(self, number: int) -> Process:
        process = self._processes[number]
        self._known[number] = replace(self._known[number], stopped=True)
        with contextlib.suppress(OSError):
            self._records.write(number, self._known[number])
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        return process

    def _look(self) -> None:
        """See what has become of the jobs that weren't at their end."""
        for number, record in self._known.items():
            if number in self._jobs and self._jobs[number].state != RUNNING:
                continue
            process = self._processes.get(number)
            runs = process is not None and _runs(process)
            until = time.time() if runs else self._records.ended(number)
            out = None if runs else self._out(record)
            self._jobs[number] = Job(
                str(number),
                record.kind,
                record.run,
                printable(shlex.join(("tl-catdog", *record.words))),
                RUNNING if runs else self._end_of(number, record),
                last_lines(self._records.log(number)),
                max(0.0, until - record.began),
                out if out is not None and out.exists() else None,
            )

    def _end_of(self, number: int, record: Record) -> str:
        code = self._records.code(number)
        if code == 0 and record.stopped and record.kind == "train":
            return STOPPED if self._was_stopped(record.run) else DONE
        return DONE if code == 0 else STOPPED if record.stopped else FAILED


def _begun(log: Path, words: Sequence[str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            child.command(log, words),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the server's, which then asks it to end
        )


def _runs(process: Any) -> bool:
    if isinstance(process, subprocess.Popen):
        return process.poll() is None
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _insist(process: Process) -> None:
    """Wait for a process that was asked to end, and end it where it doesn't."""
    try:
        process.wait(PATIENCE)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait()
