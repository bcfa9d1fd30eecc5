"""What ``tl-catdog batch`` wrote, read without knowing its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tl_catdog.errors import UsageError, listing, shown

if TYPE_CHECKING:
    import pyarrow


def read_batch(
    dest: str | Path, columns: Sequence[str] | None = None
) -> Iterator[pyarrow.RecordBatch]:
    """Yield the results of a batch, in the order of its pictures.

    They are read as its manifest says, each part held to its hash. Memory is that of one part,
    whatever the number of parts. ``pyarrow.Table.from_batches(tl.read_batch("answers"))`` has them
    all at once.

    Args:
        dest: What ``--out`` named: a folder, or an address such as ``s3://bucket/answers``.
        columns: Which are wanted; None for all. Of every batch there are ``path``, ``sha256``,
            ``error``, ``label`` and ``split``, all text or null; of answers ``predicted`` (text)
            and ``probabilities`` (one float64 for each class, in the order of ``classes`` in
            ``plan.json``), of features ``features`` (float32: each view's, one after the other).
            They are null of a picture that has an error.

    Yields:
        One or more ``pyarrow.RecordBatch`` of each part.

    Raises:
        UsageError: It is no batch, isn't finished, or has no such columns.
        CatdogError: A part is damaged; or pyarrow isn't installed (``tl-catdog[batch]``).
    """
    from tl_catdog.shards.reading import read_parts

    for rows in read_parts(dest):
        if columns is None:
            yield rows
            continue
        unknown = [name for name in columns if name not in rows.schema.names]
        if unknown:
            raise UsageError(
                f"expected columns out of {listing(rows.schema.names)}, found {shown(unknown[0])}.",
                "Name some of these",
            )
        yield rows.select(list(columns))
