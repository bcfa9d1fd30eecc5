"""Which picture of a folder each row of a table names; no path of a table is ever opened.

The folder's pictures are listed first, and what a row says is only looked up among them. So a table
can't lead anywhere else, whatever it says.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from tl_catdog.data.folders import SUFFIXES, TRAIN
from tl_catdog.data.tables import Table
from tl_catdog.errors import UsageError

FILE_COLUMNS = (
    "filename", "file", "filepath", "path", "image", "imagename", "imagefile", "imagepath", "img",
    "imgpath", "imgname", "imageid", "imgid", "picture", "photo", "name", "id",
)  # fmt: skip
"""Names of columns of files, without marks between words; what the cells name goes before."""

PROBED = 300  # rows by which the column of files is found

ABSOLUTE = re.compile(r"^(/|[A-Za-z]:/|[A-Za-z][A-Za-z0-9+.-]*://)")


@dataclass(frozen=True)
class Named:
    """Rows of a table with their pictures.

    Attributes:
        table: The table; its columns are numbered where it has no header.
        file_column: The column that names the files.
        names: For each row the picture's path below the folder, or nothing where there is none.
        problems: The rows without a picture, by what is wrong with them: outside, doubtful, gone.
    """

    table: Table
    file_column: str
    names: tuple[str, ...]
    problems: dict[str, tuple[int, ...]]

    @property
    def found(self) -> int:
        """How many rows have a picture."""
        return sum(1 for name in self.names if name)


OUTSIDE, DOUBTFUL, GONE = "outside", "doubtful", "gone"


class Lookup:
    """Finds pictures by what tables call them: with or without folders, with or without ending.

    Args:
        names: The pictures' paths below the folder, with slashes.
        above: The folder's own path, where a table above it begins its paths with that.
    """

    def __init__(self, names: Iterable[str], above: str = "") -> None:
        self._exact: dict[str, str] = {}
        self._loose: dict[str, list[str]] = {}
        self._by_end: dict[str, list[str]] = {}
        for name in names:
            for full in {name, posixpath.join(above, name)}:
                self._exact[full] = name
                for key in (full, str(PurePosixPath(full).with_suffix(""))):
                    self._loose.setdefault(_loose(key), []).append(name)
            path = PurePosixPath(name)
            for key in {path.name, path.stem}:
                self._by_end.setdefault(_loose(key), []).append(name)

    def find(self, cell: str, folder: str, prefer: Sequence[str] = ()) -> tuple[str, str]:
        """Return the picture that a cell names, or nothing, and what is wrong if there is none.

        A path from a machine's root is another machine's more often than not: of it the longest end
        counts that is a picture's whole path below the folder, or below the table's own.

        Args:
            cell: What the table says.
            folder: The table's own folder, below the pictures' folder; ``.`` for that itself.
            prefer: Folders whose pictures are meant where names are in several.
        """
        said = cell.replace("\\", "/")
        if not said or said.endswith("/"):
            return "", GONE
        if root := ABSOLUTE.match(said):
            parts = [part for part in said[root.end() :].split("/") if part not in ("", ".", "..")]
            for start in range(len(parts)):
                end = "/".join(parts[start:])
                if found := self._at(end) or self._at(posixpath.join(folder, end)):
                    return found, ""
            return "", GONE
        path = posixpath.normpath(posixpath.join(folder, said))
        if path == ".." or path.startswith("../"):
            return "", OUTSIDE
        if found := self._at(path) or (self._at(posixpath.normpath(said))):
            return found, ""
        return self._below(posixpath.normpath(said), folder, prefer)

    def _at(self, path: str) -> str:
        """Return the picture at a path, however its ending and accents are written."""
        if path in self._exact:
            return self._exact[path]
        found = dict.fromkeys(self._loose.get(_loose(path), ()))
        return next(iter(found)) if len(found) == 1 else ""

    def _below(self, said: str, folder: str, prefer: Sequence[str]) -> tuple[str, str]:
        """Return the only picture whose path ends so."""
        *above, last = _loose(said).split("/")
        ends = [
            name
            for name in dict.fromkeys(self._by_end.get(last, ()))
            if not above or _loose(name).split("/")[:-1][-len(above) :] == above
        ]
        for wanted in (*PurePosixPath(folder).parts[-1:], *prefer):
            if len(ends) > 1:
                ends = [name for name in ends if wanted in name.split("/")[:-1]] or ends
        if len(ends) == 1:
            return ends[0], ""
        return "", DOUBTFUL if ends else GONE


def _loose(text: str) -> str:
    """Return a name so that capitals and the ways to write accents make no difference."""
    return unicodedata.normalize("NFC", text).casefold()


def name_rows(table: Table, lookup: Lookup, folder: str = ".") -> Named:
    """Find the column of a table that names pictures, and each row's picture.

    Args:
        table: The table.
        lookup: The folder's pictures.
        folder: The table's own folder, below the pictures' folder.

    Raises:
        UsageError: No column names any.
    """
    prefer = (table.file.stem, f"{table.file.stem}_images", TRAIN)
    if any(_is_file(cell) and lookup.find(cell, folder, prefer)[0] for cell in table.columns):
        table = table.without_header()
    step = max(1, len(table.rows) // PROBED)
    # Different pictures: classes that are numbers may be called like some of them.
    hits = {
        column: len({lookup.find(cell, folder, prefer)[0] for cell in cells[::step]} - {""})
        for column in table.columns
        if (cells := table.column(column))
    }
    best = max(table.columns, key=lambda column: (hits[column], -_rank(column)))
    if not hits[best]:
        column = min(table.columns, key=_rank)
        raise UsageError(
            f"expected a column of {table.file} to name pictures, found none that does, such as "
            f"{_short(table.column(column)[0])} in {column!r}.",
            f"Type: head -3 {table.file}",
        )
    names, problems = [], dict[str, list[int]]()
    for row, cell in enumerate(table.column(best)):
        name, problem = lookup.find(cell, folder, prefer)
        names.append(name)
        if problem:
            problems.setdefault(problem, []).append(row)
    return Named(table, best, tuple(names), {kind: tuple(rows) for kind, rows in problems.items()})


def joined(parts: Sequence[Named]) -> Named:
    """Return several tables as one, with the columns of the first."""
    first = parts[0]
    columns = first.table.columns
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    names: list[str] = []
    uneven: list[int] = []
    problems: dict[str, list[int]] = {}
    for part in parts:
        places = [
            part.table.columns.index(name) if name in part.table.columns else -1 for name in columns
        ]
        for kind, bad in part.problems.items():
            problems.setdefault(kind, []).extend(len(rows) + row for row in bad)
        rows += [tuple(row[p] if p >= 0 else "" for p in places) for row in part.table.rows]
        lines += part.table.lines
        names += part.names
        uneven += part.table.uneven
    table = replace(first.table, rows=tuple(rows), lines=tuple(lines), uneven=tuple(uneven))
    return Named(table, first.file_column, tuple(names), {k: tuple(v) for k, v in problems.items()})


def plain(name: str) -> str:
    """Return a column's name without capitals and marks between words.

    >>> plain("File_Name"), plain("class label")
    ('filename', 'classlabel')
    """
    return re.sub(r"[\s_\-.]+", "", name).casefold()


def _rank(column: str) -> int:
    word = plain(column)
    return FILE_COLUMNS.index(word) if word in FILE_COLUMNS else len(FILE_COLUMNS)


def _is_file(cell: str) -> bool:
    return PurePosixPath(cell).suffix.lower() in SUFFIXES


def _short(cell: str) -> str:
    return repr(cell if len(cell) <= 60 else f"{cell[:57]}…")
