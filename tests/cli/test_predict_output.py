"""What ``predict`` gives besides a line a picture: more classes, and a table."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_predict import ANSWERS, STREAM, Answering, answering
from tests.conftest import Cli
from tests.support.commands import assert_one_line
from tl_catdog.prediction.answers import Prediction

__all__ = ("answering",)  # a fixture


def test_the_most_probable_classes_are_shown_below_each_answer(
    cli: Cli, answering: Answering
) -> None:
    answering(ANSWERS[:2])
    outcome = cli("predict", "x.jpg", "--run", "cats-dogs", "--reject", "--top", 3)
    assert outcome.out.splitlines() == [
        "dogs            98.8 %  a.jpg",
        "  cats           1.2 %",
        "unsure                  b.jpg (dogs? 60.0 %, too doubtful)",
        "  cats          40.0 %",
    ]
    answering(ANSWERS[:3])
    rows = cli("predict", "x.jpg", "--run", "cats-dogs", "--top", 1, "--json").out.splitlines()
    assert [json.loads(row)["top"] for row in rows] == [
        [{"label": "dogs", "probability": 0.9876}],
        [{"label": "dogs", "probability": 0.6}],
        None,
    ]


def test_a_table_is_written_instead_of_lines(
    cli: Cli, answering: Answering, tmp_path: Path
) -> None:
    answering(ANSWERS[:3])
    path = tmp_path / "answers.csv"
    outcome = cli("predict", "x.jpg", "--run", "cats-dogs", "--csv", path)
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.splitlines() == ["c.jpg: cut short", f"3 rows in {path}."]
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [row["answer"] for row in rows] == ["dogs", "unsure", ""]
    assert [row["p:cats"] for row in rows] == ["0.012400", "0.400000", ""]
    answering(ANSWERS[:1])
    both = cli("predict", "x.jpg", "--run", "cats-dogs", "--csv", path, "--json")
    assert json.loads(both.out)["label"] == "dogs"
    assert len(path.read_text().splitlines()) == 2


def test_ctrl_c_leaves_the_rows_so_far(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stream(*_: Any) -> Iterator[Prediction]:
        yield from ANSWERS[:2]
        raise KeyboardInterrupt

    monkeypatch.setattr(STREAM, stream)
    path = tmp_path / "answers.csv"
    outcome = cli("predict", "x.jpg", "--run", "cats-dogs", "--csv", path)
    assert outcome.code == 130
    assert f"Interrupted; 2 rows in {path}." in outcome.err
    assert len(path.read_text().splitlines()) == 3


def test_a_table_that_cannot_be_written_is_said(
    cli: Cli, answering: Answering, tmp_path: Path
) -> None:
    answering(ANSWERS[:1])
    outcome = cli("predict", "x.jpg", "--run", "cats-dogs", "--csv", tmp_path)
    assert outcome.code == 2
    assert_one_line(outcome.err)
