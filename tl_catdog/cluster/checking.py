"""What a check needs of each picture, and the check of all: the same as ``data check`` says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, overload

import numpy as np

from tl_catdog.audit.appearance import Appearance
from tl_catdog.audit.check import Looked, Steps, judged
from tl_catdog.audit.findings import KINDS, Audit, Finding
from tl_catdog.audit.inspection import Inspection, inspect_data, unreadable
from tl_catdog.audit.thumbnails import SIDE
from tl_catdog.cluster.pictures import Picture
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.parallel import map_threaded
from tl_catdog.errors import CatdogError, ImageError, shown
from tl_catdog.shards.closing import read_manifest
from tl_catdog.shards.listing import open_source, read_shard
from tl_catdog.shards.parts import read_part
from tl_catdog.shards.plan import CHECK, Plan, needed_plan
from tl_catdog.shards.rows import Row, Source
from tl_catdog.storage.places import Place

AHEAD = 8
LISTINGS = 16
"""Shards whose listing is kept at a time, while pictures are looked at again."""


def inspected(pictures: Iterator[Picture]) -> dict[str, Any]:
    """Return the columns of a check: what ``audit.inspection`` says of each picture."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("error", "thumbnail", "side", "appearance", "remarks")
    }
    for found in map_threaded(_inspected, pictures, ahead=AHEAD):
        seen, look = found.thumbnail, found.appearance
        columns["error"].append(": ".join(found.remarks[0]) if seen is None else None)
        columns["thumbnail"].append(None if seen is None else seen.tobytes())
        columns["side"].append(found.side)
        columns["appearance"].append(None if look is None else vars(look))
        remarks = [{"kind": kind, "detail": _text(detail)} for kind, detail in found.remarks]
        columns["remarks"].append(remarks)
    return columns


def _inspected(picture: Picture) -> Inspection:
    if isinstance(picture.data, ImageError):
        said = picture.data.message
        return unreadable(said.removeprefix("can't be read (").removesuffix(")"))
    return inspect_data(picture.data, PurePosixPath(picture.row.path))


def _text(detail: str) -> str:
    """Return a text that Arrow takes."""
    return detail.encode("utf-8", "backslashreplace").decode()


def checked(dest: Place, steps: Steps) -> Audit:
    """Check the pictures of a closed batch among themselves, and write ``check.json``.

    Memory doesn't grow with the pictures but for their names and hashes, and what is found.

    Args:
        dest: The place of the batch.
        steps: See ``audit.check.Steps``.

    Raises:
        UsageError: It isn't closed.
        CatdogError: It is damaged.
        OSError: A folder can't be written to.
    """
    began = time.perf_counter()
    plan = needed_plan(dest)
    looked, entries = Looked(plan.rows), list[Example]()
    for part in read_manifest(dest, plan).parts:
        table = read_part(dest, plan, part.shard, part.sha256)
        for row in table.select(_COLUMNS).to_pylist():
            path = Path(plan.source) / row["path"]
            label, split = row["label"] or "", row["split"] or ""
            entries.append(Example(path, row["path"], label, split, UNREADABLE))
            looked.add(row["path"], _inspection(row, part.shard))
    found = [Finding(_kind(kind), (), detail) for kind, detail in plan.remarks]
    files = RowFiles(dest, plan, open_source(plan.source, plan.kind))
    audit, _ = judged(plan.source, entries, looked, found, files, steps, began)
    said = {"plan": plan.hash, **audit.to_json()}
    del said["seconds"]  # the same pictures give the same file
    (dest / CHECK).write((json.dumps(said) + "\n").encode())
    return audit


_COLUMNS = ["path", "label", "split", "sha256", "thumbnail", "side", "appearance", "remarks"]


def _inspection(row: dict[str, Any], shard: int) -> Inspection:
    """Return what was seen of a picture, out of a part's row."""
    seen, look = row["thumbnail"], row["appearance"]
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
