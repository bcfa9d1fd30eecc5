"""WebDataset tars: samples by key, classes beside them, ranges read; damage and attacks."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.rows import Row
from tl_catdog.shards.sources import open_other
from tl_catdog.shards.sources.tars import HEADERS, TarSource, members
from tl_catdog.storage import places
from tl_catdog.storage.failures import ChangedError
from tl_catdog.storage.places import Place
from tl_catdog.storage.ranged import RangedFile

Files = list[tuple[str, bytes]]

SAMPLES: Files = [
    ("0.jpg", b"picture 0"),
    ("0.cls", b"1"),
    ("1.json", b'{"label": "dog", "more": 1}'),
    ("1.png", b"picture 1"),
    ("1.txt", b"a caption"),
    ("cats/2.left.jpg", b"picture 2"),
    ("._2.jpg", b"a system's own"),
]


def tar(path: Path, files: Files) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def source_of(path: str | Path) -> TarSource:
    source = open_other(str(path))
    assert isinstance(source, TarSource)
    return source


def test_files_of_one_key_are_a_sample(tmp_path: Path) -> None:
    source = source_of(tar(tmp_path / "train-00.tar", SAMPLES))
    rows = list(source.rows())
    assert [(row.path, row.label, row.split) for row in rows] == [
        ("train-00.tar/0.jpg", "1", "train"),
        ("train-00.tar/1.png", "dog", "train"),
        ("train-00.tar/cats/2.left.jpg", "cats", "train"),
    ]
    assert [source.read(row) for row in rows] == [b"picture 0", b"picture 1", b"picture 2"]
    assert source.remarks == [("left-out", "1 × .txt")]
    again = pickle.loads(pickle.dumps(source))
    assert again.read(rows[1]) == b"picture 1"
    assert list(again.rows()) == rows


def test_a_folder_and_a_pattern_are_all_their_tars_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        tar(tmp_path / "set" / f"{name}.tar", [(f"{name}.jpg", name.encode())])
    whole = source_of(tmp_path / "set")
    assert [row.path for row in whole.rows()] == ["a.tar/a.jpg", "b.tar/b.jpg", "c.tar/c.jpg"]
    some = source_of(tmp_path / "set" / "[bc].tar")
    assert [row.path for row in some.rows()] == ["b.tar/b.jpg", "c.tar/c.jpg"]
    assert [some.read(row) for row in some.rows()] == [b"b", b"c"]
    with pytest.raises(UsageError, match="found none"):
        open_other(str(tmp_path / "set" / "x*.tar"))


def test_keys_with_dots_have_their_own_class_or_that_of_the_whole_sample(tmp_path: Path) -> None:
    files: Files = [("7.json", b'{"label": "whole"}')]
    files += [
        (f"7.{number}.{ending}", b"own") for number in range(700) for ending in ("jpg", "cls")
    ]
    files += [("7.right.jpg", b"")]
    rows = list(source_of(tar(tmp_path / "dots.tar", files[:41] + files[-1:])).rows())
    assert [row.label for row in rows] == ["own"] * 20 + ["whole"]
    many = list(source_of(tar(tmp_path / "many.tar", files[1:-1])).rows())  # more than are held
    assert [row.label for row in many] == ["own"] * 700


def test_braces_name_each_file(tmp_path: Path) -> None:
    for name in ("08", "09", "10", "11"):
        tar(tmp_path / f"train-{name}.tar", [(f"{name}.jpg", name.encode())])
    source = source_of(tmp_path / "train-{08..10}.tar")
    assert [row.member for row in source.rows()] == ["08.jpg", "09.jpg", "10.jpg"]
    assert [row.member for row in source_of(tmp_path / "{x,train}-*1.tar").rows()] == ["11.jpg"]
    assert [row.path for row in source_of(source.text).rows()] == [
        row.path for row in source.rows()
    ]
    with pytest.raises(UsageError, match=r"'train-12.tar'.*found none"):
        open_other(str(tmp_path / "train-{10..12}.tar"))
    with pytest.raises(UsageError, match="found none"):
        open_other(str(tmp_path / "train-{0..999999999}{0..999999999}.tar"))


def test_a_tar_is_listed_and_read_by_ranges_and_never_kept() -> None:
    """Large members are passed over, small ones share a request."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for number in range(40):
            info = tarfile.TarInfo(f"{number:03}.jpg")
            info.size = 2**22 if number % 10 == 0 else 1000
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    place = Place.of("memory://ranges/many.tar")
    place.write(data.getvalue())
    asked: list[int] = []

    class Counting(Place):
        def read(
            self,
            start: int = 0,
            length: int | None = None,
            entry: places.Entry | None = None,
            most: int = 2**31,
        ) -> bytes:
            found = super().read(start, length, entry, most)
            asked.append(len(found))
            return found

    with RangedFile(Counting(place.address)) as file:
        found = list(members(file, place, Counter()))
    assert [member.offset_data % 512 for member in found] == [0] * 40
    assert len(asked) <= 10
    assert sum(asked) < len(data.getvalue()) / 2


def test_ten_thousand_members_are_streamed(tmp_path: Path) -> None:
    path = tar(tmp_path / "many.tar", [(f"{n:05}.jpg", b"x") for n in range(10_000)])
    rows = source_of(path).rows()
    assert next(rows).member == "00000.jpg"
    assert sum(1 for _ in rows) == 9_999


def cut(data: bytes) -> bytes:
    return data[: len(data) // 3]


def without_end(data: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.getmembers()
        return data[: archive.offset]


def damaged_header(data: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        at = archive.getmembers()[3].offset
    return data[: at + 10] + b"damage" + data[at + 16 :]


def endless_name(data: bytes) -> bytes:
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = HEADERS + 1
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(HEADERS + 2**20) + data


def compressed(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data)


@pytest.mark.parametrize("harm", [cut, without_end, damaged_header, endless_name, compressed])
def test_no_picture_is_lost_in_silence(tmp_path: Path, harm: object) -> None:
    assert callable(harm)
    path = tar(tmp_path / "x.tar", SAMPLES)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(UsageError, match="expected a whole tar") as caught:
        list(source_of(path).rows())
    assert "x.tar" in caught.value.message


def test_members_that_lead_out_and_links_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "x.tar"
    tar(path, [("../../evil.jpg", b"evil"), ("/abs.jpg", b"evil")])
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    source = source_of(path)
    assert [source.read(row) for row in source.rows()] == [b"evil", b"evil"]
    assert ("left-out", "1 × link or device in a tar") in source.remarks
    assert sorted(tmp_path.rglob("*")) == before


def test_a_tar_that_was_replaced_is_told_and_one_that_is_gone_is_the_rows_error(
    tmp_path: Path,
) -> None:
    path = tar(tmp_path / "x.tar", SAMPLES)
    source = source_of(path)
    rows = list(source.rows())
    tar(path, SAMPLES[::-1])
    with pytest.raises(ChangedError):
        source.read(rows[0])
    path.unlink()
    with pytest.raises(ImageError):
        source.read(rows[0])


def test_a_row_that_claims_too_much_is_the_rows_error(tmp_path: Path) -> None:
    source = source_of(tar(tmp_path / "x.tar", SAMPLES))
    with pytest.raises(ImageError, match="allowed"):
        source.read(Row("x.tar/0.jpg", member="0.jpg", offset=512, size=2**40))


def test_compressed_tars_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"")
    with pytest.raises(UsageError, match="compressed"):
        open_other(str(tmp_path / "x.tar.gz"))
