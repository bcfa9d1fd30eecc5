"""Which picture a row names: with folders or without, with an ending or without, none elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_catdog.data.table_rows import DOUBTFUL, GONE, OUTSIDE, Lookup, Named, joined, name_rows
from tl_catdog.data.tables import Table
from tl_catdog.errors import UsageError

NAMES = (
    "images/a.jpg", "images/b.v2.jpg", "images/Käfer.JPG", "cats/1.jpg", "dogs/1.jpg",
    "train/7.jpg", "test/7.jpg", "top.png", "deep/er/images/z.jpg",
)  # fmt: skip


def table(*rows: tuple[str, ...], columns: tuple[str, ...] = ("file_name", "label")) -> Table:
    return Table(Path("/set/labels.csv"), columns, rows, tuple(range(2, len(rows) + 2)))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("images/a.jpg", "images/a.jpg"),
        ("./images//a.jpg", "images/a.jpg"),
        ("images\\a.jpg", "images/a.jpg"),
        ("images/a", "images/a.jpg"),
        ("a.jpg", "images/a.jpg"),
        ("A.JPG", "images/a.jpg"),
        ("a", "images/a.jpg"),
        ("b.v2", "images/b.v2.jpg"),
        ("Ka\u0308fer.jpg", "images/Käfer.JPG"),  # the accent as a sign of its own
        ("cats/1.jpg", "cats/1.jpg"),
        ("er/images/z.jpg", "deep/er/images/z.jpg"),
        ("/home/someone/data/cats/1.jpg", "cats/1.jpg"),
        ("C:\\data\\cats\\1.jpg", "cats/1.jpg"),
        ("https://host/of/cats/1.jpg", "cats/1.jpg"),
        ("/kaggle/input/top.png", "top.png"),
        ("7.jpg", "train/7.jpg"),  # the labelled ones of two are meant
        ("images/../cats/1", "cats/1.jpg"),
    ],
)
def test_a_cell_names_one_picture(cell: str, name: str) -> None:
    assert Lookup(NAMES).find(cell, ".", ("train",)) == (name, "")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("../secret.jpg", OUTSIDE),
        ("..", OUTSIDE),
        ("images/../../top.png", OUTSIDE),
        ("..\\top.png", OUTSIDE),
        ("/etc/passwd", GONE),
        ("/top/../a.jpg", GONE),  # it isn't right in the folder
        ("cats/2.jpg", GONE),
        ("dogs/a.jpg", GONE),  # a picture of another folder isn't meant
        ("1.jpg", DOUBTFUL),
        ("images", GONE),
        ("images/", GONE),
        ("", GONE),
        ("/", GONE),
        ("a\0.jpg", GONE),
    ],
)
def test_a_cell_that_names_none_says_why(cell: str, problem: str) -> None:
    assert Lookup(NAMES).find(cell, ".", ("train",)) == ("", problem)


def test_names_are_relative_to_the_tables_own_folder_first() -> None:
    lookup = Lookup(["train/1.jpg", "test/1.jpg", "1.jpg"])
    assert lookup.find("1.jpg", "test") == ("test/1.jpg", "")
    assert lookup.find("../train/1.jpg", "test") == ("train/1.jpg", "")
    assert lookup.find("../../1.jpg", "test") == ("", OUTSIDE)


def test_a_table_above_may_begin_with_the_folders_own_name() -> None:
    lookup = Lookup(["cats/1.jpg", "dogs/1.jpg"], above="data/pets")
    assert lookup.find("data/pets/cats/1.jpg", ".") == ("cats/1.jpg", "")
    assert lookup.find("cats/1.jpg", ".") == ("cats/1.jpg", "")
    assert lookup.find("other/cats/1.jpg", ".") == ("", GONE)


def test_the_column_of_files_is_the_one_that_names_them() -> None:
    rows = [("0", "cat", "a.jpg", "x"), ("1", "dog", "b.v2.jpg", "y"), ("2", "dog", "no.jpg", "y")]
    found = name_rows(table(*rows, columns=("", "file", "what", "label")), Lookup(NAMES))
    assert found.file_column == "what"
    assert found.names == ("images/a.jpg", "images/b.v2.jpg", "")
    assert found.problems == {GONE: (2,)}
    assert found.found == 2


def test_classes_that_are_numbers_are_not_taken_for_names() -> None:
    rows = [("a.jpg", "1"), ("b.jpg", "1"), ("gone.jpg", "2"), ("also gone.jpg", "1")]
    lookup = Lookup(["a.jpg", "b.jpg", "1.jpg"])
    assert name_rows(table(*rows), lookup).names == ("a.jpg", "b.jpg", "", "")


def test_of_two_columns_that_name_them_the_one_called_so_counts() -> None:
    rows = [("1", "a.jpg"), ("1", "a.jpg")]
    lookup = Lookup(["a.jpg", "1.jpg"])
    assert name_rows(table(*rows, columns=("number", "Image ID")), lookup).file_column == "Image ID"


def test_a_table_without_a_header_is_told_by_its_first_line() -> None:
    found = name_rows(table(("b.v2.jpg", "dog"), columns=("a.jpg", "cat")), Lookup(NAMES))
    assert found.table.columns == ("1", "2")
    assert found.names == ("images/a.jpg", "images/b.v2.jpg")
    # A header is none because a picture happens to be called like a column.
    lookup = Lookup(["label.jpg", "a.jpg"])
    assert name_rows(table(("a.jpg", "x")), lookup).table.columns == ("file_name", "label")


def test_a_table_that_names_none_of_the_pictures_is_refused() -> None:
    with pytest.raises(UsageError, match=r"found none that does, such as 'x\.jpg' in 'file_name'"):
        name_rows(table(("x.jpg", "cat")), Lookup(NAMES))


def test_tables_are_joined_by_their_columns_names() -> None:
    one = Named(table(("a", "x")), "file_name", ("a.jpg",), {})
    other = Named(
        table(("y", "b"), ("z", "c"), columns=("label", "file_name")),
        "file_name",
        ("b.jpg", ""),
        {GONE: (1,)},
    )
    found = joined([one, other])
    assert found.table.rows == (("a", "x"), ("b", "y"), ("c", "z"))
    assert found.names == ("a.jpg", "b.jpg", "")
    assert found.problems == {GONE: (2,)}
