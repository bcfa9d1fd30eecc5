"""Figures from per-picture predictions, recomputed here by definition."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tl_catdog.evaluation import metrics
from tl_catdog.evaluation.metrics import area_under_roc, compute_metrics
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.statistics import wilson_interval


def made(labels: list[int], probabilities: list[list[float]]) -> Predictions:
    classes = tuple("abcdef"[: len(probabilities[0])])
    count = len(labels)
    return Predictions(
        classes,
        tuple(f"digest{i}" for i in range(count)),
        tuple(f"{i}.jpg" for i in range(count)),
        np.array(labels),
        np.array(probabilities),
    )


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    classes = draw(st.integers(2, 4))
    count = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    # Rounded, so that ties come up.
    raw = np.round(rng.random((count, classes)), 1) + 0.05
    rows = (raw / raw.sum(axis=1, keepdims=True)).tolist()
    return made(rng.integers(0, classes, count).tolist(), rows)


def area(positive: np.ndarray, negative: np.ndarray) -> float:
    """The chance that a positive ranks above a negative; a tie counts half."""
    wins = (positive[:, None] > negative[None]).sum() + 0.5 * (
        positive[:, None] == negative[None]
    ).sum()
    return float(wins / (len(positive) * len(negative)))


@given(predictions())
def test_every_figure_is_its_definition(item: Predictions) -> None:
    found = compute_metrics(item)
    n, classes = item.probabilities.shape
    said = item.probabilities.argmax(1)
    assert found.n == n
    assert found.accuracy == pytest.approx((said == item.labels).mean())
    assert found.accuracy_ci.low <= found.accuracy <= found.accuracy_ci.high
    for truth in range(classes):
        for guess in range(classes):
            cell = ((item.labels == truth) & (said == guess)).sum()
            assert found.confusion[truth][guess] == cell
    loss = -np.log(item.probabilities[np.arange(n), item.labels]).mean()
    assert found.log_loss == pytest.approx(loss, rel=1e-6)
    counts = np.bincount(item.labels, minlength=classes)
    if (counts == 0).any() or (counts == n).any():
        assert found.auc is None
    else:
        columns = [1] if classes == 2 else range(classes)
        areas = [
            area(item.probabilities[item.labels == c, c], item.probabilities[item.labels != c, c])
            for c in columns
        ]
        assert found.auc == pytest.approx(np.mean(areas))


def test_a_sure_mistake_costs_a_lot_but_not_infinity() -> None:
    found = compute_metrics(made([0, 1], [[0.0, 1.0], [0.0, 1.0]]))
    assert found.accuracy == 0.5
    assert 10 < found.log_loss < 30
    assert math.isfinite(found.log_loss)


def test_json_has_the_promised_names() -> None:
    found = compute_metrics(made([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])).to_json()
    assert set(found) == {
        "n", "classes", "accuracy", "accuracy_ci", "auc", "log_loss", "confusion",
    }  # fmt: skip
    assert found["confusion"] == [[1, 0], [1, 1]]


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("digits", [1, 2, 12])
def test_the_area_is_that_of_scikit_learn_ties_included(classes: int, digits: int) -> None:
    rng = np.random.default_rng(10 * classes + digits)
    labels = rng.permutation(np.arange(120) % classes)
    rows = rng.dirichlet(np.ones(classes), 120).round(digits)
    rows[:, -1] = 1 - rows[:, :-1].sum(axis=1)
    # Classes that are told apart unequally well, so that a swapped column or direction shows.
    rows[np.arange(120), labels] += np.linspace(0, 1, classes)[labels].round(digits)
    rows /= rows.sum(axis=1, keepdims=True)
    theirs = roc_auc_score(labels, rows[:, 1] if classes == 2 else rows, multi_class="ovr")
    ours = area_under_roc(labels, rows)
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert ours is not None
    assert ours > 0.55


def test_the_area_of_two_classes_is_that_of_the_second() -> None:
    better = np.column_stack([1 - np.arange(8) / 10, np.arange(8) / 10])
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert area_under_roc(labels, better) == 1.0
    assert area_under_roc(1 - labels, better) == 0.0
    assert area_under_roc(labels, np.full((8, 2), 0.5)) == 0.5


def test_an_area_of_one_class_alone_is_none() -> None:
    rows = np.full((4, 3), 1 / 3)
    assert area_under_roc(np.array([0, 0, 1, 1]), rows) is None
    assert area_under_roc(np.array([1, 1]), rows[:2, :2]) is None
    assert area_under_roc(np.array([0, 0]), rows[:2, :2]) is None


def test_the_interval_is_wilsons_of_the_right_answers() -> None:
    found = compute_metrics(
        made([0, 0, 1, 1, 1], [[0.9, 0.1]] * 2 + [[0.6, 0.4]] + [[0.1, 0.9]] * 2)
    )
    assert found.accuracy == 0.8
    assert found.accuracy_ci == wilson_interval(4, 5)


def test_no_predictions_are_refused() -> None:
    with pytest.raises(ValueError, match="no predictions"):
        compute_metrics(
            Predictions(("a", "b"), (), (), np.zeros(0, np.int64), np.zeros((0, 2), np.float64))
        )


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(metrics)
    assert found.attempted
    assert found.failed == 0
