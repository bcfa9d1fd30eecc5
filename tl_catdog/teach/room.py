"""How much room is taken by what was removed, and by the journal: told, never freed by itself."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.teach.history import JOURNAL
from tl_catdog.teach.items import pictures
from tl_catdog.teach.steps import OWN, REMOVED
from tl_catdog.wording import byte_size

MUCH = 10**8  # bytes from which on it is told at the start


@dataclass(frozen=True)
class Room:
    """What is kept so that all can be undone.

    Attributes:
        folder: Where what was removed lies.
        removed: How many files that is.
        bytes: Of those.
        journal: Bytes of the journal.
    """

    folder: Path
    removed: int
    bytes: int
    journal: int

    def words(self) -> str:
        """Return it as a sentence or some; nothing where nothing was removed."""
        if not self.removed:
            return ""
        verb = "was removed lies" if self.removed == 1 else "were removed lie"
        return (
            f"{pictures(self.removed)} that {verb} in {self.folder} "
            f"({byte_size(self.bytes)}), so that undo can bring them back. For that room, look at "
            "them there first, then delete what you are sure of: undo can't bring that back any "
            "more, and leaves it out."
        )

    def to_json(self) -> dict[str, Any]:
        """Return what the page is told."""
        return {
            "removed": self.removed,
            "bytes": self.bytes,
            "journal": self.journal,
            "words": self.words(),
        }


def room_of(root: Path) -> Room:
    """Return how much room is taken in a folder that is taught; links aren't followed."""
    number = size = journal = 0
    folder = root / REMOVED
    linked = folder.is_symlink() or folder.parent.is_symlink()
    for above, _, names in () if linked else os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(above) / name).lstat().st_size
                number += 1
    with contextlib.suppress(OSError):
        journal = (root / OWN / JOURNAL).lstat().st_size
    return Room(folder, number, size, journal)
