"""The check of a batch's pictures among themselves: the same as ``data check`` says."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np

from tl_catdog.audit.appearance import Appearance
from tl_catdog.audit.check import Looked, Steps, judged
from tl_catdog.audit.findings import KINDS, Audit, Finding, ordered
from tl_catdog.audit.inspection import Inspection
from tl_catdog.audit.outliers import outliers
from tl_catdog.audit.page import check_page, shown_names
from tl_catdog.audit.thumbnails import SIDE
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.errors import CatdogError, shown
from tl_catdog.features.extracted_plan import open_extracted
from tl_catdog.pages.page import small
from tl_catdog.shards.closing import read_manifest
from tl_catdog.shards.listing import open_source, read_shard
from tl_catdog.shards.parts import read_part
from tl_catdog.shards.plan import CHECK, PAGE, Plan, needed_plan
from tl_catdog.shards.rows import Row, Source
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place
from tl_catdog.version import __version__

LISTINGS = 64
"""Shards whose listing is kept at a time, while pictures are looked at again."""

ROWS = 256  # of a part, whose thumbnails are taken out at a time

MOST_BYTES = 2**31
"""Bytes of a ``check.json`` that are read."""


def checked(dest: Place, steps: Steps, extracted: str | None = None) -> Audit:
    """Check the pictures of a closed batch among themselves, and write ``check.json``.

    Where that is there already, made of these very parts by this version, it is read instead.
    Memory doesn't grow with the pictures but for their names and hashes, and what is found.

    Args:
        dest: The place of the batch.
        steps: See ``audit.check.Steps``.
        extracted: The folder or address of features of the same pictures, by which those unlike all
            others are found; None to look for none.

    Raises:
        UsageError: It isn't closed; or the features are none of these pictures.
        CatdogError: It is damaged.
        OSError: A folder can't be written to.
    """
    began = time.perf_counter()
    plan = needed_plan(dest)
    manifest = read_manifest(dest, plan)
    made_of = {
        "plan": plan.hash,
        "parts": hashlib.sha256(
            "".join(part.sha256 for part in manifest.parts).encode()
        ).hexdigest(),
        "features": None if extracted is None else open_extracted(extracted).plan.hash,
        "version": __version__,
    }
    known = _known(dest, made_of)
    if known is not None:
        return replace(known, seconds=time.perf_counter() - began)
    looked, entries = Looked(plan.rows), list[Example]()
    with steps("reading parts") as progress:
        nowhere = Path(plan.source)  # no picture is opened by its path: files are, by their rows
        for part in manifest.parts:
            for row, seen in _inspections(read_part(dest, plan, part.shard, part.sha256)):
                label, split = sys.intern(row["label"] or ""), sys.intern(row["split"] or "")
                entries.append(Example(nowhere, row["path"], label, split, UNREADABLE))
                looked.add(row["path"], seen)
            progress(len(entries), plan.rows)
    found = [Finding(_kind(kind), (), detail) for kind, detail in plan.remarks]
    files = RowFiles(dest, plan, open_source(plan.source, plan.kind))
    audit, usable = judged(plan.source, entries, looked, found, files, steps, began)
    if extracted is not None:
        with steps("looking for odd ones out") as progress:
            odd = outliers(usable, progress, extracted)
        audit = replace(audit, findings=ordered([*audit.findings, *odd]))
    said = {**made_of, **audit.to_json()}
    del said["seconds"]  # the same pictures give the same file
    (dest / PAGE).remove()  # so a page that is there is of this file
    (dest / CHECK).write((json.dumps(said) + "\n").encode())
    return replace(audit, seconds=time.perf_counter() - began)


def _known(dest: Place, made_of: dict[str, str | None]) -> Audit | None:
    """Return what ``check.json`` says, if it is of these parts and as it was written."""
    place = dest / CHECK
    try:
        if place.info().size > MOST_BYTES:
            return None
        said = json.loads(place.read(most=MOST_BYTES))
        if not isinstance(said, dict) or any(said.pop(key, "") != made_of[key] for key in made_of):
            return None
        return Audit.from_json(said)
    except (GoneError, OSError, ValueError, RecursionError):
        return None


def write_page(dest: Place, audit: Audit, command: str) -> None:
    """Write the page with the pictures of a check beside it, unless it is there.

    Args:
        dest: The place of the batch.
        audit: What ``checked`` returned.
        command: See ``audit.page.check_page``.

    Raises:
        CatdogError: The listing is damaged, or the page can't be written.
        OSError: A folder can't be written to.
    """
    if (dest / PAGE).info_or_none() is not None:
        return
    plan = needed_plan(dest)
    source, wanted = open_source(plan.source, plan.kind), set(shown_names(audit))
    rows: dict[str, Row] = {}
    for shard in range(plan.shards if wanted else 0):
        rows.update((row.path, row) for row in read_shard(dest, shard) if row.path in wanted)

    def picture(name: str) -> str | None:
        try:
            return small(source.read(rows[name]))
        except Exception:  # gone meanwhile, or out of reach: the page says that it can't be shown
            return None

    html = check_page(audit, command, picture)
    (dest / PAGE).write(html.encode("utf-8", "surrogateescape"))


_COLUMNS = ["path", "label", "split", "sha256", "side", "appearance", "remarks"]


def _inspections(table: Any) -> Iterator[tuple[dict[str, Any], Inspection]]:
    """Yield the rows of a part and what was seen of each, few thumbnails in memory at a time."""
    for batch in table.to_batches(max_chunksize=ROWS):
        pixels = batch.column("thumbnail").to_pylist()
        for row, seen in zip(batch.select(_COLUMNS).to_pylist(), pixels, strict=True):
            yield row, _inspection(row, seen)


def _inspection(row: dict[str, Any], seen: bytes | None) -> Inspection:
    """Return what was seen of a picture, out of a part's row."""
    look = row["appearance"]
    return Inspection(
        row["sha256"] or UNREADABLE,
        None if seen is None else np.frombuffer(seen, np.uint8).reshape(SIDE, SIDE),
        row["side"] or 0,
        None if look is None else Appearance(**look),
        tuple((_kind(item["kind"]), item["detail"]) for item in row["remarks"] or ()),
    )


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise CatdogError(
            f"expected findings of known kinds in a batch, found {shown(kind)}.",
            "Type the command again with another place: --out DEST",
        )
    return kind


class RowFile:
    """A picture of a source, to be read again.

    Attributes:
        source: The source.
        row: Its row.
    """

    def __init__(self, source: Source, row: Row) -> None:
        self.source, self.row = source, row

    def read(self) -> bytes:
        """Return the picture's bytes; see ``rows.Source.read``."""
        return self.source.read(self.row)


class RowFiles(Sequence[RowFile]):
    """The pictures of a batch by their numbers, looked up in its listing when they are wanted."""

    def __init__(self, dest: Place, plan: Plan, source: Source) -> None:
        self._plan, self._source = plan, source
        self._listing = lru_cache(LISTINGS)(lambda shard: read_shard(dest, shard))

    def __len__(self) -> int:
        return self._plan.rows

    @overload
    def __getitem__(self, index: int) -> RowFile: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[RowFile]: ...

    def __getitem__(self, index: int | slice) -> RowFile | Sequence[RowFile]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        shard, place = divmod(index, self._plan.shard_size)
        return RowFile(self._source, self._listing(shard)[place])
