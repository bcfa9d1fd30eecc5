"""Reads tables that name pictures: CSV as spreadsheets and programs write it, and JSON Lines.

A table is a stranger's input: its cells are text to compare, never paths to open.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.data.reading import read_file
from tl_catdog.errors import UsageError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
"""What files of tables are called that are found by themselves."""

DELIMITERS = ",;\t|"
HEAD = 2**16  # characters by which the delimiter is chosen
CELL = 2**17
"""Most characters of a cell, as csv has it: a quote that is never closed makes longer ones."""

MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
KINDS = (
    (b"PK\x03\x04", "a spreadsheet or archive"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a compressed file"),
)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        file: Where it was read.
        columns: Its columns' names; none is empty, none comes twice.
        rows: Its cells, without spaces around them; each row has one for each column.
        lines: The line in the file where each row ends, from 1.
        uneven: The lines of rows that have more or fewer cells than columns; they are left out.
    """

    file: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    uneven: tuple[int, ...] = ()

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def without_header(self) -> Table:
        """Return the table where the first line is a row, too, and columns are numbered from 1."""
        names = tuple(str(number) for number in range(1, len(self.columns) + 1))
        return Table(self.file, names, (self.columns, *self.rows), (1, *self.lines), self.uneven)


def read_table(file: Path) -> Table:
    """Read a table: UTF-8, UTF-16 or, failing that, Windows-1252; by commas, semicolons, tabs.

    Raises:
        UsageError: The file can't be read, is of another kind, or holds no columns or rows.
    """
    text = _text(file)
    if file.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        table = _from_json(file, text)
    else:
        table = _from_csv(file, text)
    if not table.rows:
        raise UsageError(f"expected rows in {file}, found none.", f"Type: head {file}")
    return table


def _text(file: Path) -> str:
    try:
        data = read_file(file)
    except OSError as error:
        raise UsageError(
            f"expected a table of labels, found {file}, which can't be read "
            f"({error.strerror or error}).",
            f"Type: ls {file.parent}",
        ) from error
    kind = next((words for start, words in KINDS if data.startswith(start)), None)
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        # What spreadsheets write where they don't write UTF-8; every byte is some letter of it.
        text = data.decode("cp1252", "replace")
    if kind is None and "\0" in text:
        kind = "bytes that are no text"
    if kind:
        raise UsageError(
            f"expected a table as CSV or JSON Lines, found {kind}: {file}.",
            "Save it as CSV, then name that: --labels FILE",
        )
    return text


def _from_csv(file: Path, text: str) -> Table:
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=") + 1:
        text, skipped = rest, 1  # how a spreadsheet names its delimiter
        delimiter = first.strip()[-1]
    else:
        delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns: tuple[str, ...] = ()
    rows, lines, uneven = [], [], []
    try:
        for cells in reader:
            row = tuple(cell.strip() for cell in cells)
            if not any(row):
                continue
            if not columns:
                columns = _named(row)
            elif len(row) == len(columns):
                rows.append(row)
                lines.append(reader.line_num + skipped)
            else:
                uneven.append(reader.line_num + skipped)
    except csv.Error as error:
        raise UsageError(
            f"expected cells of at most {CELL:,} characters in {file}, found that it can't be read "
            f"at line {reader.line_num + skipped} ({error}).",
            "Look for a quotation mark that isn't closed, before that line",
        ) from error
    return Table(file, columns, tuple(rows), tuple(lines), tuple(uneven))


def _delimiter(text: str) -> str:
    """Return what parts the cells: what gives the most columns, as many in each of the rows."""
    head = text[:HEAD]
    if len(text) > HEAD:
        head = head[: head.rfind("\n") + 1] or head
    best, most = ",", 1
    for delimiter in (*DELIMITERS, " "):
        if delimiter == " " and most > 1:
            break  # a list such as "images/1.jpg 0": only where nothing else parts it
        try:
            rows = list(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
        except csv.Error:
            continue
        rows = [row for row in rows if any(cell.strip() for cell in row)][:50]
        if not rows:
            continue
        width = len(rows[0])
        even = sum(len(row) == width for row in rows)
        if width > most and even * 2 > len(rows):
            best, most = delimiter, width
    return best


def _named(header: Sequence[str]) -> tuple[str, ...]:
    """Return names for columns: those without one get their number, doubled ones a number more."""
    names: list[str] = []
    for number, name in enumerate(header, 1):
        chosen = name or str(number)
        while chosen in names:
            chosen += f" ({number})"
        names.append(chosen)
    return tuple(names)


def _from_json(file: Path, text: str) -> Table:
    rows, lines = [], []
    columns: dict[str, None] = {}
    for line, found in _objects(file, text):
        row = {_cell(name): _cell(value) for name, value in found.items()}
        columns.update(dict.fromkeys(row))
        rows.append(row)
        lines.append(line)
    names = tuple(columns)
    cells = tuple(tuple(row.get(name, "") for name in names) for row in rows)
    return Table(file, names, cells, tuple(lines))


def _objects(file: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of JSON Lines, or of one list of them, with their lines.

    One object in a ``.json`` file says the class of each file.

    Raises:
        UsageError: There is something else.
    """
    if text.lstrip().startswith("["):
        for found in _parsed(file, 1, text, list):
            yield 1, _checked(file, 1, found, dict)
        return
    if file.suffix.lower() == ".json":
        for name, label in _parsed(file, 1, text, dict).items():
            yield 1, {"file": name, "label": label}
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _parsed(file, number, line, dict)


def _parsed(file: Path, line: int, text: str, kind: type) -> Any:
    try:
        return _checked(file, line, json.loads(text), kind)
    except (ValueError, RecursionError) as error:  # also numbers of too many digits
        raise UsageError(
            f"expected JSON in line {line} of {file}, found what isn't ({error}).",
            f"Edit {file}",
        ) from error


def _checked(file: Path, line: int, found: Any, kind: type) -> Any:
    if not isinstance(found, kind):
        raise UsageError(
            f'expected an object such as {{"file_name": "1.jpg", "label": "cat"}} in line {line} '
            f"of {file}, found another kind of value.",
            f"Edit {file}",
        )
    return found


def _cell(value: Any) -> str:
    """Return a JSON value as a cell; what is no text, number or truth value isn't a label.

    Halves of characters, which JSON can hold and files can't, are spelt out.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value).strip().encode("utf-8", "backslashreplace").decode("utf-8")
    return ""
