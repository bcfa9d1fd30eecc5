"""Which column holds the classes, and what is said of rows that tell none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_catdog.data.label_table import ONE_HOT, column_named, labels_of, values_of
from tl_catdog.data.table_rows import Lookup, Named, name_rows
from tl_catdog.data.tables import Table
from tl_catdog.errors import UsageError


def named(text: str, pictures: int = 20) -> Named:
    """Return rows of a table, given as lines of words, with their pictures 0.jpg, 1.jpg, …"""
    header, *rows = (tuple(line.split(",")) for line in text.strip().splitlines())
    lines = tuple(range(2, len(rows) + 2))
    table = Table(Path("/set/labels.csv"), header, tuple(rows), lines)
    return name_rows(table, Lookup(f"{number}.jpg" for number in range(pictures)))


def rows(*columns: str) -> str:
    """Return a table whose columns are a name and then a letter for each row."""
    heads = [column.split(" ")[0] for column in columns]
    cells = [column.split(" ")[1:] for column in columns]
    lines = [",".join(["file", *heads])]
    lines += [",".join([f"{n}.jpg", *row]) for n, row in enumerate(zip(*cells, strict=True))]
    return "\n".join(lines)


def test_the_column_called_so_holds_the_classes() -> None:
    found = labels_of(named(rows("sex m f m f", "Label x x y y", "age 1 2 2 1")))
    assert found.column == "Label"
    assert found.labels == {"0.jpg": "x", "1.jpg": "x", "2.jpg": "y", "3.jpg": "y"}
    assert found.splits == {}
    assert found.left_out == {}


def test_the_only_column_that_could_be_it_holds_the_classes() -> None:
    text = rows("diagnosis x x y y", "note a b c d", "width 1.5 2.5 1.5 2.5", "all z z z z")
    assert labels_of(named(text)).column == "diagnosis"


def test_of_columns_that_say_the_same_the_one_of_words_counts() -> None:
    assert labels_of(named(rows("label 0 1 0 1", "what cat dog cat dog"))).column == "what"
    assert labels_of(named(rows("class_name a b a b", "class_id 7 9 7 9"))).column == "class_name"


def test_several_columns_that_could_be_it_are_listed() -> None:
    with pytest.raises(UsageError) as caught:
        labels_of(named(rows("breed x x y y", "species m f m f")))
    assert "breed (2 values), species (2 values)" in caught.value.message
    assert caught.value.hint == "Type: --label-column 'breed'"
    with pytest.raises(UsageError, match=r"sex \(2 values\), mood \(2 values\)"):
        labels_of(named(rows("sex x x y y", "mood m f m f")))


def test_the_column_named_goes_before_what_it_is_called() -> None:
    text = rows("label x x y y", "Fur Colour m f m f".replace("Fur Colour", "Fur_Colour"))
    assert set(labels_of(named(text), "fur colour").labels.values()) == {"m", "f"}
    with pytest.raises(UsageError, match=r"'fir' in .*found file, label, Fur_Colour") as caught:
        labels_of(named(text), "fir")
    assert "--label-column" in caught.value.hint


def test_a_column_of_groups_holds_no_classes() -> None:
    text = rows("patient p p q q", "finding x y x y")
    assert labels_of(named(text), grouping="patient").column == "finding"


def test_no_column_that_could_be_it_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a column of classes"):
        labels_of(named(rows("caption a b c d", "width 1.5 2.5 1.5 2.5")))


def test_a_column_of_zeros_and_ones_for_each_class_is_read() -> None:
    found = labels_of(named(rows("cat 1 0 0 1", "dog 0 1.0 0 0", "cow 0.0 0 True 0")))
    assert found.column == ONE_HOT
    assert found.labels == {"0.jpg": "cat", "1.jpg": "dog", "2.jpg": "cow", "3.jpg": "cat"}


def test_two_columns_of_zeros_and_ones_that_are_each_others_contrary_are_two_classes() -> None:
    found = labels_of(named(rows("cat 1 0 0 1", "dog 0 1 1 0")))
    assert set(found.labels.values()) == {"cat", "dog"}


def test_columns_of_zeros_and_ones_that_exclude_nothing_are_no_classes() -> None:
    with pytest.raises(UsageError, match="found several that could be it"):
        labels_of(named(rows("indoor 1 0 1 0", "night 1 1 0 0")))


def test_rows_that_tell_no_class_are_counted_with_an_example() -> None:
    text = rows("label x y x y x y") + "\n6.jpg,\ngone.jpg,x\n../7.jpg,y\n"
    found = labels_of(named(text))
    assert len(found.labels) == 6
    assert found.left_out == {
        "rows of labels.csv without a class, such as '6.jpg' in line 8": 1,
        "rows of labels.csv: no such file, such as 'gone.jpg' in line 9": 1,
        "rows of labels.csv: files outside of the folder, such as '../7.jpg' in line 10": 1,
    }


def test_a_row_twice_is_one_and_two_classes_of_a_picture_are_none() -> None:
    twenty = [("x", "y")[n % 2] for n in range(20)]
    text = rows("label " + " ".join(twenty)) + "\n0.jpg,x\n1.jpg,x\n"
    found = labels_of(named(text))
    assert found.labels["0.jpg"] == "x"
    assert "1.jpg" not in found.labels
    assert found.left_out == {"pictures with several classes in labels.csv, such as 1.jpg: y, x": 1}


def test_a_table_of_several_labels_for_many_pictures_is_refused() -> None:
    text = rows("label x y x y") + "\n0.jpg,y\n"
    with pytest.raises(UsageError, match=r"found several for 1 of 4, such as x, y for 0\.jpg"):
        labels_of(named(text))


def test_a_table_most_of_whose_pictures_are_missing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"found 2 of 5; no such file, such as '2\.jpg' in line 4"):
        labels_of(named(rows("label x y x y x"), pictures=2))


@pytest.mark.parametrize(
    "label", ["../up", "a/b", "a\\b", "..", ".", "a\x1bb", "x" * 101, "a\ud800"]
)
def test_a_class_that_can_be_no_name_is_refused_with_its_line(label: str) -> None:
    with pytest.raises(UsageError, match=r"in line 3 of /set/labels\.csv"):
        labels_of(named(rows(f"label x {label} x {label}")))


def test_a_column_of_splits_is_found_by_its_words() -> None:
    text = rows("label x y x y x y x", "set train Train val test valid training odd")
    found = labels_of(named(text))
    assert found.splits == {
        "0.jpg": "train", "1.jpg": "train", "2.jpg": "validation", "3.jpg": "test",
        "4.jpg": "validation", "5.jpg": "train",
    }  # fmt: skip
    assert set(found.labels) == set(found.splits)
    assert found.left_out == {"pictures that labels.csv gives no split, or several": 1}
    assert labels_of(named(text), split=False).splits == {}
    numbered = labels_of(named(rows("label x y x y", "set 1 2 1 1")))
    assert (numbered.splits, len(numbered.labels), numbered.left_out) == ({}, 4, {})


def test_values_of_a_column_are_those_of_the_pictures_first_rows() -> None:
    found = named("file,who\n0.jpg,Tom\n1.jpg,\n1.jpg,Ann\n0.jpg,Tim\nno.jpg,Kim\n")
    assert values_of(found, "who") == {"0.jpg": "Tom", "1.jpg": "Ann"}
    assert column_named(found, "Who", "--group-by") == "who"
