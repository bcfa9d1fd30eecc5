"""Figures from per-picture predictions, recomputed here by definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score

from tl_catdog.evaluation.metrics import compute_metrics
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
        "n", "classes", "accuracy", "accuracy_ci", "balanced_accuracy", "balanced_accuracy_ci",
        "top5_accuracy", "top5_accuracy_ci", "auc", "log_loss", "confusion",
    }  # fmt: skip
    assert found["balanced_accuracy"] == 0.75
    assert found["top5_accuracy"] is None
    assert found["confusion"] == [[1, 0], [1, 1]]


def test_balanced_accuracy_is_scikit_learns_and_shows_what_accuracy_hides() -> None:
    labels = [0] * 100 + [1] * 4
    rows = [[0.9, 0.1]] * 99 + [[0.2, 0.8]] + [[0.6, 0.4]] * 3 + [[0.1, 0.9]]
    item = made(labels, rows)
    found = compute_metrics(item)
    assert found.balanced_accuracy.value == pytest.approx(
        balanced_accuracy_score(item.labels, item.predicted)
    )
    assert found.accuracy > 0.96
    assert found.balanced_accuracy.value == pytest.approx((0.99 + 0.25) / 2)
    assert found.sizes == (100, 4)
    assert found.unequal
    assert not compute_metrics(made([0, 0, 1, 1], [[0.9, 0.1]] * 4)).unequal


def test_classes_without_a_picture_are_left_out_of_balanced_accuracy() -> None:
    found = compute_metrics(made([0, 0, 2], [[0.8, 0.1, 0.1]] * 2 + [[0.1, 0.8, 0.1]]))
    assert found.balanced_accuracy.value == 0.5
    assert not found.unequal or found.sizes == (2, 0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_top_5_is_scikit_learns_and_told_from_ten_classes_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.ones(12), 80)
    labels = rng.permutation(np.arange(80) % 12)
    item = Predictions(tuple("abcdefghijkl"), ("x",) * 80, ("x",) * 80, labels, rows)
    found = compute_metrics(item).top5_accuracy
    assert found is not None
    assert found.value == pytest.approx(top_k_accuracy_score(labels, rows, k=5))
    assert 0.2 < found.value < 0.7
    nine = Predictions(tuple("abcdefghi"), ("x",), ("x",), np.array([0]), np.full((1, 9), 1 / 9))
    assert compute_metrics(nine).top5_accuracy is None


def test_of_equally_probable_classes_the_first_ones_are_among_the_five() -> None:
    even = np.full((10, 10), 0.1)
    item = Predictions(tuple("abcdefghij"), ("x",) * 10, ("x",) * 10, np.arange(10), even)
    found = compute_metrics(item).top5_accuracy
    assert found is not None
    assert found.value == 0.5


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
