"""Batches without processes: plans by hand, and an engine of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_set
from tl_catdog.cluster.batch import Batch, batch
from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.cluster.work import try_shard
from tl_catdog.runs.folder import shipped_run
from tl_catdog.shards.listing import Digests, digest_of, write_shard
from tl_catdog.shards.plan import Plan, write_plan
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

Work = Callable[[str, int], ShardDone | ShardFailed]


class InProcess:
    """Does shards one after the other, here; counts what it is given.

    Args:
        work: What does a shard.
    """

    def __init__(self, work: Work = try_shard) -> None:
        self.work = work
        self.given: list[int] = []

    def run(
        self, tasks: Sequence[int], plan_url: str, **_: Any
    ) -> Iterator[ShardDone | ShardFailed]:
        for shard in tasks:
            self.given.append(shard)
            yield self.work(plan_url, shard)


def in_process(monkeypatch: pytest.MonkeyPatch, work: Work = try_shard) -> InProcess:
    """Have batches done in this process; return who does them."""
    engine = InProcess(work)
    monkeypatch.setattr("tl_catdog.cluster.batch.engine_of", lambda *_: engine)
    return engine


def pictures(root: Path, count: int = 5) -> Path:
    """Paint a set: so many ants and bees."""
    return paint_set(root, {"": count})


def predicted(source: Path, dest: Path, shard_size: int = 4, **more: Any) -> Batch:
    """Predict pictures with the run that ships."""
    return batch("predict", source, dest, run=shipped_run(), shard_size=shard_size, **more)


def plan_of(rows: list[Row], dest: Path, *, kind: Any = "predict", shard_size: int = 2) -> Plan:
    """Write a plan, whose network nobody has, and its listing."""
    digests = Digests()
    shards = [rows[start : start + shard_size] for start in range(0, len(rows), shard_size)]
    for shard, some in enumerate(shards):
        digests.add(some)
        write_shard(Place.of(dest), shard, some)
    width: dict[str, Any] = {"views": ("plain",), "width": 3} if kind == "features" else {}
    plan = Plan(
        kind, "/nowhere", digests.sha256, shard_size, len(shards), len(rows), "pillow", **width
    )
    write_plan(Place.of(dest), plan)
    return plan


def columns_of(rows: list[Row], kind: str = "predict") -> dict[str, Any]:
    """Return a part's columns: an error for every picture called ``bad``."""
    bad = ["bad" in row.path for row in rows]
    columns: dict[str, Any] = {
        "path": [row.path for row in rows],
        "sha256": ["0" * 64 for _ in rows],
        "error": ["broken: not a word" if one else None for one in bad],
        "label": [row.label for row in rows],
        "split": [row.split for row in rows],
    }
    if kind == "features":
        return columns | {"features": [None if one else [1.0, 2.0, 3.0] for one in bad]}
    return columns | {
        "predicted": [None if one else "cat" for one in bad],
        "probabilities": [None if one else [0.25, 0.75] for one in bad],
    }


def listing_digest(rows: list[Row]) -> str:
    """Return the digest of a shard's rows."""
    return digest_of(rows)
