"""Runs commands in processes of their own, forked from one in which all imports have been made."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import multiprocessing.process
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import reduction
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.faults import calls
from tests.faults.gate import Event, Gate

WARM = "tests.faults.warm"
PATIENCE = 120.0
"""Seconds until a command counts as hanging."""

SAID = ("out", "err", "memory")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([WARM])


@dataclass(frozen=True)
class Done:
    """What a command did.

    Attributes:
        code: Its exit code; -9 if it was killed.
        out, err: What it said.
        events: Its changes to the disk, where a gate watched.
        seconds: How long it took.
        memory: Kilobytes that it took at most; 0 if it was killed.
        hung: Whether it had to be ended.
    """

    code: int
    out: str
    err: str
    events: tuple[Event, ...] = field(default=(), repr=False)
    seconds: float = 0.0
    memory: int = 0
    hung: bool = False

    @property
    def said(self) -> str:
        """All that it said."""
        return self.out + self.err


@dataclass
class Running:
    """A command that was started.

    Attributes:
        process: Its process.
        folder: Where its words go.
        started: When, in seconds of ``time.monotonic``.
    """

    process: multiprocessing.process.BaseProcess
    folder: tempfile.TemporaryDirectory[str]
    started: float
    channel: Connection
    gate: Gate | None

    def wait(self, patience: float = PATIENCE) -> Done:
        """Wait until it ends, serving its gate meanwhile."""
        in_time = True
        pid = self.process.pid or 0
        if self.gate is not None:
            listener = reduction.recv_handle(self.channel)
            try:
                in_time = self.gate.serve(listener, pid, patience)
            finally:
                if not in_time:
                    self.kill()
                self.process.join(5)
                self._end_group(pid)
                os.close(listener)
        self.process.join(patience)
        if self.process.exitcode is None:
            in_time = False
            self.kill()
            self.process.join()
        self._end_group(pid)
        seconds = time.monotonic() - self.started
        out, err, memory = (
            (Path(self.folder.name) / name).read_text("utf-8", "backslashreplace") for name in SAID
        )
        self.folder.cleanup()
        self.channel.close()
        events = tuple(self.gate.events) if self.gate is not None else ()
        code, most = self.process.exitcode or 0, int(memory or 0)
        return Done(code, out, err, events, seconds, most, hung=not in_time)

    def kill(self, sign: int = signal.SIGKILL) -> None:
        """Send a signal to it alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, sign)

    def _end_group(self, pid: int) -> None:
        """End what it started, such as processes that looked at pictures."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def start(
    words: Sequence[object],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    gate: Gate | None = None,
    body: Callable[..., None] | None = None,
) -> Running:
    """Start ``tl-catdog WORDS`` in a folder.

    Args:
        words: What is typed after the program's name.
        cwd: The working folder.
        environment: Variables to set.
        gate: What its changes to the disk ask.
        body: Called with the words instead of the program; a function of a module.
    """
    folder = tempfile.TemporaryDirectory(prefix="faults-said-")
    for name in SAID:  # it may be killed before it makes them
        (Path(folder.name) / name).touch()
    ours, theirs = _context.Pipe()
    process = _context.Process(
        target=_child,
        args=(
            [str(word) for word in words],
            str(cwd),
            dict(environment or {}),
            folder.name,
            theirs if gate is not None else None,
            gate is not None and gate.reads,
            body,
        ),
    )
    started = time.monotonic()
    process.start()
    theirs.close()
    return Running(process, folder, started, ours, gate)


def run(words: Sequence[object], cwd: Path, *more: Any, patience: float = PATIENCE) -> Done:
    """Run ``tl-catdog WORDS`` to its end; see ``start``."""
    return start(words, cwd, *more).wait(patience)


def _child(
    words: list[str],
    cwd: str,
    environment: dict[str, str],
    folder: str,
    channel: Connection | None,
    reads: bool,
    body: Callable[..., None] | None,
) -> None:
    os.setsid()
    for number, name in ((0, os.devnull), (1, f"{folder}/out"), (2, f"{folder}/err")):
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    # Not those of the process that forks, which may be a test's.
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False)
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    os.environ.update({"COLUMNS": "80", "OMP_NUM_THREADS": "1", **environment})
    os.chdir(cwd)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[os.getpid() % 2 - 1]})
    sys.argv = ["tl-catdog", *words]
    from tl_catdog.cli import main

    if channel is not None:
        reduction.send_handle(channel, calls.install(reads=reads), os.getppid())
    code: object = 0
    try:
        main() if body is None else body(*words)
    except SystemExit as end:
        code = end.code
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(f"{folder}/memory", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(str(used))
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def wait_for(*started: Running) -> list[Done]:
    """Wait for several that run at once; their gates aren't served."""
    wait([one.process.sentinel for one in started], PATIENCE)
    return [one.wait() for one in started]
