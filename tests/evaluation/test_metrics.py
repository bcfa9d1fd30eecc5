"""Figures from per-picture predictions, recomputed here by definition."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl_catdog.errors import CatdogError
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.prediction.predictions import Predictions, read_predictions


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


@given(predictions())
def test_saved_predictions_come_back_to_the_last_bit(item: Predictions) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.csv"
        path.write_text(item.to_csv())
        back = read_predictions(path)
    assert back.classes == item.classes
    assert back.names == item.names
    assert np.array_equal(back.labels, item.labels)
    assert np.array_equal(back.probabilities, item.probabilities)


@pytest.mark.parametrize(
    "text", ["", "sha256,name\n", "sha256,name,label,predicted,p(a),p(b)\nx,y,z,a,1,0\n"]
)
def test_damaged_predictions_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run" / "predictions" / "test.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(CatdogError, match=r"test\.csv"):
        read_predictions(path)
