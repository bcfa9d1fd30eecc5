"""A folder as a source of pictures: the same that ``predict`` and ``train`` find in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from tl_catdog.data.folders import UNSPLIT, ImageFile, images_below
from tl_catdog.data.labelling import labelled
from tl_catdog.data.objects import labels_of
from tl_catdog.data.reading import read_file
from tl_catdog.data.tallied import tallied
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.rows import Row

PREDICT = "predict"

UNDERSTOOD, LAYOUT, LEFT_OUT = "understood", "layout", "left-out"
"""Kinds of remarks, as ``audit.findings`` names them."""


class FolderSource:
    """The pictures of a folder.

    Args:
        root: The folder.
        kind: See ``listing.open_source``.
    """

    def __init__(self, root: Path, kind: str) -> None:
        self.root = root.absolute()
        self.kind = kind
        self.text = str(self.root)
        self.remarks: list[tuple[str, str]] = []

    def rows(self) -> Iterator[Row]:
        """Yield the pictures; memory grows with a folder's, not with all.

        Where a table says the classes it grows with all of them.
        """
        self.remarks = []
        if self.kind == PREDICT:
            yield from self._all(follow=True)
            return
        tally = tallied(self.root)
        if tally is not None:
            self._noticed(tally.notes, tally.ignored)
            yield from (self._labelled(item, split) for split, item in tally.images())
            return
        try:
            read = labelled(self.root)
        except UsageError as error:
            layout = (LAYOUT, f"{error.message} {error.hint}")
            yield from self._all(follow=self.kind != "check")
            self.remarks.insert(0, layout)
            return
        folder = read.folder
        self._noticed((*folder.notes, *read.notes), folder.ignored)
        for split, members in folder.splits.items():
            yield from (self._labelled(item, split) for item in members)

    def _noticed(self, notes: Iterable[str], ignored: Mapping[str, int]) -> None:
        self.remarks += [(UNDERSTOOD, note) for note in notes]
        self._left_out(Counter(ignored))

    def _labelled(self, item: ImageFile, split: str) -> Row:
        path = self.root / item.name  # item.path may be kept, and would keep its text
        return _row(path, item.name, item.label, None if split == UNSPLIT else split)

    def _all(self, *, follow: bool) -> Iterator[Row]:
        left_out = Counter[str]()
        start = len(self.text.rstrip("/")) + 1
        for path in images_below(self.root, left_out, follow=follow):
            name = str(path)[start:] or "."
            yield _row(path, name, *(labels_of(name) if self.kind == PREDICT else ()))
        self._left_out(left_out)

    def _left_out(self, counted: Counter[str]) -> None:
        self.remarks += [(LEFT_OUT, f"{count} × {what}") for what, count in sorted(counted.items())]

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes.

        Raises:
            OSError: It can't be read.
            ImageError: Its name leads out of the folder.
        """
        name = row.path if row.raw is None else os.fsdecode(row.raw)
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise ImageError("can't be read (its name leads out of the folder)")
        return read_file(self.root / name)


def _row(path: Path, name: str, label: str | None = None, split: str | None = None) -> Row:
    size = version = raw = None
    try:
        status = path.stat()
        size, version = status.st_size, f"{status.st_mtime_ns:x}"
    except OSError:  # whoever reads it says why
        pass
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        name = raw.decode("utf-8", "backslashreplace")
    if label is not None:
        label = label.encode("utf-8", "backslashreplace").decode()
    return Row(name, label, split, size=size, version=version, raw=raw)
