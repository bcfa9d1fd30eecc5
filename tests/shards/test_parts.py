"""Parts are the same bytes whoever writes them; what isn't whole or of this plan isn't done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.batches import columns_of, listing_digest, plan_of
from tl_catdog.errors import CatdogError
from tl_catdog.shards.parts import find_part, kinds_of, part_done, read_part, write_part
from tl_catdog.shards.plan import PARTS, part_name
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

ROWS = [Row("a.jpg", "cats", "train"), Row("bad.jpg"), Row("c.jpg", "dogs")]


def file_of(dest: Path, shard: int = 0) -> Path:
    return dest / PARTS / part_name(shard)


@pytest.mark.parametrize("kind", ["predict", "features"])
def test_the_same_rows_are_the_same_bytes(kind: str, tmp_path: Path) -> None:
    written = []
    for name in "ab":
        plan = plan_of(ROWS, tmp_path / name, kind=kind)
        place = Place.of(tmp_path / name)
        part = write_part(place, plan, 0, columns_of(ROWS[:2], kind), listing_digest(ROWS[:2]))
        written.append(file_of(tmp_path / name).read_bytes())
        assert find_part(place, plan, 0) == part
        assert part.errors == {"broken": 1}
        assert (part.rows, part.bytes) == (2, len(written[-1]))
    assert written[0] == written[1]


def test_rows_come_back_with_their_columns(tmp_path: Path) -> None:
    plan = plan_of(ROWS, tmp_path)
    write_part(Place.of(tmp_path), plan, 1, columns_of(ROWS[2:]), listing_digest(ROWS[2:]))
    (row,) = read_part(Place.of(tmp_path), plan, 1).to_pylist()
    assert row["path"] == "c.jpg"
    assert row["probabilities"] == [0.25, 0.75]
    assert (row["label"], row["split"], row["error"]) == ("dogs", None, None)


def test_who_comes_second_leaves_what_is_there(tmp_path: Path) -> None:
    plan, place = plan_of(ROWS, tmp_path), Place.of(tmp_path)
    columns, digest = columns_of(ROWS[:2]), listing_digest(ROWS[:2])
    first = write_part(place, plan, 0, columns, digest)
    before = file_of(tmp_path).read_bytes()
    other = {**columns, "probabilities": [[0.5, 0.5], None]}  # as another processor might
    assert write_part(place, plan, 0, other, digest) == first
    assert file_of(tmp_path).read_bytes() == before


def test_a_part_of_other_rows_is_replaced(tmp_path: Path) -> None:
    plan, place = plan_of(ROWS, tmp_path), Place.of(tmp_path)
    write_part(place, plan, 0, columns_of(ROWS[1:]), listing_digest(ROWS[1:]))
    part = write_part(place, plan, 0, columns_of(ROWS[:2]), listing_digest(ROWS[:2]))
    assert find_part(place, plan, 0) == part
    assert part.listing == listing_digest(ROWS[:2])


def test_what_is_damaged_or_of_another_plan_is_not_done(tmp_path: Path) -> None:
    plan, place = plan_of(ROWS, tmp_path), Place.of(tmp_path)
    assert not part_done(place, plan, 0)
    part = write_part(place, plan, 0, columns_of(ROWS[:2]), listing_digest(ROWS[:2]))
    assert part_done(place, plan, 0)
    assert not part_done(place, replace(plan, engine="another"), 0)
    whole = file_of(tmp_path).read_bytes()
    file_of(tmp_path, 1).write_bytes(whole)  # under another shard's name
    assert not part_done(place, plan, 1)
    for damaged in (b"", whole[:-1], whole[: len(whole) // 2], b"x" * len(whole)):
        file_of(tmp_path).write_bytes(damaged)
        assert not part_done(place, plan, 0)
        with pytest.raises(CatdogError, match="expected part 0"):
            read_part(place, plan, 0, part.sha256)


def test_one_changed_byte_is_refused_by_the_manifests_hash(tmp_path: Path) -> None:
    plan, place = plan_of(ROWS, tmp_path), Place.of(tmp_path)
    part = write_part(place, plan, 0, columns_of(ROWS[:2]), listing_digest(ROWS[:2]))
    assert read_part(place, plan, 0, part.sha256).num_rows == 2
    with pytest.raises(CatdogError, match="other bytes"):
        read_part(place, plan, 0, "0" * 64)


def test_kinds_of_errors_are_few(tmp_path: Path) -> None:
    assert kinds_of([None, "broken: a", "broken: b", "the file is empty"]) == {
        "broken": 2,
        "the file is empty": 1,
    }
    many = kinds_of([f"kind {number}" for number in range(50)])
    assert len(many) == 21
    assert sum(many.values()) == 50
