"""The labelled pictures of a folder that may hold very many: counted first, then gone through.

A training holds every picture of its set. Whoever only lists them needn't: the layout is told by
how many pictures each folder has, of which class by their own names, and then one folder's names
are held at a time. Pictures, classes, order and words are those of ``folders.scan``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tl_catdog.data.folder_kinds import FLAT_NAME
from tl_catdog.data.folder_names import SPLITS, class_key
from tl_catdog.data.folders import ImageFile, all_left_out, class_names
from tl_catdog.data.label_files import likely_tables, other_tables
from tl_catdog.data.layouts import UNSPLIT, Layout, read_layout
from tl_catdog.data.tree import Folder, Listing
from tl_catdog.errors import UsageError


@dataclass(frozen=True)
class Tallied:
    """What a folder holds; see ``folders.ImageFolder``.

    Attributes:
        root: The folder.
        ignored: What is left out: how many files by their suffix, or by what they are.
        notes: What else a user should know of how its names were understood, a sentence each.
    """

    root: Path
    ignored: dict[str, int]
    notes: tuple[str, ...]
    _found: Layout
    _names: dict[str, str]

    def images(self) -> Iterator[tuple[str, ImageFile]]:
        """Yield the split and the file of each picture, in the order of ``folders.scan``."""
        start = len(str(self.root).rstrip("/")) + 1
        for split in (*SPLITS, UNSPLIT):
            merged: dict[str, list[Path]] = {}
            for name, files in self._found.splits.get(split, {}).items():
                merged.setdefault(self._names[class_key(name)], []).extend(dict.fromkeys(files))
            for label, shown in sorted(merged.items()):
                for path in _all_like(shown):
                    yield split, ImageFile(path, label, path.as_posix()[start:])


def tallied(root: Path) -> Tallied | None:
    """Tell the layout of a folder without holding its pictures.

    Args:
        root: The folder.

    Returns:
        None where there is a table that may say the classes, or no layout: what becomes of those,
        ``labelling.labelled`` says.
    """
    root = root.absolute()
    if likely_tables(root) or other_tables(root):
        return None
    try:
        found = read_layout(_Counted(root))
        names, notes = class_names(found, root)
    except UsageError:
        return None
    return Tallied(root, all_left_out(found), (*found.notes, *notes), found, names)


class _Counted(Folder):
    """A folder whose pictures are counted: those whose names say the same class are one path."""

    @cached_property
    def _listing(self) -> Listing:
        found = Folder(self.path, linked=self.linked)._listing
        shown: dict[str, Path] = {}
        for name in found.image_names:
            key = _said(name)
            if key not in shown:
                shown[key] = self.path / name
            found.images.append(shown[key])
        found.image_names = []
        found.folders = [_Counted(folder.path, linked=folder.linked) for folder in found.folders]
        return found


def _said(name: str) -> str:
    match = FLAT_NAME.match(name)
    return match["label"] if match else ""


def _all_like(shown: list[Path]) -> Iterator[Path]:
    """Yield the pictures that some stand for, folder by folder."""
    said: dict[Path, set[str]] = {}
    for path in shown:
        if path.is_dir():  # one that can't be listed: whoever opens it learns why
            said[path] = set()
        else:
            said.setdefault(path.parent, set()).add(_said(path.name))
    for folder, wanted in said.items():
        if not wanted:
            yield folder
            continue
        yield from (path for path in Folder(folder).images if _said(path.name) in wanted)
