"""Pictures that a file lists: a path or an address a line, or a table of them with classes."""

from __future__ import annotations

import csv
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tl_catdog.data.label_table import LABEL_COLUMNS, SPLIT_COLUMNS
from tl_catdog.data.objects import is_image, labels_of
from tl_catdog.data.table_rows import FILE_COLUMNS, plain
from tl_catdog.errors import ImageError, UsageError, shown
from tl_catdog.shards.rows import Row
from tl_catdog.shards.sources.prefix import read_image
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.places import Place, is_url
from tl_catdog.storage.ranged import lines

MOST_LINE = 2**16
"""Characters of a line; a file without line ends is none that lists pictures."""

ADDRESSES = ("url", "imageurl", "uri")
"""More names of columns of files."""

ABSOLUTE = re.compile(r"/|[A-Za-z]:[/\\]")


class ListedSource:
    """The pictures that a file lists, in its order.

    Args:
        files: Lists, each with the folder that its paths begin at and, if a folder says so, the
            split of its pictures.
        text: What ``open_source`` makes the same source of.
        root: The folder that rows' names are below.
    """

    def __init__(self, files: list[tuple[Place, str | None]], text: str, root: Place) -> None:
        self.files = files
        self.text = text
        self.root = root
        self.remarks: list[tuple[str, str]] = []

    def rows(self) -> Iterator[Row]:
        """Yield the pictures; memory doesn't grow with their number.

        Raises:
            UsageError: A file isn't such a list, or leads where it may not.
            StorageError: A file can't be read.
        """
        self.remarks = []
        for file, split in self.files:
            folder = str(file.above)[len(str(self.root)) :].strip("/")
            for number, (said, label, own) in read_list(file):
                name = said if is_url(said) or ABSOLUTE.match(said) else said.replace("\\", "/")
                self._check(file, number, name)
                if not is_url(name) and not ABSOLUTE.match(name):
                    name = posixpath.normpath(posixpath.join(folder, name))
                below = not is_url(name) and not ABSOLUTE.match(name) and name[:3] != "../"
                by_name = labels_of(name) if label is None and below else (None, None)
                status = self._status(name)
                yield Row(
                    name,
                    label or by_name[0],
                    own or split or by_name[1],
                    size=None if status is None else status.size,
                    version=None if status is None else status.version,
                )

    def _check(self, file: Place, number: int, name: str) -> None:
        """Make sure that a list from elsewhere names nothing on this machine's disk.

        Raises:
            UsageError: It does, or it names the web.
        """
        leads_out = ABSOLUTE.match(name) or ".." in name.split("/")
        if not file.local and not is_url(name) and leads_out:
            raise UsageError(
                f"expected addresses, or names below {file.above}, in {file}, found {shown(name)} "
                f"in line {number:,}: a list at an address names no file of this machine.",
                f"Edit {file}, or download it if it is meant so",
            )
        if is_url(name):
            place = Place.of(name)  # raises for the web, and for what isn't installed
            if not file.local and place.local:
                raise UsageError(
                    f"expected no file of this machine in {file}, found {shown(name)} in line "
                    f"{number:,}.",
                    f"Edit {file}",
                )

    def _place(self, name: str) -> Place:
        return Place.of(name) if is_url(name) or ABSOLUTE.match(name) else self.root / name

    def _status(self, name: str) -> Entry | None:
        """Return what a disk says of a file; at addresses that would be a request for each."""
        place = self._place(name)
        return place.info_or_none() if place.local else None

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes.

        Raises:
            ImageError: It has vanished, is too large, or no file.
            StorageError: It can't be read, or was replaced.
        """
        place = self._place(row.path)
        if place.local and row.size is None:
            raise ImageError("can't be read (No such file or directory)")
        return read_image(place, row)


def read_list(file: Place) -> Iterator[tuple[int, tuple[str, str | None, str | None]]]:
    """Yield (line, (path, class, split)) of a list; the last two may be None.

    Raises:
        UsageError: It isn't one.
        StorageError: It can't be read.
    """
    ending = posixpath.splitext(file.name)[1].lower()
    with lines(file) as text:
        bounded = _bounded(text, file)
        if ending in (".jsonl", ".ndjson"):
            yield from _objects(file, bounded)
        elif ending in (".csv", ".tsv"):
            yield from _table(file, bounded, "\t" if ending == ".tsv" else None)
        else:
            for number, line in enumerate(bounded, 1):
                if line.strip() and not line.startswith("#"):
                    yield number, (line.strip(), None, None)


def _bounded(text: Any, file: Place) -> Iterator[str]:
    number = 0
    while line := text.readline(MOST_LINE):
        number += 1
        if len(line) == MOST_LINE and not line.endswith("\n"):
            raise UsageError(
                f"expected a list of pictures, found a line of {MOST_LINE:,} characters or more in "
                f"{file}, line {number:,}.",
                f"Type: head -c 300 {file}",
            )
        yield line.rstrip("\r\n") if "\n" in line else line


def _objects(file: Place, text: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _wrong(file, number, "what is no JSON") from error
        if not isinstance(found, dict):
            raise _wrong(file, number, "another kind of value")
        cells = {str(key): _cell(value) for key, value in found.items()}
        path = _of(cells, (*FILE_COLUMNS, *ADDRESSES))
        if not path:
            raise _wrong(file, number, f"none among {shown(sorted(cells))}")
        yield number, (path, _of(cells, LABEL_COLUMNS), _of(cells, SPLIT_COLUMNS))


def _table(file: Place, text: Iterable[str], delimiter: str | None) -> Iterator[tuple[int, Any]]:
    source = iter(text)
    header = next(source, "")
    if delimiter is None:
        delimiter = max(",;\t", key=header.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        for number, row in enumerate(csv.reader(source, delimiter=delimiter), 2):
            if not any(cell.strip() for cell in row):
                continue
            cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
            path = _of(cells, (*FILE_COLUMNS, *ADDRESSES))
            if number == 2 and path is None and is_image(names[0]):
                raise _wrong(file, 1, "no names of columns, such as path,label")
            if not path:
                raise _wrong(file, number, f"none among {shown(names)}")
            yield number, (path, _of(cells, LABEL_COLUMNS), _of(cells, SPLIT_COLUMNS))
    except csv.Error as error:
        raise _wrong(file, 1, f"a table that can't be read ({error})") from error


def _of(cells: Mapping[str, str], known: tuple[str, ...]) -> str | None:
    """Return the cell of the first known column that there is; None if it is empty."""
    by_name = {plain(name): cell for name, cell in cells.items()}
    return next((by_name[name] for name in known if by_name.get(name)), None)


def _cell(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value).strip().encode("utf-8", "backslashreplace").decode()
    return ""


def _wrong(file: Place, number: int, found: str) -> UsageError:
    return UsageError(
        f"expected a picture's path (a column such as file_name or path) in line {number:,} of "
        f"{file}, found {found}.",
        f"Edit {file}",
    )
