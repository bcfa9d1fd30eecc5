"""The parts of a batch: a Parquet file for each shard, the same bytes whoever writes it.

A part is whole or not there, and carries the hash of its plan: what is there and carries it is
done. Nothing in it depends on when or where it was written.
"""

from __future__ import annotations

import hashlib
import io
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tl_catdog.errors import CatdogError, shortened
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.listing import DIGEST
from tl_catdog.shards.plan import PARTS, Plan, part_name
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place

HASH, SHARD = b"tl-catdog.plan", b"tl-catdog.shard"
"""Keys of the schema's metadata: the plan's hash, and the shard's number."""

MOST_BYTES = 2**31
"""Bytes of a part that are read. 100,000 pictures' features in two views have a billion."""

MOST_KINDS, LONGEST_KIND = 20, 60
OTHER = "other"

THUMBNAIL_BYTES = 128 * 128


@dataclass(frozen=True)
class Part:
    """What is known of a part that is done.

    Attributes:
        shard: The number of its shard, from 0.
        rows: How many pictures it has.
        bytes: The file's size.
        sha256: Of the file, in hexadecimal.
        listing: The digest of the rows that it was made of.
        errors: How many pictures have an error, by kind; see ``kind_of``.
    """

    shard: int
    rows: int
    bytes: int
    sha256: str
    listing: str
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name."""
        return part_name(self.shard)

    def to_json(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {
            "name": self.name,
            "rows": self.rows,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "listing": self.listing,
            "errors": dict(sorted(self.errors.items())),
        }


def kind_of(error: str) -> str:
    """Return which kind of error a picture has: its first words, without what is about it alone.

    >>> kind_of("can't be read (No such file or directory)"), kind_of("broken: image is truncated")
    ("can't be read", 'broken')
    >>> kind_of("not a JPEG, PNG or WebP picture, but text")
    'not a picture'
    """
    if error.startswith("not a "):
        return "not a picture"
    return shortened(error.partition("(")[0].partition(":")[0].strip() or OTHER, LONGEST_KIND)


def kinds_of(errors: Sequence[str | None]) -> dict[str, int]:
    """Count errors by kind, no more than 20 kinds; the rest are ``other``."""
    counted = Counter(kind_of(error) for error in errors if error is not None)
    kept = dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_KINDS])
    rest = counted.total() - sum(kept.values())
    if rest:
        kept[OTHER] = kept.get(OTHER, 0) + rest
    return dict(sorted(kept.items()))


def schema_of(plan: Plan, metadata: Mapping[bytes, str] | None = None) -> Any:
    """Return the Arrow schema of a plan's parts."""
    pa = arrow()
    text = pa.string()
    fields = [(name, text) for name in ("path", "sha256", "error", "label", "split")]
    if plan.kind == "predict":
        fields += [("predicted", text), ("probabilities", pa.list_(pa.float64()))]
    elif plan.kind == "features":
        values = len(plan.views) * plan.width
        fields.append(("features", pa.list_(pa.float32(), values)))
    else:
        look = [("low", pa.int64()), ("high", pa.int64()), ("spread", pa.float64())]
        look += [("edges", pa.int64()), ("sharpness", pa.float64())]
        remark = pa.struct([("kind", text), ("detail", text)])
        fields += [
            ("thumbnail", pa.binary(THUMBNAIL_BYTES)),
            ("side", pa.int64()),
            ("appearance", pa.struct(look)),
            ("remarks", pa.list_(remark)),
        ]
    return pa.schema(fields, metadata=metadata)


def write_part(
    dest: Place, plan: Plan, shard: int, columns: Mapping[str, Any], listing: str
) -> Part:
    """Write a part, unless it is there.

    Whoever comes second leaves it: on machines of several kinds the last bits could be others, and
    somebody may have its hash already.

    Args:
        dest: The place of the batch.
        plan: Its plan.
        shard: The shard's number.
        columns: Of each column of ``schema_of`` its values: a list, or an Arrow array.
        listing: The digest of the rows.

    Returns:
        What is there now.

    Raises:
        CatdogError: It can't be written.
        OSError: The same, of a folder.
    """
    pa = arrow()
    metadata = {HASH: plan.hash, SHARD: str(shard), DIGEST: listing}
    schema = schema_of(plan, metadata)
    arrays = [
        columns[item.name]
        if isinstance(columns[item.name], pa.Array)
        else pa.array(columns[item.name], item.type)
        for item in schema
    ]
    table = pa.Table.from_arrays(arrays, schema=schema)
    out = io.BytesIO()
    # Random bits don't get smaller, and statistics of them help nobody.
    dictionary = ["label", "split", "error", "predicted"]
    pa.parquet.write_table(
        table,
        out,
        compression="zstd",
        use_dictionary=[name for name in dictionary if name in schema.names],
        write_statistics=["path"],
        row_group_size=max(1, table.num_rows),
    )
    data = out.getvalue()
    there = find_part(dest, plan, shard)
    if there is not None and there.listing == listing:
        return there
    (dest / PARTS / part_name(shard)).write(data)
    errors = kinds_of(table.column("error").to_pylist())
    digest = hashlib.sha256(data).hexdigest()
    return Part(shard, table.num_rows, len(data), digest, listing, errors)


def read_part(
    dest: Place,
    plan: Plan,
    shard: int,
    sha256: str | None = None,
    columns: Sequence[str] | None = None,
) -> Any:
    """Read a part as an Arrow table.

    Args:
        dest: The place of the batch.
        plan: Its plan.
        shard: The shard's number.
        sha256: What the manifest says of its bytes; None for any.
        columns: Those that are wanted; None for all.

    Raises:
        CatdogError: It is missing, damaged, or of another plan.
    """
    place = dest / PARTS / part_name(shard)
    try:
        if place.info().size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        data = place.read(most=MOST_BYTES)
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("other bytes than the manifest says")
        return _table(data, plan, shard, columns)
    except (GoneError, FileNotFoundError):
        found = "none"
    except (ValueError, OSError) as error:
        found = shortened(" ".join(str(error).split()))
    raise CatdogError(
        f"expected part {shard} of a batch in {place}, found {found}.",
        f"{'T' if found == 'none' else 'Remove it, and t'}ype again: tl-catdog batch {plan.kind} "
        f"{shlex.quote(plan.source)} --out {shlex.quote(str(dest))}",
    )


def _table(data: bytes, plan: Plan, shard: int, columns: Sequence[str] | None = None) -> Any:
    """Return a part's table.

    Raises:
        ValueError: It is none of this plan and shard.
    """
    pa = arrow()
    try:
        file = pa.parquet.ParquetFile(pa.BufferReader(data))
        table = file.read(columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ValueError(f"no Parquet ({error})") from error
    said = file.schema_arrow.metadata or {}
    if said.get(HASH) != plan.hash.encode() or said.get(SHARD) != str(shard).encode():
        raise ValueError("a part of another plan")
    if not file.schema_arrow.equals(schema_of(plan)) or table.num_rows != plan.rows_of(shard):
        raise ValueError("other columns or rows")
    return table


def find_part(dest: Place, plan: Plan, shard: int) -> Part | None:
    """Return what is known of a part; None where there is none, or none that is whole.

    Raises:
        CatdogError: The place can't be read now.
    """
    place = dest / PARTS / part_name(shard)
    try:
        if place.info().size > MOST_BYTES:
            return None
        data = place.read(most=MOST_BYTES)
        table = _table(data, plan, shard)
    except (GoneError, FileNotFoundError, NotADirectoryError, ValueError):
        return None
    listing = (table.schema.metadata or {}).get(DIGEST, b"").decode("ascii", "replace")
    errors = kinds_of(table.column("error").to_pylist())
    sha256 = hashlib.sha256(data).hexdigest()
    return Part(shard, table.num_rows, len(data), sha256, listing, errors)


def part_done(dest: Place, plan: Plan, shard: int) -> bool:
    """Return whether a part is there, whole, and of this plan."""
    return find_part(dest, plan, shard) is not None
