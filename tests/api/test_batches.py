"""``tl.read_batch``: the results of a batch, by its manifest, a part at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

import tl_catdog as tl
from tests.support.batches import columns_of, listing_digest, plan_of
from tl_catdog.shards.closing import close
from tl_catdog.shards.parts import write_part
from tl_catdog.shards.plan import PARTS, part_name
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

ROWS = [Row("a.jpg", "cat"), Row("bad.jpg"), Row("c.jpg")]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    plan = plan_of(ROWS, tmp_path)
    shards = [ROWS[:2], ROWS[2:]]
    digests = [listing_digest(rows) for rows in shards]
    place = Place.of(tmp_path)
    parts = {
        shard: write_part(place, plan, shard, columns_of(rows), digests[shard])
        for shard, rows in enumerate(shards)
    }
    close(place, plan, parts, digests)
    return tmp_path


def test_all_rows_come_in_their_order(dest: Path) -> None:
    found = [row for rows in tl.read_batch(dest) for row in rows.to_pylist()]
    assert [row["path"] for row in found] == ["a.jpg", "bad.jpg", "c.jpg"]
    assert [row["label"] for row in found] == ["cat", None, None]
    assert found[0]["probabilities"] == [0.25, 0.75]
    assert found[1]["probabilities"] is None


def test_a_part_at_a_time(dest: Path) -> None:
    (dest / PARTS / part_name(1)).write_bytes(b"")
    rows = tl.read_batch(str(dest))
    assert next(rows).num_rows == 2
    with pytest.raises(tl.CatdogError, match="found other bytes than the manifest says"):
        next(rows)


def test_columns_are_chosen(dest: Path) -> None:
    assert {tuple(rows.schema.names) for rows in tl.read_batch(dest, ["error", "path"])} == {
        ("error", "path")
    }
    with pytest.raises(tl.UsageError, match=r"expected columns out of .* found 'answer'"):
        next(tl.read_batch(dest, ["answer"]))


def test_what_is_no_batch_is_said(tmp_path: Path) -> None:
    with pytest.raises(tl.UsageError, match="expected what tl-catdog batch writes"):
        next(tl.read_batch(tmp_path))
