"""Spark does shards by ``mapInPandas``, for whoever has a session of it already.

There is no option for it: a session is a program's, not a command's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.cluster.engines import shared
from tl_catdog.shards.parts import Part

SCHEMA = "shard long, part string, computed boolean, reason string, fatal boolean"
"""Columns of what comes back: the part as JSON, or why there is none."""


class SparkEngine:
    """An engine on a Spark session, for ``batch(..., on=SparkEngine(session))``.

    What becomes of shards is told when all of them have ended; Spark's own pages show how far it
    is. Parts are there as they are done.

    Args:
        session: The ``pyspark.sql.SparkSession``.
    """

    def __init__(self, session: Any) -> None:
        self.session = session

    def run(
        self,
        tasks: Sequence[int],
        plan_url: str,
        *,
        workers: int | None = None,
        address: str | None = None,
    ) -> Iterator[ShardDone | ShardFailed]:
        """Do shards on Spark, a task each; see ``Engine.run``. The session knows its workers."""
        del workers, address
        frame = self.session.createDataFrame([(shard,) for shard in tasks], "shard long")
        # By number, so that no task has two: what is lost with one is a shard.
        apart = frame.repartitionByRange(max(1, len(tasks)), "shard")
        for row in apart.mapInPandas(in_pandas(plan_url), SCHEMA).collect():
            yield _result(row["shard"], row["part"], row["computed"], row["reason"], row["fatal"])


def in_pandas(plan_url: str) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return what does shards: from frames with a column ``shard`` to frames of ``SCHEMA``.

    Args:
        plan_url: The place of a batch that is planned, as workers reach it.
    """

    def do(frames: Iterable[Any]) -> Iterator[Any]:
        for frame in frames:
            done = [shared.on_one_core(plan_url, int(shard)) for shard in frame["shard"]]
            yield type(frame)([_row(item) for item in done], columns=SCHEMA.split()[::2])

    return do


def _row(item: ShardDone | ShardFailed) -> tuple[int, str | None, bool, str | None, bool]:
    if isinstance(item, ShardFailed):
        return item.shard, None, False, item.reason, item.fatal
    return item.shard, json.dumps(asdict(item.part)), item.computed, None, False


def _result(
    shard: int, part: str | None, computed: bool, reason: str | None, fatal: bool
) -> ShardDone | ShardFailed:
    if part is None:
        return ShardFailed(shard, reason or "", fatal)
    return ShardDone(Part(**json.loads(part)), computed)
