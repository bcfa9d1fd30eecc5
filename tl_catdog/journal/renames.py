"""Giving a file another name that nothing has: in one step where system and disk can."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tl_catdog.journal.moves import holds
from tl_catdog.scratch import rename_to_free_at_once


def rename_to_free(source: Path, target: Path) -> None:
    """Rename a file; what is at the target stays, but for the empty file that reserves a name.

    A plain rename overwrites what is there. Where there is no other, an empty file is put there
    first, which fails if there is something.

    Raises:
        OSError: It can't be renamed, or there is something at the target.
    """
    try:
        if rename_to_free_at_once(source, target):
            return
        target.open("x").close()
    except FileExistsError:
        if holds(target):
            raise
    try:
        source.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            target.unlink()
        raise
