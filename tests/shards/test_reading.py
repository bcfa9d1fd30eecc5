"""Readers take the manifest: no more and no less than what it names, with the hashes it has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.shards.test_closing import written
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.closing import close
from tl_catdog.shards.plan import PARTS, part_name
from tl_catdog.shards.reading import read_parts
from tl_catdog.storage.places import Place


def closed(dest: Path) -> Path:
    plan, parts, digests = written(dest)
    close(Place.of(dest), plan, parts, digests)
    return dest


def test_rows_come_in_the_order_of_the_listing(tmp_path: Path) -> None:
    rows = [row for batch in read_parts(closed(tmp_path)) for row in batch.to_pylist()]
    assert [row["path"] for row in rows] == ["a.jpg", "bad.jpg", "c.jpg"]
    assert [row["error"] for row in rows] == [None, "broken: not a word", None]


def test_what_else_lies_beside_the_parts_is_not_read(tmp_path: Path) -> None:
    dest = closed(tmp_path)
    shutil.copy(dest / PARTS / part_name(0), dest / PARTS / part_name(7))
    assert sum(batch.num_rows for batch in read_parts(str(dest))) == 3


def test_a_changed_part_is_refused(tmp_path: Path) -> None:
    dest = closed(tmp_path)
    path = dest / PARTS / part_name(1)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CatdogError, match="expected part 1"):
        list(read_parts(dest))
    path.unlink()
    with pytest.raises(CatdogError, match="expected part 1"):
        list(read_parts(dest))


def test_what_is_no_batch_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected what tl-catdog batch writes"):
        list(read_parts(tmp_path))
