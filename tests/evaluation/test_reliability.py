"""Calibration, Brier score, each class: against scikit-learn, with intervals that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from tl_catdog.evaluation.area import area_estimate
from tl_catdog.evaluation.calibration_error import calibration_error, plain_calibration_error
from tl_catdog.evaluation.reliability import reliability
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.statistics import Estimate, Interval, mean_loss, proportion


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


def test_honest_probabilities_have_a_small_error_and_boastful_ones_a_large_one() -> None:
    honest, boastful = reliability(predictions(1500, 2, 1)), reliability(predictions(1500, 2, 1, 5))
    assert honest.ece.value < 0.03
    assert boastful.ece.value > 0.08
    assert honest.brier.value < boastful.brier.value


def test_bins_hold_equally_many_pictures_and_all_of_them() -> None:
    trust = reliability(predictions(100, 2, 2))
    assert sum(item.n for item in trust.bins) == 100
    assert {item.n for item in trust.bins} == {16, 17}
    ends = [end for item in trust.bins for end in (item.low, item.high)]
    assert ends == sorted(ends)
    weighted = sum(item.n * abs(item.accuracy.value - item.confidence) for item in trust.bins)
    assert weighted / 100 == pytest.approx(trust.ece_plain)


def test_one_picture_says_next_to_nothing() -> None:
    trust = reliability(predictions(1, 2, 0))
    assert trust.brier.interval == Interval(0.0, 1.0)
    assert trust.log_loss.interval.low == 0
    assert trust.ece.interval.high > 0.5
    assert trust.auc is None


def test_json_has_what_the_command_promises() -> None:
    row = reliability(predictions(50, 3, 1)).to_json()
    assert {"ece", "ece_ci", "brier", "brier_ci", "per_class", "reliability", "auc_ci"} <= set(row)
    assert row["ece_ci"][0] <= row["ece"] <= row["ece_ci"][1]
    assert [item["label"] for item in row["per_class"]] == ["a", "b", "c"]


def test_each_bin_is_its_pictures_by_hand() -> None:
    """Forty pictures in four bins."""
    found = predictions(40, 3, 8)
    order = np.argsort(found.probabilities.max(axis=1), kind="stable")
    sure, right = found.probabilities.max(axis=1)[order], found.correct[order]
    trust = reliability(found)
    gap = 0.0
    for start, item in zip(range(0, 40, 10), trust.bins, strict=True):
        members = slice(start, start + 10)
        assert item.n == 10
        assert (item.low, item.high) == (sure[members].min(), sure[members].max())
        assert item.confidence == pytest.approx(sure[members].mean())
        assert item.accuracy == proportion(int(right[members].sum()), 10)
        gap += abs(sure[members].sum() - right[members].sum())
    assert trust.ece_plain == pytest.approx(gap / 40)


def test_figures_are_those_of_the_answers() -> None:
    found = predictions(120, 3, 8)
    trust = reliability(found)
    sure = found.probabilities.max(axis=1)
    assert trust.ece == calibration_error(sure, found.correct)
    assert trust.ece_plain == plain_calibration_error(sure, found.correct)
    assert trust.auc == area_estimate(found.labels, found.probabilities)


def test_every_interval_is_as_wide_as_its_figures_spread_allows() -> None:
    """The mean of n values has an interval of ±1.96 s/√n; every figure rests on all pictures."""
    found = predictions(900, 2, 6)
    trust = reliability(found)
    truth = np.eye(2)[found.labels]
    for ours, values in (
        (trust.brier, 0.5 * ((found.probabilities - truth) ** 2).sum(axis=1)),
        (trust.log_loss, -np.log(found.probabilities[np.arange(900), found.labels])),
    ):
        half = 1.96 * values.std(ddof=1) / 30
        assert ours.value == pytest.approx(values.mean())
        assert ours.interval.low == pytest.approx(values.mean() - half, abs=0.12 * half)
        assert ours.interval.high == pytest.approx(values.mean() + half, abs=0.12 * half)
        assert ours.n == 900
    assert trust.auc is not None
    assert (trust.auc.n, trust.ece.n) == (900, 900)
    # Hanley and McNeil 1982: the standard error of an area.
    area, ones = trust.auc.value, int(found.labels.sum())
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    zeros = 900 - ones
    spread = area * (1 - area) + (ones - 1) * (q1 - area**2) + (zeros - 1) * (q2 - area**2)
    error = (spread / (ones * zeros)) ** 0.5
    width = trust.auc.interval.high - trust.auc.interval.low
    assert width == pytest.approx(2 * 1.96 * error, rel=0.25)


def test_precision_rests_on_those_called_so_and_recall_on_those_that_are() -> None:
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 2])
    said = np.array([0, 0, 0, 1, 1, 1, 0, 0])
    names = tuple("abcdefgh")
    found = Predictions(("x", "y", "z"), names, names, labels, np.eye(3)[said])
    x, y, z = reliability(found).per_class
    assert (x.precision, x.recall) == (proportion(3, 5), proportion(3, 5))
    assert (y.precision, y.recall) == (proportion(1, 3), proportion(1, 2))
    assert (z.precision, z.recall) == (None, proportion(0, 1))
    assert x.f1 is not None
    assert x.f1.value == pytest.approx(0.6)
    assert x.f1.interval.low < 0.6 < x.f1.interval.high
    assert y.f1 is not None
    assert y.f1.value == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert z.f1 is not None
    assert z.f1 == Estimate(0.0, Interval(0.0, z.f1.interval.high), 1)
    assert z.f1.interval.high > 0.8
    assert z.to_json()["precision"] is None


def test_a_class_that_nobody_saw_or_said_has_no_figures() -> None:
    names = ("a", "b")
    found = Predictions(("x", "y", "z"), names, names, np.array([0, 1]), np.eye(3)[[0, 1]])
    last = reliability(found).per_class[2]
    assert (last.precision, last.recall, last.f1) == (None, None, None)
    assert reliability(found).auc is None


def test_a_sure_mistake_costs_what_scikit_learn_says() -> None:
    names = ("a", "b")
    found = Predictions(("x", "y"), names, names, np.array([0, 1]), np.array([[0.0, 1.0]] * 2))
    expected = metrics.log_loss(found.labels, found.probabilities)
    assert reliability(found).log_loss.value == pytest.approx(expected)


def test_intervals_in_json_are_those_of_their_own_figures() -> None:
    trust = reliability(predictions(80, 2, 1))
    row = trust.to_json()
    assert trust.auc is not None
    for name, figure in (
        ("auc", trust.auc),
        ("log_loss", trust.log_loss),
        ("ece", trust.ece),
        ("brier", trust.brier),
    ):
        assert row[f"{name}_ci"] == [figure.interval.low, figure.interval.high]
    assert (row["ece"], row["brier"]) == (trust.ece.value, trust.brier.value)
    assert row["reliability"][0]["accuracy"] == trust.bins[0].accuracy.to_json()


def test_no_predictions_are_refused() -> None:
    empty = Predictions(("a", "b"), (), (), np.zeros(0, np.int64), np.zeros((0, 2)))
    with pytest.raises(ValueError, match="no predictions"):
        reliability(empty)


def test_a_mistake_that_wasnt_seen_costs_what_the_second_class_would() -> None:
    names = ("a", "b")
    rows = np.array([[0.9, 0.06, 0.04], [0.1, 0.7, 0.2]])
    found = reliability(Predictions(("x", "y", "z"), names, names, np.array([0, 1]), rows))
    seen, unseen = -np.log([0.9, 0.7]), -np.log([0.06, 0.2]).mean()
    assert found.log_loss == mean_loss(seen, float(unseen))
