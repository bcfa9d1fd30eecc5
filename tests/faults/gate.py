"""Answers for a process whose changes to a disk ask first: go on, fail, or be killed there."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import stat
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.calls import CALLS, NUMBERS, WRITING

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_GO_ON = 1
_LONGEST = 4096  # bytes of a path
_HERE = -100  # instead of a folder's descriptor: the working folder


@dataclass(frozen=True)
class Event:
    """A call that asks: its number in the order of all, its name, and what it is about."""

    index: int
    call: str
    path: str
    opens_to_write: bool = False


Verdict = str | int
"""``GO``, ``KILL``, or the number of an error."""
GO, KILL = "go", "kill"
Decide = Callable[[Event], Verdict]


@dataclass
class Gate:
    """Watches calls about what lies in some folders.

    Attributes:
        roots: The folders; other calls pass and aren't counted.
        decide: Says what becomes of a call; by default it passes.
        reads: Whether calls that only read ask as well.
        events: The calls so far.
    """

    roots: tuple[Path, ...]
    decide: Decide = field(default=lambda event: GO)
    reads: bool = False
    events: list[Event] = field(default_factory=list)

    def serve(self, listener: int, pid: int, patience: float) -> bool:
        """Answer until every process behind the listener has ended; return False if out of time."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        end = time.monotonic() + patience
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return False
            for _, what in poll.poll(min(left, 1) * 1000):
                if what & select.POLLIN:
                    self._answer(listener, pid)
                elif what & (select.POLLHUP | select.POLLERR):
                    return True
            if not _is_alive(pid):
                return True

    def _answer(self, listener: int, pid: int) -> None:
        asked = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, asked)
        except OSError:  # killed meanwhile
            return
        identity, thread = struct.unpack_from("<QI", asked)
        number = struct.unpack_from("<i", asked, 16)[0]
        arguments = struct.unpack_from("<6Q", asked, 32)
        verdict: Verdict = GO
        event = self._event(NUMBERS[number], thread, arguments)
        if event is not None:
            self.events.append(event)
            verdict = self.decide(event)
        if verdict == KILL:
            os.kill(pid, signal.SIGKILL)
            return
        error = -verdict if isinstance(verdict, int) else 0
        answer = struct.pack("<QqiI", identity, 0, error, 0 if error else _GO_ON)
        try:
            fcntl.ioctl(listener, _SEND, answer)
        except OSError as failed:
            if failed.errno not in (errno.ENOENT, errno.EINPROGRESS):
                raise

    def _event(self, name: str, thread: int, arguments: tuple[int, ...]) -> Event | None:
        call = CALLS[name]
        try:
            if call.descriptor >= 0:
                path = str(Path(f"/proc/{thread}/fd/{arguments[call.descriptor]}").readlink())
                if not _is_below(path, self.roots) or not _is_regular(path):
                    return None
            else:
                paths = [_path(thread, arguments, *place) for place in call.names]
                inside = [path for path in paths if _is_below(path, self.roots)]
                if not inside:
                    return None
                path = inside[0]
        except (OSError, ValueError):
            return None
        writing = call.flags >= 0 and bool(arguments[call.flags] & WRITING)
        return Event(len(self.events), name, path, writing)


def _path(thread: int, arguments: tuple[int, ...], folder: int, place: int) -> str:
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        at = arguments[place]
        memory.seek(at)
        raw = memory.read(min(_LONGEST, 4096 - at % 4096))  # to the end of its page
        if b"\0" not in raw:
            raw += memory.read(_LONGEST)
    path = os.fsdecode(raw.split(b"\0", 1)[0])
    if path.startswith("/"):
        return os.path.normpath(path)
    descriptor = struct.unpack("<i", struct.pack("<I", arguments[folder] & 0xFFFFFFFF))[0]
    of = "cwd" if folder < 0 or descriptor == _HERE else f"fd/{descriptor}"
    return os.path.normpath(Path(f"/proc/{thread}/{of}").readlink() / path)


def _is_below(path: str, roots: tuple[Path, ...]) -> bool:
    return any(path == str(root) or path.startswith(f"{root}/") for root in roots)


def _is_regular(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        return True  # it has no name any more
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Killed:
    """Kills at the n-th change."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, event: Event) -> Verdict:
        return KILL if event.index == self.at else GO


FREES = {"unlink", "unlinkat", "rmdir", "fchmod", "chmod", "fchmodat", "utimensat"}
"""What works on a full disk."""
RENAMES = {"rename", "renameat", "renameat2", "fsync", "fdatasync"}


class Failing:
    """Fails the n-th change with an error, and those after it as such a disk would.

    Args:
        at: Which change.
        number: ``ENOSPC`` and ``EDQUOT`` let files be removed and renamed afterwards; ``EROFS``
            lets nothing be changed but what is open already; ``EIO`` hits this one call only.
        only: Part of the paths of files that lie on this disk; others lie on a good one.
    """

    def __init__(self, at: int, number: int, only: str = "") -> None:
        self.at = at
        self.number = number
        self.only = only

    def __call__(self, event: Event) -> Verdict:
        if event.index < self.at or self.only not in event.path:
            return GO
        if self.number == errno.EIO:
            return self.number if event.index == self.at else GO
        if self.number == errno.EROFS:
            return self.number
        if event.call in FREES or (event.call in RENAMES and event.index > self.at):
            return GO
        return self.number
