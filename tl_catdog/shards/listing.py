"""The listing of a batch: which pictures, in a fixed order, cut into shards of rows."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from tl_catdog.data.parallel import chunks
from tl_catdog.errors import CatdogError, UsageError, shortened, shown
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.plan import LISTING, part_name
from tl_catdog.shards.rows import Row, Source
from tl_catdog.storage.places import Place

DIGEST = b"tl-catdog.listing"
"""The key of the schema's metadata that holds the digest of a shard's rows."""

MOST_BYTES = 2**30
"""Bytes of a shard's listing that are read; of 100,000 rows it has some millions."""

_values = attrgetter(*(field.name for field in fields(Row)))
"""Of a row, in order; ``astuple`` copies each value, which takes most of a listing's time."""


def open_source(text: str, kind: str = "predict") -> Source:
    """Return the source that a text names.

    Args:
        text: A folder, the address of one, or a file that lists pictures or holds them.
        kind: For which kind of plan. For ``predict`` a folder gives all pictures below it, as
            ``tl-catdog predict FOLDER`` takes them; for the others its labelled ones, as a training
            does, if it has a layout that makes classes.

    Raises:
        UsageError: There is nothing of that name, or nothing that could be a source.
    """
    from tl_catdog.shards.folder import FolderSource
    from tl_catdog.shards.sources import open_other

    other = open_other(text, kind)
    if other is not None:
        return other
    path = Place.of(text).path or Path(text)
    if path.is_dir():
        return FolderSource(path, kind)
    found = "a file of another kind" if path.is_file() else "nothing"
    raise UsageError(
        f"expected a folder, an address, or a file that lists pictures or holds them, found {found}"
        f" at {shortened(text, 200)}.",
        "Type: tl-catdog batch predict --help",
    )


def digest_of(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of rows in hexadecimal.

    >>> digest_of([Row("a.jpg")]) == digest_of([Row("a.jpg", size=1)])
    False
    """
    whole = hashlib.sha256()
    for row in rows:
        values = [item.hex() if isinstance(item, bytes) else item for item in _values(row)]
        whole.update(json.dumps(values, separators=(",", ":")).encode() + b"\n")
    return whole.hexdigest()


class Digests:
    """The digests of a listing's shards, and their own: the listing's."""

    def __init__(self) -> None:
        self.of_shard: list[str] = []
        self.rows = 0

    def add(self, rows: list[Row]) -> str:
        """Take the rows of the next shard; return their digest."""
        self.of_shard.append(digest_of(rows))
        self.rows += len(rows)
        return self.of_shard[-1]

    @property
    def sha256(self) -> str:
        """SHA-256 over the shards' digests, in hexadecimal."""
        return hashlib.sha256("".join(self.of_shard).encode()).hexdigest()


def shards_of(rows: Iterable[Row], shard_size: int) -> Iterator[list[Row]]:
    """Yield the rows of each shard; memory doesn't grow with their number."""
    return chunks(rows, shard_size)


def _schema(digest: str) -> Any:
    pa = arrow()
    text, number = pa.string(), pa.int64()
    columns = [
        ("path", text), ("label", text), ("split", text), ("member", text), ("offset", number),
        ("size", number), ("version", text), ("raw", pa.binary()),
    ]  # fmt: skip
    return pa.schema(columns, metadata={DIGEST: digest})


def write_shard(dest: Place, shard: int, rows: list[Row]) -> None:
    """Write the listing of one shard.

    Raises:
        CatdogError: It can't be written.
        OSError: The same, of a folder.
    """
    pa = arrow()
    schema = _schema(digest_of(rows))
    columns = [list(column) for column in zip(*map(_values, rows), strict=True)]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    out = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), out, compression="zstd")
    (dest / LISTING / part_name(shard)).write(out.getvalue())


def read_shard(dest: Place, shard: int) -> list[Row]:
    """Read the listing of one shard.

    Raises:
        CatdogError: It is missing, or damaged.
    """
    place = dest / LISTING / part_name(shard)
    pa = arrow()
    try:
        if place.info().size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        table = pa.parquet.read_table(pa.BufferReader(place.read(most=MOST_BYTES)))
        wanted = _schema("")
        if not table.schema.equals(wanted):
            raise ValueError("other columns")
        columns = [table.column(name).to_pylist() for name in wanted.names]
        rows = [Row(*values) for values in zip(*columns, strict=True)]
        if any(row.path is None for row in rows):
            raise ValueError("a row without a path")
    except (pa.ArrowException, ValueError, OSError, CatdogError) as error:
        if isinstance(error, CatdogError):
            raise
        raise CatdogError(
            f"expected the listing of a shard in {place}, found {shortened(shown(str(error)))}.",
            "Type the command again: it is written anew.",
        ) from error
    return rows
