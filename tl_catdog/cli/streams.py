"""Standard output and standard error that may be closed, full, or cut by whoever reads them.

What is said on the way may get lost: a training of an hour doesn't end because nobody reads its
progress. Results may not: their loss is an error, once whatever they are of has been kept.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from tl_catdog.errors import CatdogError

CUT = 141  # what shells give for a process that SIGPIPE ended: 128 + 13
OUT, ERR = 1, 2
SHOW_ALL = "backslashreplace"
"""What an encoding can't show, such as a byte of a file's name, is shown as an escape."""


class OutputError(CatdogError):
    """Standard output doesn't take the results.

    Args:
        error: Why, as the system says it.
    """

    def __init__(self, error: OSError) -> None:
        self.cut = error.errno == errno.EPIPE
        self.exit_code = CUT if self.cut else 1
        super().__init__(
            f"expected standard output to take the results, found that it can't: {error.strerror}.",
            "What was saved is kept; to see the results, send them elsewhere: > FILE",
        )


class Guarded(io.FileIO):
    """An open file that is written to until that fails, and swallows what comes after.

    Args:
        descriptor: The file; it stays open.
        loud: Whether the first failure raises ``OutputError``; otherwise nothing is said.
    """

    def __init__(self, descriptor: int, *, loud: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._loud = loud
        self._lost = False

    def write(self, data: Any) -> int:
        """Write, wait where the reader is slow, or swallow.

        Raises:
            OutputError: See ``loud``.
        """
        size = memoryview(data).nbytes
        if self._lost:
            return size
        try:
            while (written := super().write(data)) is None:  # a pipe that doesn't wait, and is full
                select.select([], [self.fileno()], [])
        except OSError as error:
            self.lose(error)
            return size
        return written

    def lose(self, error: OSError) -> None:
        """Swallow everything from now on.

        Raises:
            OutputError: See ``loud``.
        """
        self._lost = True
        if self._loud:
            raise OutputError(error) from error


class _Closed(Guarded):
    """What stands for standard output where it was closed: the first result is an error."""

    def write(self, data: Any) -> int:
        if not self._lost:
            self.lose(OSError(errno.EBADF, os.strerror(errno.EBADF)))
        return memoryview(data).nbytes


def guard() -> None:
    """Make the process's standard streams safe to write to; calling it again does nothing.

    Streams that somebody else has put in place, such as a notebook, stay.
    """
    closed = _open_closed()
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        kind = _Closed if OUT in closed else Guarded
        sys.stdout = guarded(sys.stdout, kind(OUT, loud=True))
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = guarded(sys.stderr, Guarded(ERR, loud=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SHOW_ALL)


def guarded(stream: TextIO | None, raw: Guarded) -> TextIO:
    """Return a text stream like another that writes to ``raw``."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    lines = bool(getattr(stream, "line_buffering", False))
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding, SHOW_ALL, line_buffering=lines)


def _open_closed() -> set[int]:
    """Open to nowhere what of the standard streams is closed; return which.

    Otherwise the next file that is opened gets its number, and whatever is printed goes into it.
    """
    found = set()
    for descriptor in (0, OUT, ERR):
        try:
            os.fstat(descriptor)
        except OSError:
            found.add(descriptor)
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    return found


def close() -> None:
    """Send off what is still held back.

    Raises:
        OutputError: Standard output doesn't take it.
    """
    for stream in (sys.stderr, sys.stdout):
        if stream is not None:
            stream.flush()
