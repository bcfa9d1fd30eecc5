"""Temperature scaling: against scikit-learn's, and where it must not be fooled."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from tl_catdog.prediction import calibration
from tl_catdog.prediction.calibration import at_temperature, fit_temperature, uncalibrated


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
    assert 0.3 < found.temperature < 0.7
    # Ten times as many say more.
    more = fit_temperature(np.tile(probabilities, (10, 1)), np.tile(labels, 10))
    assert more.temperature < found.temperature
    # What is known beforehand is believed the more, the surer it is.
    known = [fit_temperature(probabilities, labels, usual=2.0, spread=s) for s in (0.01, 0.3, 1.0)]
    assert known[0].temperature == pytest.approx(2.0, rel=0.02)
    assert known[0].temperature > known[1].temperature > known[2].temperature


def test_nothing_to_fit_on_is_refused() -> None:
    with pytest.raises(ValueError, match="no predictions"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, np.int64))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_temperature_is_the_likeliest_where_its_logarithm_is_normal(classes: int) -> None:
    """By definition, on a grid."""
    probabilities, labels = answers(30, classes, 3.0, seed=7)
    probabilities = np.clip(probabilities, 1e-5, None)  # far from where rounding is cut off
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    def likelihood(temperature: float) -> float:
        total = norm(math.log(1.5), 0.4).logpdf(math.log(temperature))
        for row, label in zip(probabilities, labels, strict=True):
            powers = [float(p) ** (1 / temperature) for p in row]
            total += math.log(powers[label] / sum(powers))
        return float(total)

    grid = np.geomspace(0.2, 20, 2000)
    best = grid[int(np.argmax([likelihood(temperature) for temperature in grid]))]
    found = fit_temperature(probabilities, labels, usual=1.5, spread=0.4)
    assert found.temperature == pytest.approx(best, rel=0.005)


def test_what_is_calibrated_already_keeps_its_temperature() -> None:
    probabilities, labels = answers(50, 3, 3.0, seed=1)
    found = uncalibrated(probabilities, labels)
    assert (found.temperature, found.n) == (1.0, 50)
    loss = -np.log(probabilities[np.arange(50), labels]).mean()
    assert found.log_loss_before == found.log_loss_after == pytest.approx(loss)


def test_the_losses_are_those_of_the_true_classes_before_and_after() -> None:
    probabilities, labels = answers(200, 3, 1.5, seed=5)
    found = fit_temperature(probabilities, labels)
    rows = np.arange(200)
    assert found.log_loss_before == pytest.approx(-np.log(probabilities[rows, labels]).mean())
    powers = probabilities ** (1 / found.temperature)
    after = powers / powers.sum(axis=1, keepdims=True)
    assert found.log_loss_after == pytest.approx(-np.log(after[rows, labels]).mean(), abs=1e-4)
    assert found.to_json() == {
        "temperature": found.temperature,
        "n": 200,
        "log_loss_before": found.log_loss_before,
        "log_loss_after": found.log_loss_after,
    }


def test_of_two_classes_it_is_the_sigmoid_of_the_divided_logit() -> None:
    dog = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
    found = at_temperature(np.column_stack([1 - dog, dog]), 3.0)
    assert found[:, 1] == pytest.approx(1 / (1 + np.exp(-np.log(dog / (1 - dog)) / 3)))


def test_temperature_one_changes_no_bit() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 50)
    assert np.array_equal(at_temperature(probabilities, 1.0), probabilities)


def test_the_temperature_stays_within_its_bounds() -> None:
    """Answers without any sense ask for endless heat."""
    probabilities = np.array([[0.999, 0.001], [0.001, 0.999]] * 100)
    found = fit_temperature(probabilities, np.array([1, 0] * 100))
    assert 15 < found.temperature <= 20


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(calibration)
    assert found.attempted
    assert found.failed == 0
