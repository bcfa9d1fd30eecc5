"""What ``evaluate`` shows, at 80 and at 120 columns."""

import numpy as np
import pytest

from tests.cli.test_render import text_of
from tl_catdog.cli.evaluation_view import evaluation_view, robustness_view, selection_line
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.evaluation.reliability import reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import choose_policy
from tl_catdog.statistics import Estimate, Interval, proportion


def predictions(n: int = 300) -> Predictions:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1.0, n)
    names = tuple(f"{i}.jpg" for i in range(n))
    labels = (rng.random(n) < sure).astype(np.int64)
    return Predictions(("cats", "dogs"), names, names, labels, np.column_stack([1 - sure, sure]))


@pytest.mark.parametrize("width", [80, 120])
def test_evaluation_gives_every_figure_with_its_interval_and_n(width: int) -> None:
    item = predictions()
    found = text_of(
        evaluation_view("mine on test", compute_metrics(item), reliability(item)), width
    )
    lines = [line.split() for line in found.splitlines()]
    assert lines[0] == ["mine", "on", "test"]
    for name in ("accuracy", "ROC-AUC", "log", "ECE", "Brier"):
        (row,) = (line for line in lines if line and line[0] == name)
        assert any("–" in cell and cell[0].isdigit() for cell in row), row
    (cats,) = (line for line in lines if line[:1] == ["cats"] and len(line) > 4)
    assert cats[-2:][0].startswith("0.0")  # F1: none was called a cat
    assert "–" in cats
    assert sum(line[:1] == ["30"] for line in lines) == 10  # the reliability table
    assert next(line for line in lines if line[:1] == ["cats"] and len(line) == 3)[:2] == [
        "cats",
        "0",
    ]


def test_the_selection_names_coverage_and_precision() -> None:
    item = predictions()
    text = text_of(selection_line(choose_policy(item, 0.8), "test", item), 80)
    assert text.startswith("With predict --reject: of 300 test pictures ")
    assert "were answered" in text
    words = " ".join(text.split())
    assert words.endswith("Promised: 80.0 % of the answers are right, with 95 % certainty.")


@pytest.mark.parametrize("width", [80, 120])
def test_robustness_lists_the_worst_last(width: int) -> None:
    def condition(name: str, right: int, lost: float) -> Condition:
        return Condition(name, proportion(right, 351), Estimate(lost, Interval(-0.01, 0.3), 351))

    rows = [
        condition("plain", 348, 0.0),
        condition("noise", 250, 0.28),
        condition("blur", 340, 0.02),
    ]
    text = text_of(robustness_view(rows), width)
    places = [text.index(word) for word in ("as they are", "blur", "noise")]
    assert places == sorted(places)
    assert "the same 351 pictures" in text
    assert "28.0 (−1.0 to 30.0)" in text


def test_balanced_accuracy_stands_beside_accuracy_where_classes_are_unequal() -> None:
    names = tuple(map(str, range(104)))
    labels = np.array([0] * 100 + [1] * 4)
    sure = np.array([0.1] * 100 + [0.2] * 3 + [0.9])
    item = Predictions(("cats", "dogs"), names, names, labels, np.column_stack([1 - sure, sure]))
    text = text_of(evaluation_view("mine", compute_metrics(item), reliability(item)), 80)
    (row,) = (line.split() for line in text.splitlines() if line.startswith(" balanced"))
    assert row[1] == "62.5"
    equal = predictions()
    text = text_of(evaluation_view("mine", compute_metrics(equal), reliability(equal)), 80)
    assert ("balanced" in text) == compute_metrics(equal).unequal


@pytest.mark.parametrize("classes", [10, 20, 21, 89])
def test_of_many_classes_those_are_shown_that_it_misses_most(classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), 5)
    chances = rng.random((len(labels), classes))
    chances[np.arange(len(labels)), labels] += labels > 2  # the first three are guessed at
    chances /= chances.sum(axis=1, keepdims=True)
    some = tuple(map(str, labels))
    names = tuple(f"a rather long name of a class, number {i} " for i in range(classes))
    item = Predictions(names, some, some, labels, chances)
    text = text_of(evaluation_view("mine", compute_metrics(item), reliability(item)), 80)
    assert "top 5" in text
    assert (f"of {classes} classes that it misses most" in text) == (classes > 20)
    shown = "".join(line[:20] for line in text.splitlines()).replace(" ", "")
    assert "…" not in text.replace("… and", "")
    for i in range(3):
        assert f"number{i}" in shown
    assert all(item.recall is not None for item in reliability(item).per_class)
