"""The steps of a change: each is done once, or found done, and can be reversed.

A file is moved, a folder renamed, made or removed while it is empty, a mark set. Steps are read
from a journal, which a stranger may have written: none leads out of the folder, or through a link.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.data.tree import TAUGHT
from tl_catdog.journal.renames import rename_to_free
from tl_catdog.scratch import rename_to_free_at_once, sync_folder

OWN = TAUGHT
REMOVED, INCOMING = f"{OWN}/removed", f"{OWN}/incoming"
FILE, FOLDER, MAKE, UNMAKE = "file", "folder", "make", "unmake"
SKIP, KEEP, ANSWER = MARKS = "skip", "keep", "answer"
DIGEST = re.compile(r"[0-9a-f]{64}|")
LONGEST = 4096  # characters of a place


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        kind: ``file``, ``folder``, ``make``, ``unmake``, or a mark: ``skip``, ``keep``, ``answer``.
        source: The place that it is moved from, below the folder; a mark's value before.
        target: The place that it is moved to, made or removed; a mark's value.
        sha256: Of the file that is moved or marked; empty for folders, and what can't be read.
    """

    kind: str
    source: str
    target: str
    sha256: str = ""

    def row(self) -> list[str]:
        """Return it as the journal says it."""
        return [self.kind, self.source, self.target, self.sha256]

    def reversed(self) -> Step:
        """Return the step that takes this one back."""
        if self.kind in (MAKE, UNMAKE):
            return Step(UNMAKE if self.kind == MAKE else MAKE, "", self.target)
        return Step(self.kind, self.target, self.source, self.sha256)


@dataclass
class Entry:
    """A change that a user asked for.

    Attributes:
        number: Of its line.
        tab: Which page asked for it.
        operation: What it is.
        words: The same for people.
        line: Where the newest line about it begins: its own, or that by which it was done again.
        undone: Whether it is undone.
    """

    number: int
    tab: str
    operation: str
    words: str
    line: int
    undone: bool = False


def step_of(row: Any) -> Step:
    """Return the step that a journal says.

    Raises:
        ValueError: It says none, or one that leads out of the folder.
    """
    if not isinstance(row, list) or len(row) != 4 or not all(isinstance(v, str) for v in row):
        raise ValueError("no step")
    step = Step(*row)
    if not DIGEST.fullmatch(step.sha256):
        raise ValueError("no SHA-256")
    if step.kind in MARKS:
        if max(len(step.source), len(step.target)) > LONGEST or not step.sha256:
            raise ValueError("no mark")
    elif step.kind in (FILE, FOLDER):
        check_place(step.source)
        check_place(step.target)
    elif step.kind in (MAKE, UNMAKE):
        check_place(step.target)
    else:
        raise ValueError("no step that is known")
    return step


def check_place(place: str) -> None:
    """Make sure that a place is one that steps may be about.

    Raises:
        ValueError: It leads out of the folder, or to the journal, or no file can have it.
    """
    parts = place.split("/")
    try:
        wrong = len(os.fsencode(place)) > LONGEST or "\0" in place
    except ValueError:
        wrong = True
    if os.name != "posix":
        wrong = wrong or "\\" in place or ":" in place
    own = parts[0].casefold() == OWN
    if own and (len(parts) < 3 or "/".join(parts[:2]) not in (REMOVED, INCOMING)):
        wrong = True
    if wrong or any(part in ("", ".", "..") for part in parts):
        raise ValueError("a place outside the folder")
    if parts[0].startswith(".") and not own:
        raise ValueError("a hidden place")


def on_the_way(root: Path, place: str) -> str | None:
    """Return what is above a place that must not be: a link, or no folder; None if all is well.

    The folder itself may be a link: whoever named it may do so.
    """
    here = root
    for part in place.split("/")[:-1]:
        here = here / part
        try:
            mode = here.lstat().st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(mode):
            return f"{here} is a link"
        if not stat.S_ISDIR(mode):
            return f"{here} is no folder"
    return None


def execute(root: Path, step: Step) -> bool:
    """Do a step, or find it done; return False where it can't be: what it is about is elsewhere.

    Raises:
        OSError: The system refuses, or there is something at its target.
    """
    if step.kind in MARKS:
        return True
    target = root / step.target
    if on_the_way(root, step.target) or (step.source and on_the_way(root, step.source)):
        return False
    if step.kind == MAKE:
        target.mkdir(parents=True, exist_ok=True)
        return not target.is_symlink()
    if step.kind == UNMAKE:
        return _unmake(target)
    source = root / step.source
    if not os.path.lexists(source):
        return os.path.lexists(target)  # it was done before
    kind = stat.S_IFMT(source.lstat().st_mode)
    if kind not in ((stat.S_IFDIR,) if step.kind == FOLDER else (stat.S_IFREG, stat.S_IFLNK)):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    if step.kind == FOLDER:
        _rename_folder(source, target)
    else:
        rename_to_free(source, target)
        tidy(root, step.source)
    return True


def _unmake(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # others have put something in
    return True


def _rename_folder(source: Path, target: Path) -> None:
    """Rename a folder to a name that nothing has, or that is its own in other capitals.

    Raises:
        OSError: It can't be renamed, or there is something at the target.
    """
    if os.path.lexists(target) and target.samefile(source):  # a disk that knows no capitals
        source.rename(target)
    elif not rename_to_free_at_once(source, target):
        if os.path.lexists(target):
            raise FileExistsError(17, os.strerror(17), str(target))
        source.rename(target)


def tidy(root: Path, place: str) -> None:
    """Remove the folders above a place that nothing is in any more: bursts, never classes."""
    parts = place.split("/")[:-1]
    least = 2 if parts and parts[0] == OWN else 1
    with contextlib.suppress(OSError):  # not empty, or gone
        while len(parts) > least:
            (root / "/".join(parts)).rmdir()
            parts.pop()


def sync_all(root: Path, steps: Iterable[Step]) -> None:
    """Put the names that steps have changed on the disk."""
    folders = {
        (root / place).parent
        for step in steps
        if step.kind not in MARKS
        for place in (step.source, step.target)
        if place
    }
    for folder in sorted(folders):
        sync_folder(folder)
