"""A log of moves: written line by line before each move, read as what a stranger may have written.

Its first line says of which data it is, and how many moves were to be made.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, TextIO

from tl_catdog.errors import CatdogError
from tl_catdog.journal.moves import Area, Move, move_of

DATA, PLANNED = "data", "moves"
LARGEST = 2**28
"""Bytes of a log; those of a million moves."""
LONGEST = 2**17
"""Bytes of a line: two paths of 4,096 bytes each, and as much again for what escapes them."""
FIRST = 2  # the line of the first move


@dataclass(frozen=True)
class Log:
    """What a log says.

    Attributes:
        moves: The moves, each on the line after that of the one before, from ``FIRST`` on.
        planned: How many there were to be; None where that isn't said, as before version 0.3.
    """

    moves: tuple[Move, ...]
    planned: int | None


def write_line(file: TextIO, row: Mapping[str, Any]) -> None:
    """Add a line; it is on the disk before this returns.

    Raises:
        OSError: The disk is full, or broken.
    """
    file.write(json.dumps(row) + "\n")
    file.flush()
    os.fsync(file.fileno())


def read_log(path: Path, area: Area) -> Log:
    """Read a log, if all of it is about files that may be moved.

    Args:
        path: The log.
        area: What it may be about.

    Raises:
        CatdogError: It is no such log; it says in which line.
    """
    line, wrong = 0, None
    moves: list[Move] = []
    planned = None
    try:
        for line, text in _lines(path):
            row = _parsed(text)
            if line < FIRST:
                planned = _planned(row, area)
            else:
                moves.append(move_of(row))
        wrong = area.problem(enumerate(moves, FIRST))
    except OSError as error:
        wrong = 0, f"unreadable ({error.strerror or error})"
    except ValueError as error:
        wrong = line, str(error)
    if wrong:
        line, problem = wrong
        where = f"line {line} has" if line else "it is"
        raise CatdogError(
            f"expected a log of moves, found {path}, which can't be undone: {where} {problem}; "
            "nothing was moved.",
            f"Look at it: less {shlex.quote(str(path))}",
        )
    return Log(tuple(moves), planned)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError("no JSON") from error


def _planned(row: Any, area: Area) -> int | None:
    """Return how many moves the first line announces.

    The set may have been put into another folder since, with what was put aside; its own name and
    the paths of the moves tell that it is this one.

    Raises:
        ValueError: It is about something else.
    """
    if not isinstance(row, dict) or not isinstance(row.get(DATA), str):
        raise ValueError("no folder of pictures")
    if PurePath(row[DATA]).name != area.data.name:
        raise ValueError(f"another folder of pictures: {row[DATA]!r}")
    planned = row.get(PLANNED)
    return planned if isinstance(planned, int) else None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the whole lines of a regular file with their numbers.

    What follows the last line break was cut off while it was written, so before its move.

    Raises:
        ValueError: It is something else, or too large.
        OSError: It can't be read.
    """
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("no regular file")
    if status.st_size > LARGEST:
        raise ValueError(f"more than {LARGEST:,} bytes")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST):
            if len(line) == LONGEST:
                raise ValueError(f"a line of more than {LONGEST:,} bytes, line {number + 1}")
            number += 1
            if line.endswith(b"\n"):
                yield number, line
