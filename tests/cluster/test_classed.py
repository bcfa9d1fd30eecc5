"""A picture has the class that its folders say, if that is one of the run's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import paint
from tl_catdog.cluster.classed import rows_of
from tl_catdog.shards.folder import FolderSource
from tl_catdog.shards.rows import Row

CLASSES = ("cats", "dogs")


class Listed:
    """A source that says classes itself."""

    text = "/lists/cats"

    def __init__(self) -> None:
        self.remarks: list[tuple[str, str]] = []

    def rows(self) -> Iterator[Row]:
        yield Row("1.jpg", "Cats")
        yield Row("2.jpg", "horse")

    def read(self, row: Row) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("train/cats/1.png", "cats"),
        ("2021/Dogs /kitchen/1.png", "dogs"),
        ("dogs.12.png", "dogs"),
        ("cats/dogs/1.png", None),
        ("horses/1.png", None),
        ("1.png", None),
    ],
)
def test_folders_say_one_of_the_classes_or_none(
    name: str, label: str | None, tmp_path: Path
) -> None:
    paint(tmp_path / "set" / name, (200, 0, 0), 1)
    (row,) = rows_of(FolderSource(tmp_path / "set", "predict"), CLASSES)
    assert (row.path, row.label) == (name, label)


def test_the_folder_that_was_named_says_it_where_nothing_in_it_does(tmp_path: Path) -> None:
    paint(tmp_path / "cats" / "1.png", (200, 0, 0), 1)
    (row,) = rows_of(FolderSource(tmp_path / "cats", "predict"), CLASSES)
    assert row.label == "cats"


def test_what_a_list_says_stays_spelt_as_the_run_does() -> None:
    assert [row.label for row in rows_of(Listed(), CLASSES)] == ["cats", "horse"]


def test_without_a_run_rows_stay_as_they_are() -> None:
    assert list(rows_of(Listed(), ())) == list(Listed().rows())
