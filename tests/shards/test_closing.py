"""A batch is closed when every shard has its part; the manifest is read as a stranger's."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import columns_of, listing_digest, plan_of
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.closing import close, read_manifest, vouched
from tl_catdog.shards.parts import Part, write_part
from tl_catdog.shards.plan import MANIFEST, PARTS, SUCCESS, Plan
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

ROWS = [Row("a.jpg"), Row("bad.jpg"), Row("c.jpg")]


def written(dest: Path) -> tuple[Plan, dict[int, Part], list[str]]:
    plan = plan_of(ROWS, dest)
    shards = [ROWS[:2], ROWS[2:]]
    digests = [listing_digest(rows) for rows in shards]
    parts = {
        shard: write_part(Place.of(dest), plan, shard, columns_of(rows), digests[shard])
        for shard, rows in enumerate(shards)
    }
    return plan, parts, digests


def test_the_manifest_says_what_there_is(tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    manifest = close(Place.of(tmp_path), plan, parts, digests)
    assert (tmp_path / SUCCESS).is_file()
    said = json.loads((tmp_path / MANIFEST).read_text())
    assert said["plan"] == plan.hash
    assert said["rows"] == 3
    assert said["errors"] == {"broken": 1}
    assert [part["rows"] for part in said["parts"]] == [2, 1]
    assert read_manifest(Place.of(tmp_path), plan) == manifest


def test_nothing_is_closed_without_every_part(tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    with pytest.raises(CatdogError, match="found none for part-00001"):
        close(Place.of(tmp_path), plan, {0: parts[0]}, digests)
    wrong = {0: parts[0], 1: replace(parts[1], listing="x")}
    with pytest.raises(CatdogError, match="other pictures for part-00001"):
        close(Place.of(tmp_path), plan, wrong, digests)
    with pytest.raises(CatdogError, match="other pictures for part-00000"):
        close(Place.of(tmp_path), plan, {0: replace(parts[0], rows=1), 1: parts[1]}, digests)
    assert not (tmp_path / SUCCESS).exists()
    with pytest.raises(UsageError, match="a batch that is closed"):
        read_manifest(Place.of(tmp_path), plan)


def test_a_manifest_without_success_counts_for_nothing(tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    close(Place.of(tmp_path), plan, parts, digests)
    (tmp_path / SUCCESS).unlink()
    with pytest.raises(UsageError, match="a batch that is closed"):
        read_manifest(Place.of(tmp_path), plan)


def test_the_manifest_vouches_for_parts_of_its_sizes_from_before_it(tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    dest = Place.of(tmp_path)
    os.utime(tmp_path / PARTS / parts[0].name, ns=(1, 1))
    entries = {entry.name: entry for entry in (dest / PARTS).entries()}
    first = entries[parts[0].name]
    assert vouched(dest, plan)(first) is None  # not closed
    close(dest, plan, parts, digests)
    known = vouched(dest, plan)
    assert known(first) == parts[0]
    assert known(replace(first, size=first.size + 1)) is None
    assert known(replace(first, version=str(2**62))) is None  # written after that
    assert known(replace(first, name="part-00002.parquet")) is None
    (tmp_path / MANIFEST).write_text("{}")
    assert vouched(dest, plan)(first) is None


def test_a_closed_batch_is_not_written_again(tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    dest = Place.of(tmp_path)
    close(dest, plan, parts, digests)
    before = (tmp_path / MANIFEST).stat().st_ino, (tmp_path / SUCCESS).stat().st_ino
    close(dest, plan, parts, digests)
    assert before == ((tmp_path / MANIFEST).stat().st_ino, (tmp_path / SUCCESS).stat().st_ino)
    (tmp_path / SUCCESS).unlink()
    close(dest, plan, parts, digests)
    assert (tmp_path / SUCCESS).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"plan": "x"},
        {"parts": []},
        {"parts": [1, 2]},
        {"parts": "ab"},
        {"parts": [{"name": "../../etc/passwd", "rows": 2}] * 2},
    ],
)
def test_a_damaged_manifest_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    close(Place.of(tmp_path), plan, parts, digests)
    said = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**said, **change}))
    with pytest.raises(CatdogError, match="expected a manifest"):
        read_manifest(Place.of(tmp_path), plan)


@pytest.mark.parametrize("key", ["name", "rows", "bytes", "errors"])
def test_a_part_that_says_what_no_part_says_is_refused(key: str, tmp_path: Path) -> None:
    plan, parts, digests = written(tmp_path)
    close(Place.of(tmp_path), plan, parts, digests)
    said = json.loads((tmp_path / MANIFEST).read_text())
    said["parts"][0][key] = {"a": "b"} if key == "errors" else "../x" if key == "name" else "1"
    (tmp_path / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(CatdogError, match="expected a manifest"):
        read_manifest(Place.of(tmp_path), plan)
