"""Temperature scaling: against scikit-learn's, and where it must not be fooled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from tl_catdog.prediction.calibration import at_temperature, fit_temperature


def answers(n: int, classes: int, sharpness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities that are ``sharpness`` times too sure, and labels."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(classes, p=row) for row in true])
    sharp = np.exp(sharpness * logits)
    return sharp / sharp.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_it_undoes_what_made_answers_too_sure(classes: int, sharpness: float) -> None:
    probabilities, labels = answers(6000, classes, sharpness, seed=classes)
    found = fit_temperature(probabilities, labels)
    assert found.temperature == pytest.approx(sharpness, rel=0.08)
    assert found.log_loss_after <= found.log_loss_before + 1e-4
    assert found.n == 6000


def test_it_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(5000, 6))
    chances = 1 / (1 + np.exp(-inputs @ rng.normal(size=6)))
    labels = (rng.random(5000) < chances).astype(np.int64)
    # Hardly regularised on fifty pictures, so too sure of the others.
    model = LogisticRegression(C=3.0).fit(inputs[:50], labels[:50])
    others, truth = inputs[50:], labels[50:]
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(others, truth)
    ours = fit_temperature(model.predict_proba(others), truth)
    assert ours.temperature > 1.2
    mine = at_temperature(model.predict_proba(others), ours.temperature)
    assert mine == pytest.approx(theirs.predict_proba(others), abs=5e-3)


@given(st.integers(0, 10_000), st.floats(0.1, 10), st.integers(2, 5))
def test_no_temperature_changes_an_answer(seed: int, temperature: float, classes: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), 20)
    warm = at_temperature(probabilities, temperature)
    assert warm.sum(axis=1) == pytest.approx(np.ones(20))
    assert (warm.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_certainty_stays_finite() -> None:
    certain = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert np.isfinite(at_temperature(certain, 0.05)).all()
    assert at_temperature(certain, 2.0)[0, 1] < 1.0


def test_pictures_that_all_came_out_right_do_not_ask_for_boundless_sureness() -> None:
    probabilities = np.array([[0.98, 0.02], [0.02, 0.98]] * 40)
    labels = np.array([0, 1] * 40)
    found = fit_temperature(probabilities, labels)
    sure = at_temperature(probabilities, found.temperature).max()
    # Forty of forty: a further one is right in (40 + 1) of (40 + 2).
    assert sure == pytest.approx(41 / 42, abs=1e-3)


def test_nothing_to_fit_on_is_refused() -> None:
    with pytest.raises(ValueError, match="no predictions"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, np.int64))
