"""Reading a closed batch: by its manifest, each part held to its hash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tl_catdog.shards.closing import read_manifest
from tl_catdog.shards.parts import read_part
from tl_catdog.shards.plan import needed_plan
from tl_catdog.storage.places import Place


def read_parts(dest: Place | Path | str) -> Iterator[Any]:
    """Yield the rows of a closed batch, in the order of its listing.

    Memory is that of one part, whatever the number of parts.

    Args:
        dest: The folder or address that ``tl-catdog batch`` wrote.

    Yields:
        ``pyarrow.RecordBatch`` of each part; for the columns see ``parts.schema_of``.

    Raises:
        UsageError: It is no batch, or isn't closed.
        CatdogError: It is damaged: a part has other bytes than the manifest says.
    """
    place = dest if isinstance(dest, Place) else Place.of(dest)
    plan = needed_plan(place)
    for part in read_manifest(place, plan).parts:
        yield from read_part(place, plan, part.shard, part.sha256).to_batches()
