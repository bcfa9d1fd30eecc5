"""Pictures are read ahead, in order; errors of files are told from those of machines."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator

import pytest

from tl_catdog.cluster.pictures import AHEAD, about_file, moved, read_ahead
from tl_catdog.errors import ImageError
from tl_catdog.shards.rows import Row


class Made:
    """A source whose pictures' bytes are their names; some raise."""

    text = ""

    def __init__(self, errors: dict[str, Exception] | None = None) -> None:
        self.remarks: list[tuple[str, str]] = []
        self.errors = errors or {}
        self.read_rows: list[str] = []
        self.lock = threading.Lock()

    def rows(self) -> Iterator[Row]:
        yield from ()

    def read(self, row: Row) -> bytes:
        with self.lock:
            self.read_rows.append(row.path)
        if row.path in self.errors:
            raise self.errors[row.path]
        return row.path.encode()


ROWS = [Row(str(number)) for number in range(200)]


def test_pictures_come_in_order_with_their_hashes() -> None:
    found = list(read_ahead(Made(), ROWS))
    assert [picture.row for picture, _ in found] == ROWS
    assert found[7][1] == hashlib.sha256(b"7").hexdigest()


def test_each_that_is_taken_up_is_told() -> None:
    reading = read_ahead(Made(), ROWS)
    for _ in range(3):
        moved.clear()
        next(reading)
        assert moved.is_set()


def test_no_more_is_read_than_a_little_ahead() -> None:
    source = Made()
    reading = read_ahead(source, ROWS)
    for _ in range(5):
        next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert len(source.read_rows) <= AHEAD + 6


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ImageError("has vanished"), "has vanished"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "can't be read (No such file)"),
        (PermissionError(errno.EACCES, "Permission denied"), "can't be read (Permission denied)"),
        (ValueError("embedded null byte"), "can't be read (embedded null byte)"),
    ],
)
def test_an_error_of_a_file_is_its_rows(error: Exception, message: str) -> None:
    (_, (picture, sha256), _) = read_ahead(Made({"1": error}), ROWS[:3])
    assert isinstance(picture.data, ImageError)
    assert picture.data.message == message
    assert sha256 is None


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), ConnectionResetError(), OSError(errno.EMFILE, "Too many"), RuntimeError("x")],
)
def test_an_error_of_a_machine_fails_the_shard(error: Exception) -> None:
    with pytest.raises(type(error)):
        list(read_ahead(Made({"1": error}), ROWS))
    assert not isinstance(error, OSError) or not about_file(error)
