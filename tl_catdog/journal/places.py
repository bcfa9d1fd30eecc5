"""Where a file may be moved to: names that are free, and what can't be moved there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from tl_catdog.errors import UsageError
from tl_catdog.files import LONGEST_NAME


def named(root: Path) -> Path:
    """Return a folder's absolute path, so that it ends in a name: what is put aside is named by it.

    Raises:
        UsageError: It is the root of all folders.
    """
    path = root.absolute()
    if path.name in ("", ".."):
        path = path.resolve()
    if not path.name:
        raise UsageError(f"expected a folder of pictures, found {path}.", "Name one of those in it")
    return path


def free_names(wanted: Path) -> Iterator[Path]:
    """Yield a path, then the same with -2, -3, … in its name, which is cut where it is too long."""
    yield wanted
    for number in count(2):
        stem, end = wanted.stem, f"-{number}{wanted.suffix}"
        while len(os.fsencode(stem + end)) > LONGEST_NAME and len(stem) > 1:
            stem = stem[:-1]
        yield wanted.with_name(stem + end)


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


def why_not_movable(source: Path, target: Path, root: Path) -> str | None:
    """Return why a picture can't be moved there, or not be put back; None if it can.

    Args:
        source: Where it is.
        target: Where it would go.
        root: The folder of pictures that it is in.
    """
    if not source.is_relative_to(root):
        return f"outside {root}"
    above = next(folder for folder in target.parents if folder.exists())
    if source.parent.stat().st_dev != above.stat().st_dev:
        return f"another disk at {above}"
    folders = source.relative_to(root).parents
    if linked := [folder for folder in folders if folder.parts and (root / folder).is_symlink()]:
        return f"in another place: {linked[-1]} is a link"
    if source.is_symlink():
        far = source.readlink().is_absolute()
        return None if far else "a link that would lead astray from there"
    return "no regular file" if source.exists() and not source.is_file() else None
