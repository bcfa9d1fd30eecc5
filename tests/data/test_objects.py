"""Names of objects, read by the rules for folders."""

from __future__ import annotations

from collections import Counter

import pytest

from tl_catdog.data.objects import images_below, labels_of
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.places import Place


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train/cats/1.jpg", ("cats", "train")),
        ("cats/valid/1.jpg", ("cats", "validation")),
        ("images/cats/more/1.jpg", ("cats", None)),
        ("1.jpg", (None, None)),
        ("unlabelled/1.jpg", (None, None)),
    ],
)
def test_classes_and_splits(name: str, expected: tuple[str | None, str | None]) -> None:
    assert labels_of(name) == expected


def test_tables_are_collected_and_the_rest_is_counted() -> None:
    top = Place.of("memory://objects")
    for name in ("a/1.jpg", "a/1.jpg.bak", "labels.csv", "b/.x/2.jpg"):
        (top / name).write(b"x")
    tables: list[Entry] = []
    left_out = Counter[str]()
    assert [entry.name for entry in images_below(top, left_out, tables)] == ["a/1.jpg"]
    assert [entry.name for entry in tables] == ["labels.csv"]
    assert left_out == {".bak": 1}
