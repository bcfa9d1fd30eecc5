"""Answers as a table: columns, cells, and names that may mean harm."""

import csv
from pathlib import Path

import pytest

from tl_catdog.cli.prediction_table import columns, row, table
from tl_catdog.prediction.answers import Prediction
from tl_catdog.spreadsheets import restored

CLASSES = ("ant", "=bee", "fly")


def said(path: str, probabilities: dict[str, float] | None) -> Prediction:
    label = max(probabilities, key=lambda name: probabilities[name]) if probabilities else None
    error = None if probabilities else "cut short"
    return Prediction(Path(path), label, probabilities, error, None, 0.25, False)


ANSWER = said("a.jpg", {"ant": 0.2, "=bee": 0.7, "fly": 0.1})
BAD = said("-b.jpg", None)


@pytest.mark.parametrize("top", [None, 1, 2, 3, 9])
def test_each_row_has_a_cell_for_each_column(top: int | None) -> None:
    for answer in (ANSWER, BAD):
        assert len(row(answer, CLASSES, top)) == len(columns(CLASSES, top))


def test_the_most_probable_classes_follow_the_label() -> None:
    found = dict(zip(columns(CLASSES, 3), row(ANSWER, CLASSES, 3), strict=True))
    assert (found["label"], found["probability"]) == ("=bee", "0.700000")
    assert (found["label 2"], found["probability 2"]) == ("ant", "0.200000")
    assert (found["label 3"], found["probability 3"]) == ("fly", "0.100000")


def test_no_cell_is_a_formula_and_each_can_be_read_again(tmp_path: Path) -> None:
    with table(tmp_path / "answers.csv", CLASSES, None) as add:
        add(ANSWER)
        add(BAD)
    with (tmp_path / "answers.csv").open(newline="") as file:
        head, first, second = csv.reader(file)
    assert not any(cell.startswith(("=", "-")) for cell in (*head, *first, *second))
    assert tuple(map(restored, head)) == columns(CLASSES, None)
    assert list(map(restored, first)) == row(ANSWER, CLASSES, None)
    assert list(map(restored, second)) == row(BAD, CLASSES, None)


def test_a_table_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("before")
    with table(path, CLASSES, None) as add:
        add(ANSWER)
        assert path.read_text() == "before"
    with pytest.raises(ValueError, match="stop"), table(path, CLASSES, None):
        raise ValueError("stop")
    assert len(path.read_text().splitlines()) == 2, "a failure replaces nothing"
