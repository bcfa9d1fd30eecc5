"""Moves of files, and the folders that they have to stay in, whoever asks for them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

KEYS = ("action", "from", "to", "sha256")
LINK = "link"
EMPTY = hashlib.sha256(b"").hexdigest()
UNREADABLE = ""
HASHED = 2**29
"""Bytes of the largest file that plans hash; larger ones are no pictures, and have no digest."""
DIGEST = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True)
class Move:
    """A file to be moved; ``source`` and ``target`` are relative to the data folder's parent.

    Attributes:
        action: Why, in a word: a kind of finding, or what is done to a label.
        source: Where it is.
        target: Where it goes.
        digest: SHA-256 of its bytes; empty where they can't be read.
        link: What it points to if it is a link, which is moved itself.
    """

    action: str
    source: str
    target: str
    digest: str
    link: str = ""

    def row(self) -> dict[str, str]:
        """Return it as a log and ``--json`` say it."""
        values = self.action, self.source, self.target, self.digest
        row = dict(zip(KEYS, values, strict=True))
        return {**row, LINK: self.link} if self.link else row


def move_of(row: Any) -> Move:
    """Return the move that ``row`` said.

    Raises:
        ValueError: It says none.
    """
    if not isinstance(row, dict):
        raise ValueError("no move")
    values: list[Any] = [*(row.get(key) for key in KEYS), row.get(LINK, "")]
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"no text for each of {', '.join(KEYS)}")
    move = Move(*values)
    if not DIGEST.fullmatch(move.digest):
        raise ValueError("no SHA-256")
    return move


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
        return {"base": str(self.base), "moved": [move.row() for move in self.moves], "log": log}


@dataclass(frozen=True)
class Area:
    """The folders that files are moved in; nothing outside them is touched.

    Attributes:
        data: The folder of pictures.
        aside: The folder beside it for what is put aside.
    """

    data: Path
    aside: Path

    @property
    def base(self) -> Path:
        """What paths of moves are relative to."""
        return self.data.parent

    def paths(self, move: Move) -> tuple[Path, Path]:
        """Return where a move is from, and where to."""
        return self.base / move.source, self.base / move.target

    def problem(self, moves: Iterable[tuple[int, Move]]) -> tuple[int, str] | None:
        """Return the first move that leads outside, or is in another's way; None if all are well.

        Args:
            moves: Each with its line, which is returned with what is wrong.
        """
        seen: dict[PurePath, int] = {}
        above: dict[PurePath, int] = {}
        for line, move in moves:
            for text, folders in (
                (move.source, (self.data.name,)),
                (move.target, (self.data.name, self.aside.name)),
            ):
                path = PurePath(text)
                if problem := _outside(text, path, folders):
                    return line, problem
                parents = path.parents[:-2]  # but for the data's folder, and what is above it
                others = seen.get(path), above.get(path), *(seen.get(folder) for folder in parents)
                if other := next(filter(None, others), None):
                    return line, f"{text!r}, which line {other} moves as well"
                seen[path] = line
                above.update(dict.fromkeys(parents, line))
        return None

    def on_the_way(self, path: Path) -> str | None:
        """Return what is between the folders and a path that must not be; None if all is well.

        The folder of pictures itself may be a link: whoever named it may do so.
        """
        folder = self.base
        for part in path.parent.relative_to(self.base).parts:
            folder = folder / part
            try:
                mode = folder.lstat().st_mode
            except FileNotFoundError:
                return None
            if stat.S_ISLNK(mode) and folder != self.data:
                return f"a link: {folder}"
            if not stat.S_ISDIR(folder.stat().st_mode if folder == self.data else mode):
                return f"no folder: {folder}"
        return None


def _outside(text: str, path: PurePath, folders: tuple[str, ...]) -> str | None:
    """Return why a path isn't one below some folders."""
    try:
        encoded = os.fsencode(text)
    except ValueError:
        return f"a path that no file can have: {text!r}"
    if not encoded or b"\0" in encoded:
        return f"a path that no file can have: {text!r}"
    within = not path.anchor and ".." not in path.parts and len(path.parts) > 1
    if within and path.parts[0] in folders:
        return None
    return f"a path outside {' and '.join(dict.fromkeys(folders))}: {text!r}"


def why_another(path: Path, move: Move) -> str | None:
    """Return why what is at a path isn't the file of a move; None if it is."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return None if move.link and str(path.readlink()) == move.link else "a link"
    if move.link or not stat.S_ISREG(mode):
        return "another kind of thing"
    if move.digest == UNREADABLE and path.stat().st_size > HASHED:
        return None
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        if move.digest != UNREADABLE:
            raise
        found = UNREADABLE
    return None if found == move.digest else "changed"


def may_be_at(path: Path, move: Move) -> bool:
    """Return whether a move's file may be at a path; an empty file may also be a mere reserve."""
    return os.path.lexists(path) if move.digest == EMPTY else holds(path)


def holds(path: Path) -> bool:
    """Return whether something is at a path; an empty file only reserves it."""
    return os.path.lexists(path) and not is_reserve(path)


def is_reserve(path: Path) -> bool:
    """Return whether what is at a path is an empty file."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and not status.st_size
