"""What getting a set leaves: its archives once it is there, and what a kill left behind."""

from __future__ import annotations

import contextlib
from pathlib import Path

import filelock

from tl_catdog.fetch.catalogue import PublicSet
from tl_catdog.fetch.storage import archives_folder, partial_file_of
from tl_catdog.scratch import sweep


def drop_archives(public_set: PublicSet) -> None:
    """Delete a set's archives in our cache: they have been unpacked, or can't be.

    Raises:
        OSError: One can't be deleted.
    """
    for archive in public_set.archives:
        (archives_folder() / archive.name).unlink(missing_ok=True)
        partial_file_of(archive).drop()


def tidy(public_set: PublicSet, into: Path) -> None:
    """Remove what a command has left that was killed right after the set had come to its place.

    Nothing happens where another one gets the set now, or where it can't be written.
    """
    cache = archives_folder()
    sweep(into, again=True)
    sweep(cache, again=True)
    left = [cache / archive.name for archive in public_set.archives]
    for archive in public_set.archives:
        left += partial_file_of(archive).lost_notes()
    if not any(path.exists() for path in left):
        return
    lock = filelock.FileLock(cache / f"{public_set.name}.lock", timeout=0)
    with contextlib.suppress(OSError), lock:  # what a lock raises that is held is one of them
        for path in left:
            path.unlink(missing_ok=True)
