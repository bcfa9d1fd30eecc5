"""Doing what an edited review list says: pictures are relabelled or put aside, and that is undone.

Nothing is ever deleted or overwritten. Each move is written to a log in the run before it is made,
so that one which was cut off at any time can be undone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.insight.edits import ASIDE, KEEP, Edit, Move, plan
from tl_catdog.runs import Run

FOLDER = "review"
APPLIED, UNDONE = "applied", "undone"
LOG = re.compile(rf"^({APPLIED}|{UNDONE})-(?P<number>\d+)\.jsonl$")
KEYS = ("action", "from", "to", "sha256")


@dataclass(frozen=True)
class Mended:
    """What was done, in that order, and the log that says so; none where there was nothing to do.

    The places of moves are relative to ``base``.
    """

    base: Path
    moves: tuple[Move, ...]
    log: Path | None

    def counts(self) -> dict[str, int]:
        """Return how many pictures were moved for each action."""
        return dict(sorted(Counter(move.action for move in self.moves).items()))

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        log = None if self.log is None else str(self.log)
        return {"base": str(self.base), "moved": [_row(move) for move in self.moves], "log": log}


def _row(move: Move) -> dict[str, str]:
    values = move.action, move.source, move.target, move.digest
    return dict(zip(KEYS, values, strict=True))


def apply(run: Run, edits: Sequence[Edit]) -> Mended:
    """Move the pictures that an edited list relabels or removes.

    Everything is checked before the first picture is touched.

    Raises:
        UsageError: The list asks for something that can't be done; see ``edits.plan``.
        CatdogError: A picture can't be moved; those before it have been.
    """
    moves = plan(run, edits)
    root = Path(run.manifest["data"]["root"])
    if not moves:
        return Mended(root.parent, (), None)
    log = run.path / FOLDER / f"{APPLIED}-{_last(run) + 1}.jsonl"
    try:
        log.parent.mkdir(exist_ok=True)
        with log.open("x", encoding="utf-8") as file:
            _write(file, {"run": run.name, "data": str(root)})
            for move in moves:
                _write(file, _row(move))
                _move(root.parent / move.source, root.parent / move.target)
    except OSError as error:
        raise CatdogError(
            f"expected to move {len(moves)} pictures, found that one can't be ({error}).",
            f"To put back those before it, type: tl-catdog review {run.path} --undo",
        ) from error
    return Mended(root.parent, moves, log)


def _write(file: TextIO, row: Mapping[str, str]) -> None:
    """Add a line to the log; it is on the disk before this returns."""
    file.write(json.dumps(row) + "\n")
    file.flush()
    os.fsync(file.fileno())


def undo(run: Run) -> Mended:
    """Put back what the newest ``apply`` moved that wasn't undone, in reverse.

    Raises:
        UsageError: There is nothing to undo.
        CatdogError: A picture is gone or its place is taken (then nothing is moved), or a picture
            can't be moved; those before it have been.
    """
    logs = _logs(run, APPLIED)
    if not logs:
        raise UsageError(
            f"expected something to undo, found no log of it in {run.path / FOLDER}.",
            f"Type: tl-catdog review {run.path}",
        )
    number, log = max(logs.items())
    base, moves = _read_log(log)
    wrong = [problem for move in reversed(moves) if (problem := _obstacle(base, move))]
    if wrong:
        more = f" and {len(wrong) - 1} more such" if len(wrong) > 1 else ""
        raise CatdogError(
            "expected each picture where it was put and its old place free, found "
            f"{wrong[0]}{more}; nothing was moved.",
            f"Put that right, or take its line out of {log}",
        )
    done = []
    try:
        for move in reversed(moves):
            source, target = base / move.source, base / move.target
            if _holds(target):
                _move(target, source)
                done.append(Move(KEEP, move.target, move.source, move.digest))
            target.unlink(missing_ok=True)  # at most the empty file of a move that was cut off
            _drop_empty(target.parent)
        log = log.rename(log.with_name(f"{UNDONE}-{number}.jsonl"))
    except OSError as error:
        raise CatdogError(
            f"expected to move {len(moves)} pictures back, found that one can't be ({error}).",
            f"Put that right, then type: tl-catdog review {run.path} --undo",
        ) from error
    return Mended(base, tuple(done), log)


def _obstacle(base: Path, move: Move) -> str | None:
    """Return why a move can't be undone; one that was never made needs no undoing."""
    source, target = base / move.source, base / move.target
    if _holds(source):
        return f"{source} taken" if _holds(target) else None
    return None if _holds(target) else f"{target} gone"


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


def _logs(run: Run, state: str) -> dict[int, Path]:
    """Return the run's logs that are ``applied`` or ``undone``, by their numbers."""
    folder = run.path / FOLDER
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    found = (match for name in names if (match := LOG.match(name)))
    return {int(match["number"]): folder / match[0] for match in found if match[1] == state}


def _last(run: Run) -> int:
    return max([0, *_logs(run, APPLIED), *_logs(run, UNDONE)])


def _holds(place: Path) -> bool:
    """Return whether something is there; an empty file only keeps its place free."""
    if not place.is_file() or place.is_symlink():
        return os.path.lexists(place)
    return place.stat().st_size > 0


def _move(source: Path, target: Path) -> None:
    """Move a file; a rename would overwrite what is there, so an empty file takes the place first.

    Raises:
        OSError: It can't be moved, or the place is taken.
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


def _drop_empty(folder: Path) -> None:
    """Remove a folder for removed pictures that holds none any more, and those above it."""
    with contextlib.suppress(OSError):  # not empty
        while any(part.endswith(ASIDE) for part in folder.parts):
            folder.rmdir()
            folder = folder.parent
