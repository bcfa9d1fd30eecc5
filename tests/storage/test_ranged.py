"""Files read in pieces."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tl_catdog.storage.failures import StorageError
from tl_catdog.storage.places import Place
from tl_catdog.storage.ranged import RangedFile, lines


def test_it_reads_as_a_file_does(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    place = Place.of(tmp_path / "a")
    place.write(data)
    ranged, plain = RangedFile(place, block=100), io.BytesIO(data)
    for start, whence, size in [(0, 0, 5), (90, 0, 30), (-7, 2, 20), (3, 1, 5), (50, 0, 500)]:
        assert ranged.seek(start, whence) == plain.seek(start, whence)
        assert ranged.read(size) == plain.read(size)
        assert ranged.tell() == plain.tell()
    ranged.seek(10)
    assert ranged.read() == data[10:]


def test_no_more_than_allowed_is_read_at_once(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "a")
    place.write(bytes(1000))
    with pytest.raises(StorageError, match="at most 10"):
        RangedFile(place, most=10).read(11)


def test_lines_of_any_bytes(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "a")
    place.write(b"\xef\xbb\xbfone\r\n\xff\n")
    with lines(place) as text:
        assert list(text) == ["one\r\n", "\\xff\n"]
