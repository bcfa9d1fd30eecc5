"""Parquet with pictures: a column of bytes, or Hugging Face's ``{bytes, path}``, and their classes.

Nothing that a file says of itself is believed: row groups and values above bounds are refused, and
a group is decoded a few rows at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from tl_catdog.data.objects import labels_of
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.rows import Row
from tl_catdog.shards.sources.columns import Columns, columns_of
from tl_catdog.shards.sources.members import Opened, file_of, named
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.places import Place
from tl_catdog.storage.ranged import RangedFile

GROUP_BYTES = 2**32
"""Bytes of a row group's pictures, unpacked; writers make groups of some hundred MB at most."""
AT_ONCE = 8  # rows that are decoded at once
PIECE = 2**29  # bytes of one request; a column of a group is read in buffers of BUFFER
BUFFER = 2**22
LABELS_AT_ONCE = 4096
FOOTER_TEXT, FOOTER_ITEMS = 10**8, 10**7
"""Bytes of a text, and items of a list, in a file's own description."""
KEPT = 256  # rows that were passed over and may still be asked for, by another thread


class ParquetSource:
    """The rows of Parquet files, file by file.

    Args:
        files: The files, in order.
        text: What ``open_source`` makes the same source of.
        root: The folder that they are below.
    """

    def __init__(self, files: list[Place], text: str, root: Place) -> None:
        self.files = named(files, root)
        self.text = text
        self.root = root
        self.remarks: list[tuple[str, str]] = []
        self._open = Opened[_Pictures]()

    def rows(self) -> Iterator[Row]:
        """Yield the pictures; of a file, classes and names alone are read, some rows at a time.

        Raises:
            UsageError: A file is no such Parquet.
            StorageError: It can't be read.
        """
        for name, place in self.files:
            entry = place.info()
            file, columns = _opened(place, entry)
            split = labels_of(f"{name.replace('-', '/')}/x")[1]
            wanted = [leaf for leaf in (columns.path, columns.label) if leaf is not None]
            for number, label in _labelled(file, columns, wanted, place):
                member = str(number)
                yield Row(
                    f"{name}/{member}",
                    label,
                    split,
                    member=member,
                    offset=number,
                    version=entry.version,
                )

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes.

        Raises:
            ImageError: The row has none, too many, or its file has vanished.
            ChangedError: The file was replaced.
            StorageError: It can't be read.
        """
        place = self.root / file_of(row)
        pictures = self._open.get(place, row.version, _Pictures)
        data = pictures.take(row.offset or 0)
        if data is None:
            raise ImageError("the row has no picture")
        if len(data) > MAX_BYTES:
            raise ImageError(f"{len(data):,} bytes are more than {MAX_BYTES:,} allowed")
        return data


class _Pictures:
    """A file's pictures, mostly asked for one after the other; may be shared by threads."""

    def __init__(self, place: Place, entry: Entry) -> None:
        self._file, self._columns = _opened(place, entry)
        self._place = place
        metadata = self._file.metadata
        self._begins = [0]
        for group in range(metadata.num_row_groups):
            self._begins.append(self._begins[-1] + metadata.row_group(group).num_rows)
        self._lock = threading.Lock()
        self._group = -1
        self._next = 0
        self._batches: Iterator[Any] = iter(())
        self._ready: dict[int, bytes | None] = {}

    def take(self, row: int) -> bytes | None:
        """Return a row's picture; None if it has none.

        Raises:
            ImageError: There is no such row.
            UsageError: Its group is too large.
        """
        with self._lock:
            if not 0 <= row < self._begins[-1]:
                raise ImageError(f"expected row {row:,}, found {self._begins[-1]:,} in the file")
            if row in self._ready:
                return self._ready.pop(row)
            group = next(
                n
                for n in range(len(self._begins) - 1)
                if self._begins[n] <= row < self._begins[n + 1]
            )
            if group != self._group or row < self._next:
                self._begin(group)
            while row >= self._next:
                self._decode()
            return self._ready.pop(row)

    def _begin(self, group: int) -> None:
        refuse_large(self._file.metadata, group, self._columns.image, self._place)
        self._group, self._next, self._ready = group, self._begins[group], {}
        self._batches = self._file.iter_batches(
            AT_ONCE, row_groups=[group], columns=[self._columns.image], use_threads=False
        )

    def _decode(self) -> None:
        with _naming(self._place):
            batch = next(self._batches)
        column = batch.column(0)
        if arrow().types.is_struct(column.type):
            column = column.field("bytes")
        for value in column:
            self._ready[self._next] = value.as_py()
            self._next += 1
        while len(self._ready) > KEPT:
            self._ready.pop(next(iter(self._ready)))


class _naming:  # noqa: N801 - used like a function
    """Say of which file pyarrow's errors are."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        pyarrow = arrow()
        damaged = (pyarrow.ArrowException, StopIteration, UnicodeDecodeError)
        plain_os = isinstance(error, OSError) and error.errno is None  # "Couldn't deserialize …"
        if isinstance(error, damaged) or plain_os:
            raise UsageError(
                f"expected Parquet with pictures, found {self._place}, which is damaged or of "
                f"another kind ({type(error).__name__}).",
                "Fetch it again, or leave it out",
            ) from error


def _opened(place: Place, entry: Entry) -> tuple[Any, Columns]:
    """Open a file and find its columns.

    Raises:
        UsageError: It is no such file.
    """
    pyarrow = arrow()
    with _naming(place):
        file = pyarrow.parquet.ParquetFile(
            pyarrow.PythonFile(RangedFile(place, entry, most=PIECE), mode="r"),
            buffer_size=BUFFER,
            pre_buffer=False,
            thrift_string_size_limit=FOOTER_TEXT,
            thrift_container_size_limit=FOOTER_ITEMS,
        )
        return file, columns_of(file.schema_arrow, place)


def _labelled(
    file: Any, columns: Columns, wanted: list[str], place: Place
) -> Iterator[tuple[int, str | None]]:
    """Yield the number and the class of each row."""
    if columns.label is None:
        yield from ((number, None) for number in range(file.metadata.num_rows))
        return
    number = 0
    batches = file.iter_batches(LABELS_AT_ONCE, columns=[columns.label], use_threads=False)
    while True:
        with _naming(place):
            try:
                batch = next(batches)
            except StopIteration:
                break
        for value in batch.column(0).to_pylist():
            yield number, _label(value, columns.names)
            number += 1
    if number != file.metadata.num_rows:
        raise UsageError(
            f"expected {file.metadata.num_rows:,} rows in {place}, found {number:,}.",
            "Fetch it again, or leave it out",
        )


def _label(value: Any, names: tuple[str, ...]) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, int) and names:
        return names[value] if 0 <= value < len(names) else None  # -1 is "nobody knows"
    return str(value)


def refuse_large(metadata: Any, group: int, leaf: str, place: Place) -> None:
    """Make sure that a group of rows is none that would fill the memory.

    Raises:
        UsageError: It says that it is.
    """
    of_group = metadata.row_group(group)
    for number in range(of_group.num_columns):
        column = of_group.column(number)
        if column.path_in_schema == leaf and column.total_uncompressed_size > GROUP_BYTES:
            raise UsageError(
                f"expected groups of rows of at most {GROUP_BYTES:,} bytes, found one of "
                f"{column.total_uncompressed_size:,} in {place}.",
                "Write it with smaller row groups",
            )
