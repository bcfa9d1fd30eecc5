"""Zip and tar archives that are dropped onto the page: read as those that are fetched, bounded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tl_catdog.data.folder_names import is_system
from tl_catdog.fetch.archive import GZIP, Bounds, is_tar, unpack

ZIP = b"PK\x03\x04"


def is_archive(path: Path) -> bool:
    """Return whether a file begins like an archive that is read: zip, tar, or tar.gz."""
    with path.open("rb") as file:
        return file.read(len(ZIP)).startswith((ZIP, GZIP)) or is_tar(path)


def pictures_in(
    path: Path,
    folder: Path,
    bounds: Bounds,
    progress: Callable[[int], None] = lambda written: None,
) -> list[tuple[str, Path]]:
    """Write an archive's files into a folder, under numbers; return their names and places.

    What systems add (``__MACOSX``, ``Thumbs.db``, hidden files) is left out. Whether they are
    pictures isn't looked at, and archives within it aren't opened.

    Args:
        path: The archive.
        folder: Where to; empty.
        bounds: What it may hold.
        progress: Called with the bytes written so far, after each file.

    Raises:
        ArchiveError: It is damaged or hostile: nothing of it is to be used.
        OSError: The disk refuses.
    """
    names: list[str] = []

    def place(name: str) -> str | None:
        if any(part.startswith(".") or is_system(part) for part in name.split("/")):
            return None
        names.append(name)
        return str(len(names) - 1)

    unpack(path, folder, place, bounds, progress)
    return [(name, folder / str(number)) for number, name in enumerate(names)]
