"""Spark: what it is given to do, on frames of pandas; a session that has no Spark behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.batches import in_process, pictures
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.done import ShardFailed
from tl_catdog.cluster.engines import shared
from tl_catdog.cluster.engines.spark import SCHEMA, SparkEngine, in_pandas
from tl_catdog.cluster.work import try_shard
from tl_catdog.shards.plan import MANIFEST


class Session:
    """As much of a Spark session as the engine asks for; a frame for each partition."""

    def __init__(self, rows: list[Any] | None = None) -> None:
        self.rows = rows or []
        self.parts = 1

    def createDataFrame(self, rows: list[Any], schema: str) -> Session:
        assert schema == "shard long"
        return Session([{"shard": shard} for (shard,) in rows])

    def repartitionByRange(self, parts: int, column: str) -> Session:
        assert (parts, column) == (len(self.rows), "shard")
        return self

    def mapInPandas(self, work: Any, schema: str) -> Session:
        assert schema == SCHEMA
        found = list(work(pd.DataFrame([row]) for row in self.rows))
        return Session([row for frame in found for row in frame.to_dict("records")])

    def collect(self) -> list[Any]:
        return self.rows


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process its environment."""
    monkeypatch.setattr(shared, "on_one_core", try_shard)


def test_spark_makes_the_same_bytes(tmp_path: Path) -> None:
    source = pictures(tmp_path / "pictures", 4)
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched)
        batch("check", source, tmp_path / "whole", shard_size=3)
    found = batch("check", source, tmp_path / "out", shard_size=3, on=SparkEngine(Session()))
    assert (found.computed, found.closed) == (3, True)
    same = [(tmp_path / name / MANIFEST).read_bytes() for name in ("out", "whole")]
    assert same[0] == same[1]


def test_what_fails_comes_back_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "on_one_core", lambda _, shard: ShardFailed(shard, "so", True))
    frames = list(
        in_pandas(str(tmp_path))([pd.DataFrame({"shard": [3, 5]}), pd.DataFrame({"shard": []})])
    )
    assert [list(frame.columns) for frame in frames] == [SCHEMA.replace(",", "").split()[::2]] * 2
    found = list(SparkEngine(Session()).run([3], str(tmp_path)))
    assert found == [ShardFailed(3, "so", True)]
