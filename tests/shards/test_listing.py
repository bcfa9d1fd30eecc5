"""A listing keeps what a source says of its pictures, and shows when it is another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.listing import (
    Digests,
    digest_of,
    open_source,
    read_shard,
    shards_of,
    write_shard,
)
from tl_catdog.shards.plan import LISTING, part_name
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

ROWS = [
    Row("cats/1.jpg", "cats", "train", size=3, version="a"),
    Row("all.tar/2.jpg", member="2.jpg", offset=512),
    Row("odd\\xff.jpg", raw=b"odd\xff.jpg"),
    Row("line\nbreak.jpg", ""),
]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_shard(Place.of(tmp_path), 3, ROWS)
    assert read_shard(Place.of(tmp_path), 3) == ROWS
    assert digest_of(read_shard(Place.of(tmp_path), 3)) == digest_of(ROWS)


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_shard(Place.of(tmp_path / name), 0, ROWS)
    one, other = (tmp_path / name / LISTING / part_name(0) for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_the_digest_shows_every_change() -> None:
    digests = {
        digest_of(rows)
        for rows in (ROWS, ROWS[::-1], ROWS[:-1], [*ROWS[:-1], Row("line\nbreak.jpg")], [])
    }
    assert len(digests) == 5


def test_a_listing_has_a_digest_over_its_shards() -> None:
    one, other = Digests(), Digests()
    one.add(ROWS[:2])
    one.add(ROWS[2:])
    other.add(ROWS)
    assert one.rows == other.rows == len(ROWS)
    assert one.sha256 != other.sha256


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 100])
def test_a_damaged_listing_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / LISTING).mkdir()
    (tmp_path / LISTING / part_name(0)).write_bytes(content)
    with pytest.raises(CatdogError, match="expected the listing of a shard"):
        read_shard(Place.of(tmp_path), 0)


def test_a_missing_listing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatdogError):
        read_shard(Place.of(tmp_path), 0)


def test_shards_are_cut_without_listing_all(tmp_path: Path) -> None:
    class Endless:
        text = ""
        remarks: list[tuple[str, str]] = []  # noqa: RUF012

        def rows(self) -> Iterator[Row]:
            number = 0
            while True:
                yield Row(str(number))
                number += 1

        def read(self, row: Row) -> bytes:
            return b""

    shards = shards_of(Endless().rows(), 3)
    assert [row.path for row in next(shards)] == ["0", "1", "2"]
    assert [row.path for row in next(shards)] == ["3", "4", "5"]


def test_a_folder_is_a_source(tmp_path: Path) -> None:
    assert open_source(str(tmp_path)).text == str(tmp_path)


def test_what_is_no_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder, an address"):
        open_source(str(tmp_path / "nowhere"))
