"""The area under the ROC curve: scikit-learn's, with an interval that holds."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics
from sklearn.metrics import roc_auc_score

from tl_catdog.evaluation import area as module
from tl_catdog.evaluation.area import area_estimate, area_under_roc
from tl_catdog.statistics import Interval


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(1, 3))
def test_the_area_agrees_with_scikit_learn(seed: int, n: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2)
    chances = rng.random(n).round(digits)  # with ties
    theirs = metrics.roc_auc_score(labels, chances)
    assert area_under_roc(labels, np.column_stack([1 - chances, chances])) == pytest.approx(theirs)


def test_the_area_of_several_classes_is_the_mean_of_each_against_the_rest() -> None:
    rng = np.random.default_rng(3)
    true = rng.dirichlet(np.full(4, 0.5), 300)
    labels = np.array([rng.choice(4, p=row) for row in true], dtype=np.int64)
    theirs = metrics.roc_auc_score(labels, true, multi_class="ovr", average="macro")
    assert area_under_roc(labels, true) == pytest.approx(theirs)


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


@pytest.mark.parametrize(("positive", "negative"), [(25, 25), (10, 1000), (5, 5), (2, 72)])
@pytest.mark.parametrize("distance", [0.4, 1.8, 3.3, 50.0])
def test_the_interval_of_two_classes_holds_the_area(
    positive: int, negative: int, distance: float
) -> None:
    """Scores of two normal distributions, whose area is known; at last they are far apart."""
    truth = float(stats.norm.cdf(distance / 2**0.5))
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [positive, negative])
    held = 0
    for _ in range(150):
        chance = 1 / (1 + np.exp(-(rng.normal(0, 1, len(labels)) + distance * labels)))
        found = area_estimate(labels, np.column_stack([1 - chance, chance]))
        assert found is not None
        ends = found.interval
        assert ends.low <= found.value <= ends.high
        assert ends.low < ends.high
        held += ends.low <= truth + 1e-9 and truth <= ends.high + 1e-9
    assert held >= 137  # of 95 % there are as many with a chance of 97 %


@pytest.mark.parametrize("strength", [0.5, 2.0, 20.0])
@pytest.mark.parametrize("sizes", [[2] * 12, [30, 10, 5], [1] * 12])
def test_the_interval_of_many_classes_holds_the_area(sizes: list[int], strength: float) -> None:
    rng = np.random.default_rng(0)
    classes = len(sizes)

    def chances(labels: np.ndarray) -> np.ndarray:
        logits = rng.normal(0, 1, (len(labels), classes))
        logits[np.arange(len(labels)), labels] += strength
        return np.asarray(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))

    many = np.repeat(np.arange(classes), np.array(sizes) * 1000)
    truth = area_under_roc(many, chances(many))
    labels = np.repeat(np.arange(classes), sizes)
    assert truth is not None
    held = 0
    for _ in range(100):
        found = area_estimate(labels, chances(labels))
        assert found is not None
        assert found.interval.low < found.interval.high
        held += found.interval.low <= truth + 1e-6 and truth <= found.interval.high + 1e-6
    assert held >= 91


def test_with_many_pictures_it_is_delongs_interval() -> None:
    """His variance, from the parts of the area that each picture wins, written out."""
    rng = np.random.default_rng(3)
    dogs, cats = rng.normal(1, 1, 900), rng.normal(0, 1, 1100)
    wins = (dogs[:, None] > cats[None]).astype(float)
    error = (wins.mean(axis=1).var(ddof=1) / 900 + wins.mean(axis=0).var(ddof=1) / 1100) ** 0.5
    chance = 1 / (1 + np.exp(-np.concatenate([dogs, cats])))
    found = area_estimate(np.repeat([1, 0], [900, 1100]), np.column_stack([1 - chance, chance]))
    assert found is not None
    assert found.value == pytest.approx(wins.mean())
    assert found.interval.low == pytest.approx(wins.mean() - 1.96 * error, abs=0.1 * error)
    assert found.interval.high == pytest.approx(wins.mean() + 1.96 * error, abs=0.1 * error)
    assert found.n == 2000


def test_all_in_order_is_no_proof_that_all_ever_will_be() -> None:
    chance = np.linspace(0, 1, 12)
    few = area_estimate(np.arange(12) // 6, np.column_stack([1 - chance, chance]))
    chance = np.linspace(0, 1, 400)
    many = area_estimate(np.arange(400) // 200, np.column_stack([1 - chance, chance]))
    assert few is not None
    assert many is not None
    assert few.value == many.value == few.interval.high == many.interval.high == 1.0
    assert few.interval.low < 0.85 < 0.97 < many.interval.low < 0.99


def test_of_all_equally_probable_nothing_is_known() -> None:
    found = area_estimate(np.arange(40) % 2, np.full((40, 2), 0.5))
    assert found is not None
    assert found.value == 0.5
    assert 0.2 < found.interval.low < 0.4 < 0.6 < found.interval.high < 0.8


def test_a_class_without_a_picture_leaves_no_area() -> None:
    assert area_estimate(np.array([0, 0, 1, 1]), np.full((4, 3), 1 / 3)) is None


def test_one_picture_of_each_class_leaves_nearly_everything_possible() -> None:
    found = area_estimate(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert found is not None
    assert found.interval.low < 0.2
    assert found.interval.high == 1.0
    assert isinstance(found.interval, Interval)


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert found.failed == 0
