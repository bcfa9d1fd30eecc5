"""Parquet with pictures: Hugging Face's form and plain bytes, several files, and hostile ones."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.rows import Row
from tl_catdog.shards.sources import open_other, parquet
from tl_catdog.shards.sources.parquet import ParquetSource
from tl_catdog.storage.failures import ChangedError
from tl_catdog.storage.places import Place

pa: Any = pytest.importorskip("pyarrow", reason="the package pyarrow isn't installed")
pq: Any = pytest.importorskip("pyarrow.parquet", reason="the package pyarrow isn't installed")

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SAID = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}


def table(begin: int, rows: int) -> Any:
    images = [{"bytes": b"picture %d" % n, "path": f"{n}.jpg"} for n in range(begin, begin + rows)]
    labels = [n % 3 - 1 for n in range(begin, begin + rows)]
    schema = pa.schema(
        [("image", IMAGE), ("label", pa.int64())],
        metadata={"huggingface": json.dumps(SAID)},
    )
    return pa.table({"image": images, "label": labels}, schema=schema)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pq.write_table(table(0, 50), tmp_path / "train-00000-of-00002.parquet", row_group_size=20)
    pq.write_table(table(50, 10), tmp_path / "train-00001-of-00002.parquet")
    return tmp_path


def source_of(path: str | Path) -> ParquetSource:
    source = open_other(str(path))
    assert isinstance(source, ParquetSource)
    return source


def test_rows_of_several_files_have_their_classes_by_name(folder: Path) -> None:
    source = source_of(folder)
    rows = list(source.rows())
    assert len(rows) == 60
    first = rows[0]
    assert (first.path, first.member) == ("train-00000-of-00002.parquet/0", "0")
    assert [row.label for row in rows[:4]] == [None, "cat", "dog", None]  # -1: nobody knows
    assert {row.split for row in rows} == {"train"}
    again = pickle.loads(pickle.dumps(source))
    assert [again.read(row) for row in rows] == [b"picture %d" % n for n in range(60)]


def test_rows_are_read_in_any_order(folder: Path) -> None:
    source = source_of(folder)
    rows = list(source.rows())
    order = [45, 3, 59, 4, 5, 21, 20, 19, 0, 50]
    assert [source.read(rows[n]) for n in order] == [b"picture %d" % n for n in order]


def test_a_shard_decodes_its_own_rows_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    whole = parquet._Pictures._begin

    def counted(self: Any, group: int) -> None:
        begun.append(group)
        whole(self, group)

    monkeypatch.setattr(parquet._Pictures, "_begin", counted)
    source = source_of(folder / "train-00000-of-00002.parquet")
    for row in list(source.rows())[10:45]:
        source.read(row)
    assert begun == [0, 1, 2]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_plain_bytes_and_words_for_classes(tmp_path: Path, kind: Any) -> None:
    images = pa.array([b"a", None], kind)
    pq.write_table(pa.table({"img": images, "class": ["ant", "bee"]}), tmp_path / "x.parquet")
    source = source_of(tmp_path / "x.parquet")
    rows = list(source.rows())
    assert [row.label for row in rows] == ["ant", "bee"]
    assert source.read(rows[0]) == b"a"
    with pytest.raises(ImageError, match="no picture"):
        source.read(rows[1])


def test_what_lies_in_an_address_is_found_by_itself() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table(0, 5), sink)
    place = Place.of("memory://hub/data/test-00000.parquet")
    place.write(sink.getvalue().to_pybytes())
    Place.of("memory://hub/README.md").write(b"a card")
    source = source_of("memory://hub")
    rows = list(source.rows())
    assert [row.path for row in rows][:1] == ["data/test-00000.parquet/0"]
    assert rows[0].split == "test"
    assert source.read(rows[4]) == b"picture 4"


def test_no_column_of_pictures_and_several_are_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "no.parquet")
    with pytest.raises(UsageError, match="no column of bytes among a"):
        list(source_of(tmp_path / "no.parquet").rows())
    pq.write_table(pa.table({"a": [b"1"], "b": [b"1"]}), tmp_path / "two.parquet")
    with pytest.raises(UsageError, match="found a, b"):
        list(source_of(tmp_path / "two.parquet").rows())


def test_damaged_files_are_named(folder: Path) -> None:
    path = folder / "train-00000-of-00002.parquet"
    data = path.read_bytes()
    for harmed in (b"PAR1", data[:-40], b"x" * 500, data[:-60] + b"\xff" * 40 + data[-20:]):
        path.write_bytes(harmed)
        with pytest.raises(UsageError, match=r"train-00000-of-00002\.parquet"):
            list(source_of(path).rows())


def test_a_row_group_that_would_fill_the_memory_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 100)
    source = source_of(folder)
    with pytest.raises(UsageError, match="groups of rows of at most"):
        source.read(next(iter(source.rows())))


@pytest.mark.parametrize("stored", [True, False], ids=["dictionary", "values"])
def test_a_bomb_of_one_value_for_all_rows_is_decoded_a_few_rows_at_a_time(
    tmp_path: Path, stored: bool
) -> None:
    """Some kilobytes of file that would be five gigabytes of pictures."""
    rows = 5000
    bomb = pa.DictionaryArray.from_arrays(pa.array([0] * rows), pa.array([bytes(2**20)]))
    pq.write_table(pa.table({"image": bomb}), tmp_path / "x.parquet", store_schema=stored)
    assert (tmp_path / "x.parquet").stat().st_size < 2**20
    source = source_of(tmp_path / "x.parquet")
    pa_before = pa.total_allocated_bytes()
    listed = list(source.rows())
    assert len(listed) == rows
    assert len(source.read(listed[0])) == 2**20
    assert pa.total_allocated_bytes() - pa_before < 2**26


def test_a_file_that_was_replaced_is_told(folder: Path) -> None:
    source = source_of(folder)
    rows = list(source.rows())
    pq.write_table(table(7, 50), folder / "train-00000-of-00002.parquet")
    with pytest.raises(ChangedError):
        source.read(rows[0])
    with pytest.raises(ImageError, match="expected row"):
        source.read(Row(rows[59].path[:-1] + "99", member="99", offset=99))
