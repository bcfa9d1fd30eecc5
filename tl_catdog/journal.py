"""Moves of files that can be undone: each is in a log on the disk before it is made.

Nothing is ever deleted or overwritten, and moves that were cut off at any time can be undone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from tl_catdog.errors import CatdogError, UsageError

APPLIED, UNDONE = "applied", "undone"
LOG = re.compile(rf"^({APPLIED}|{UNDONE})-(?P<number>\d+)\.jsonl$")
KEYS = ("action", "from", "to", "sha256")
EMPTY = hashlib.sha256(b"").hexdigest()
BACK = "keep"  # the action of a move that puts a file back


@dataclass(frozen=True)
class Move:
    """A file to be moved; ``source`` and ``target`` are relative to one base folder.

    Attributes:
        action: Why, in a word: a kind of finding, or what is done to a label.
        source: Where it is.
        target: Where it goes.
        digest: SHA-256 of its bytes.
    """

    action: str
    source: str
    target: str
    digest: str


@dataclass(frozen=True)
class Moved:
    """What was moved.

    Attributes:
        base: The folder that the paths of moves are relative to.
        moves: In the order in which they were made.
        log: The file that says so; None where there was nothing to do.
    """

    base: Path
    moves: tuple[Move, ...]
    log: Path | None

    def counts(self) -> dict[str, int]:
        """Return how many files were moved for each action."""
        return dict(sorted(Counter(move.action for move in self.moves).items()))

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        log = None if self.log is None else str(self.log)
        return {"base": str(self.base), "moved": [_row(move) for move in self.moves], "log": log}


@dataclass(frozen=True)
class Journal:
    """The logs of what was moved for one purpose.

    Attributes:
        folder: Where they are.
        undo_command: What a user types to have the last moves undone.
        aside: End of the names of folders that are made for moved files; those that are empty
            again after an ``undo`` are removed.
    """

    folder: Path
    undo_command: str
    aside: str

    def apply(self, data: Path, moves: Sequence[Move], about: Mapping[str, str]) -> Moved:
        """Move files.

        Args:
            data: The folder whose parent the paths of moves are relative to.
            moves: What to move where, in this order; checked by the caller.
            about: What else the log says in its first line.

        Raises:
            CatdogError: A file can't be moved; those before it have been.
        """
        if not moves:
            return Moved(data.parent, (), None)
        log = self.folder / f"{APPLIED}-{self._last() + 1}.jsonl"
        try:
            log.parent.mkdir(exist_ok=True)
            with log.open("x", encoding="utf-8") as file:
                _write(file, {**about, "data": str(data)})
                for move in moves:
                    _write(file, _row(move))
                    _move(data.parent / move.source, data.parent / move.target)
        except OSError as error:
            raise CatdogError(
                f"expected to move {len(moves)} pictures, found that one can't be ({error}).",
                f"To put back those before it, type: {self.undo_command}",
            ) from error
        return Moved(data.parent, tuple(moves), log)

    def undo(self) -> Moved:
        """Put back, in reverse order, what the newest ``apply`` moved that wasn't undone.

        Raises:
            UsageError: There is nothing to undo.
            CatdogError: A file is gone or something else is where it was (then nothing is moved),
                or a file can't be moved; those before it have been.
        """
        logs = self._logs(APPLIED)
        if not logs:
            raise UsageError(
                f"expected something to undo, found no log of it in {self.folder}.",
                f"Type: {self.undo_command.removesuffix(' --undo')}",
            )
        number, log = max(logs.items())
        base, moves = _read_log(log)
        wrong = [problem for move in reversed(moves) if (problem := _obstacle(base, move))]
        if wrong:
            more = f" and {len(wrong) - 1} more such" if len(wrong) > 1 else ""
            raise CatdogError(
                "expected each picture where it was put and its old path free, found "
                f"{wrong[0]}{more}; nothing was moved.",
                f"Put that right, or take its line out of {log}",
            )
        done = []
        try:
            for move in reversed(moves):
                source, target = base / move.source, base / move.target
                if _there(target, move) and not _there(source, move):
                    _move(target, source)
                    done.append(Move(BACK, move.target, move.source, move.digest))
                target.unlink(missing_ok=True)  # at most the empty file of a move that was cut off
                self._drop_empty(target.parent)
            log = log.rename(log.with_name(f"{UNDONE}-{number}.jsonl"))
        except OSError as error:
            raise CatdogError(
                f"expected to move {len(moves)} pictures back, found that one can't be ({error}).",
                f"Put that right, then type: {self.undo_command}",
            ) from error
        return Moved(base, tuple(done), log)

    def _logs(self, state: str) -> dict[int, Path]:
        """Return the logs that are ``applied`` or ``undone``, by their numbers."""
        names = [entry.name for entry in self.folder.iterdir()] if self.folder.is_dir() else []
        found = (match for name in names if (match := LOG.match(name)))
        return {
            int(match["number"]): self.folder / match[0] for match in found if match[1] == state
        }

    def _last(self) -> int:
        return max([0, *self._logs(APPLIED), *self._logs(UNDONE)])

    def _drop_empty(self, folder: Path) -> None:
        """Remove a folder for moved files that holds none any more, and those above it."""
        with contextlib.suppress(OSError):  # not empty
            while any(part.endswith(self.aside) for part in folder.parts):
                folder.rmdir()
                folder = folder.parent


def _row(move: Move) -> dict[str, str]:
    values = move.action, move.source, move.target, move.digest
    return dict(zip(KEYS, values, strict=True))


def _write(file: TextIO, row: Mapping[str, str]) -> None:
    """Add a line to the log; it is on the disk before this returns."""
    file.write(json.dumps(row) + "\n")
    file.flush()
    os.fsync(file.fileno())


def _obstacle(base: Path, move: Move) -> str | None:
    """Return why a move can't be undone; one that was never made needs no undoing."""
    source, target = base / move.source, base / move.target
    if _there(source, move):
        # Two empty files are one that was about to be moved, and the file that reserves its path.
        return f"{source} taken" if _there(target, move) and move.digest != EMPTY else None
    return None if _there(target, move) else f"{target} gone"


def _there(path: Path, move: Move) -> bool:
    """Return whether a move's file may be at a path; an empty file may also be a mere reserve."""
    return os.path.lexists(path) if move.digest == EMPTY else _holds(path)


def _read_log(log: Path) -> tuple[Path, list[Move]]:
    """Return the data folder's parent and the moves of a log."""
    try:
        # What follows the last line break was cut off while it was written, so before its move.
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").split("\n")[:-1]]
        base = Path(rows[0]["data"]).parent if rows else Path()
        return base, [Move(*(str(row[key]) for key in KEYS)) for row in rows[1:]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatdogError(
            f"expected a log of moves, found {log}, which can't be read ({error}).",
            f"Look at it: less {log}",
        ) from error


def _holds(path: Path) -> bool:
    """Return whether something is at a path; an empty file only reserves it."""
    if not path.is_file() or path.is_symlink():
        return os.path.lexists(path)
    return path.stat().st_size > 0


def _move(source: Path, target: Path) -> None:
    """Move a file; a rename would overwrite what is there, so an empty file is put there first.

    Raises:
        OSError: It can't be moved, or there is something at the target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.open("x").close()
    except FileExistsError:
        if _holds(target):
            raise
    try:
        source.rename(target)
    except OSError:
        target.unlink()
        raise


def free_names(wanted: Path) -> Iterator[Path]:
    """Yield a path, then the same with -2, -3, … in its name."""
    yield wanted
    for number in count(2):
        yield wanted.with_stem(f"{wanted.stem}-{number}")


class FreePaths:
    """Gives out paths for files, so that none exists, nor is given twice."""

    def __init__(self) -> None:
        self._given: set[Path] = set()

    def first_free(self, wanted: Iterable[Path]) -> Path:
        """Return the first of some paths that is free; it isn't free any more then."""
        path = next(
            path for path in wanted if path not in self._given and not os.path.lexists(path)
        )
        self._given.add(path)
        return path


def why_not_movable(source: Path, target: Path) -> str | None:
    """Return why a rename can't move a picture there, or would break a link; None if it can."""
    above = next(folder for folder in target.parents if folder.exists())
    if source.parent.stat().st_dev != above.stat().st_dev:
        return f"another disk at {above}"
    if source.is_symlink() and not source.readlink().is_absolute():
        return "a link that would lead astray from there"
    return None
