"""Calibration, Brier score, each class: against scikit-learn, with intervals that hold."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from tl_catdog import statistics
from tl_catdog.evaluation.metrics import area_under_roc
from tl_catdog.evaluation.reliability import calibration_error, reliability
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.statistics import Interval, bootstrap_interval


def predictions(n: int, classes: int, seed: int, sharpness: float = 1.0) -> Predictions:
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(classes, 0.5), n)
    labels = np.array([rng.choice(classes, p=row) for row in true], dtype=np.int64)
    sharp = np.clip(true, 1e-9, 1) ** sharpness
    names = tuple(f"{i}.jpg" for i in range(n))
    return Predictions(
        tuple("abcde"[:classes]), names, names, labels, sharp / sharp.sum(axis=1, keepdims=True)
    )


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 80))
def test_figures_agree_with_scikit_learn(seed: int, classes: int, n: int) -> None:
    found = predictions(n, classes, seed)
    with mock.patch.object(statistics, "RESAMPLES", 10):  # intervals aren't what is looked at
        trust = reliability(found)
    indices = list(range(classes))
    chances = found.probabilities if classes > 2 else found.probabilities[:, 1]
    assert trust.brier.value == pytest.approx(
        metrics.brier_score_loss(found.labels, chances, labels=indices, scale_by_half=True)
    )
    assert trust.log_loss.value == pytest.approx(
        metrics.log_loss(found.labels, found.probabilities, labels=indices)
    )
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        found.labels, found.predicted, labels=indices, zero_division=np.nan
    )
    for i, item in enumerate(trust.per_class):
        for ours, theirs in ((item.precision, precision), (item.recall, recall)):
            value = np.nan if ours is None else ours.value
            assert value == pytest.approx(theirs[i], nan_ok=True)
        if item.f1 is not None:
            assert item.f1.value == pytest.approx(f1[i])


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(1, 3))
def test_the_area_agrees_with_scikit_learn(seed: int, n: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2)
    chances = rng.random(n).round(digits)  # with ties
    theirs = metrics.roc_auc_score(labels, chances)
    assert area_under_roc(labels, np.column_stack([1 - chances, chances])) == pytest.approx(theirs)


def test_the_area_of_several_classes_is_the_mean_of_each_against_the_rest() -> None:
    found = predictions(300, 4, seed=3)
    theirs = metrics.roc_auc_score(
        found.labels, found.probabilities, multi_class="ovr", average="macro"
    )
    assert area_under_roc(found.labels, found.probabilities) == pytest.approx(theirs)


def test_calibration_error_is_that_of_scikit_learns_bins() -> None:
    rng = np.random.default_rng(5)
    n = 15 * 200
    confidence = np.sort(rng.uniform(0.5, 1, n))
    right = rng.random(n) < confidence**2
    said, was = calibration_curve(right, confidence, n_bins=15, strategy="quantile")[::-1]
    ours = calibration_error(confidence, right)
    assert ours == pytest.approx(np.abs(said - was).mean(), abs=1e-3)


def test_honest_probabilities_have_a_small_error_and_boastful_ones_a_large_one() -> None:
    honest, boastful = reliability(predictions(1500, 2, 1)), reliability(predictions(1500, 2, 1, 5))
    assert honest.ece.value < 0.03
    assert boastful.ece.value > 0.08
    assert honest.brier.value < boastful.brier.value


def test_bins_hold_equally_many_pictures_and_all_of_them() -> None:
    trust = reliability(predictions(100, 2, 2))
    assert sum(item.n for item in trust.bins) == 100
    assert {item.n for item in trust.bins} == {6, 7}
    ends = [end for item in trust.bins for end in (item.low, item.high)]
    assert ends == sorted(ends)
    weighted = sum(item.n * abs(item.accuracy.value - item.confidence) for item in trust.bins)
    assert weighted / 100 == pytest.approx(trust.ece.value)


def test_one_picture_says_nothing_of_its_interval() -> None:
    trust = reliability(predictions(1, 2, 0))
    assert trust.brier.interval == Interval(0.0, 1.0)
    assert trust.log_loss.interval == Interval(0.0, float("inf"))
    assert trust.auc is None


def test_a_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(60):
        values = rng.normal(0, 1, 100)
        found = bootstrap_interval(
            lambda chosen, values=values: values[chosen].mean(axis=-1),
            100,
            limits=Interval(-9, 9),
        )
        covered += found.low <= 0 <= found.high
    assert 50 <= covered <= 60


def test_json_has_what_the_command_promises() -> None:
    row = reliability(predictions(50, 3, 1)).to_json()
    assert {"ece", "ece_ci", "brier", "brier_ci", "per_class", "reliability", "auc_ci"} <= set(row)
    assert row["ece_ci"][0] <= row["ece"] <= row["ece_ci"][1]
    assert [item["label"] for item in row["per_class"]] == ["a", "b", "c"]
