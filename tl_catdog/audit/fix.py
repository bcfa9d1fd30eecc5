"""``data fix``: puts aside what a check found; nothing is lost, and all of it can be put back."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.audit.findings import (
    CONFLICT,
    DUPLICATE,
    KEPT_IN,
    LEAK,
    SINGLE,
    Audit,
    Finding,
)
from tl_catdog.data.digest import file_digest
from tl_catdog.journal.journal import Journal
from tl_catdog.journal.moves import Move, Moved
from tl_catdog.journal.places import FreePaths, free_names, named, why_not_movable

QUARANTINE = ".quarantine"
"""What is put aside goes to a folder of the data's name and this, beside it."""

USUAL = (*SINGLE, LEAK, CONFLICT)
"""What is put aside unless other kinds are named."""

MOVABLE = (*USUAL, DUPLICATE)

LONGEST = 4000
"""Bytes of a path: Linux allows 4,096, and a number may be added to the name."""


@dataclass(frozen=True)
class Plan:
    """What to move, and what has to stay: path below the folder → why."""

    moves: tuple[Move, ...]
    stuck: dict[str, str]


def plan(audit: Audit, splits: dict[str, str], kinds: Collection[str]) -> Plan:
    """Return what to move where.

    A broken file goes. Of a picture in several splits the copy for the test stays, or that for
    validation: figures keep their meaning, and the training loses a picture. One in several
    classes goes with all its copies, since nothing says which class is right. Of one that is in the
    same class and split several times, the first by its name stays.

    Args:
        audit: What was found.
        splits: The split of each picture, by its path below the folder.
        kinds: Kinds of findings to act on.
    """
    root = named(Path(audit.root))
    aside = root.with_name(root.name + QUARANTINE)
    free = FreePaths()
    moves, gone, stuck = [], set[str](), dict[str, str]()
    for finding in audit.findings:
        if finding.kind not in kinds:
            continue
        for name in _leaving(finding, splits):
            if name in gone:
                continue
            gone.add(name)
            if _too_long(root / name):
                stuck[name] = "its path is too long"
                continue
            target = free.first_free(free_names(_target(aside / finding.kind, name)))
            if problem := why_not_movable(root / name, target, root):
                stuck[name] = problem
                continue
            source = str((root / name).relative_to(root.parent))
            digest = file_digest(root / name)
            moves.append(Move(finding.kind, source, str(target.relative_to(root.parent)), digest))
    return Plan(tuple(moves), stuck)


def _target(folder: Path, name: str) -> Path:
    """Return where a picture goes: as deep as it was, unless a path can't be so long."""
    target = folder / name
    return folder / Path(name).name if _too_long(target) else target


def _too_long(path: Path) -> bool:
    return len(os.fsencode(path)) > LONGEST


def _leaving(finding: Finding, splits: dict[str, str]) -> Iterator[str]:
    """Yield the pictures of a finding that are put aside."""
    if finding.kind == LEAK:
        kept = next(split for split in KEPT_IN if split in {splits[name] for name in finding.paths})
        yield from (name for name in finding.paths if splits[name] != kept)
    elif finding.kind == DUPLICATE:
        yield from finding.paths[1:]
    else:
        yield from finding.paths


def apply(root: Path, moves: Sequence[Move]) -> Moved:
    """Put pictures aside.

    Raises:
        CatdogError: A picture isn't where it was any more: then nothing is moved. Or it can't be
            moved: those before it have been.
    """
    return _journal(root).apply(moves, {"for": "data fix"})


def check_finished(root: Path) -> None:
    """Make sure that the last ``apply`` wasn't stopped half-way: what it left isn't the whole set.

    Raises:
        CatdogError: It was.
    """
    _journal(root).check_finished()


def undo(root: Path) -> Moved:
    """Put back what the last ``apply`` put aside.

    Raises:
        UsageError: There is nothing to put back.
        CatdogError: The log isn't one of this folder; a picture is gone or changed, something else
            is where it was, or it can't be moved.
    """
    return _journal(root).undo()


def _journal(root: Path) -> Journal:
    root = named(root)
    command = f"tl-catdog data fix {shlex.quote(str(root))} --undo"
    return Journal(root.with_name(root.name + QUARANTINE), root, QUARANTINE, command)
