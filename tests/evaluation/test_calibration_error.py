"""The calibration error: what it is, and that its interval holds it in simulated worlds."""

import doctest
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from tl_catdog.evaluation import calibration_error as module
from tl_catdog.evaluation.calibration_error import (
    MOST_BINS,
    calibration_error,
    confidence_bins,
    plain_calibration_error,
)

Floats = npt.NDArray[np.float64]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_bins_hold_each_answer_once_in_order_and_equal_ones_together(values: list[float]) -> None:
    confidence = np.array(values)
    bins = confidence_bins(confidence)
    assert sorted(np.concatenate(bins).tolist()) == list(range(len(values)))
    assert all(len(part) for part in bins)
    assert len(bins) <= MOST_BINS
    for first, second in pairwise(bins):
        assert confidence[first].max() < confidence[second].min()


@pytest.mark.parametrize(("n", "number"), [(1, 1), (20, 3), (351, 10), (900, 15), (50_000, 15)])
def test_more_answers_make_more_bins_of_equally_many(n: int, number: int) -> None:
    bins = confidence_bins(np.random.default_rng(0).random(n))
    assert len(bins) == number
    sizes = [len(part) for part in bins]
    assert max(sizes) - min(sizes) <= 1


def test_the_plain_error_is_that_of_scikit_learns_bins() -> None:
    rng = np.random.default_rng(5)
    n = 15 * 200
    confidence = np.sort(rng.uniform(0.5, 1, n))
    right = rng.random(n) < confidence**2
    said, was = calibration_curve(right, confidence, n_bins=15, strategy="quantile")[::-1]
    ours = plain_calibration_error(confidence, right)
    assert ours == pytest.approx(np.abs(said - was).mean(), abs=1e-3)


def test_the_order_of_equally_sure_answers_makes_no_error() -> None:
    """Sorted by class, the right ones first: bins cut by position would call that miscalibrated."""
    right = np.arange(400) < 300
    confidence = np.full(400, 0.75)
    assert plain_calibration_error(confidence, right) == 0.0
    found = calibration_error(confidence, right)
    assert found.value == 0.0
    assert 0.02 < found.interval.high < 0.1


def sure(rng: np.random.Generator, n: int) -> Floats:
    """Most answers are nearly certain, as those of a good classifier are."""
    return np.asarray(1 - 0.5 * rng.beta(0.3, 3, n))


def even(rng: np.random.Generator, n: int) -> Floats:
    return rng.uniform(1 / 37, 1, n)


WORLDS: dict[str, tuple[Callable[..., Floats], Callable[[Floats], Floats]]] = {
    "honest": (even, lambda p: p),
    "honest and sure": (sure, lambda p: p),
    "hardly off": (even, lambda p: p + 0.02 * (p < 0.5)),
    "too sure": (even, lambda p: 0.5 * p),
    "too sure and sure": (sure, lambda p: p - 0.08),
    "too doubtful": (sure, lambda p: np.sqrt(p)),
    "off at one place": (even, lambda p: np.where(p > 0.85, p - 0.2, p)),
    "off to both sides": (even, lambda p: np.clip(p + 0.1 * np.sin(2 * np.pi * p), 0, 1)),
    "guessing": (even, lambda p: np.full_like(p, 1 / 37)),
}


LARGER = ("honest", "hardly off", "too sure", "off at one place")


@pytest.mark.parametrize(
    ("name", "n"), [*((name, 50) for name in WORLDS), *((name, 400) for name in LARGER)]
)
def test_the_interval_holds_the_true_error(name: str, n: int) -> None:
    """Promised are 95 %; of 80 samples, 71 or more hold it with a chance of 98 % then."""
    draw, accuracy = WORLDS[name]
    rng = np.random.default_rng(0)
    many = draw(rng, 200_000)
    truth = float(np.abs(accuracy(many) - many).mean())
    held, above_zero = 0, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DRAWS", 150)  # for speed: the ends are a little less exact
        for seed in range(80):
            confidence = draw(rng, n)
            right = rng.random(n) < accuracy(confidence)
            found = calibration_error(confidence, right, seed=seed)
            assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
            assert found.n == n
            assert found.interval.high > 0
            held += found.interval.low - 1e-9 <= truth <= found.interval.high + 1e-9
            above_zero += found.interval.low > 0
    assert held >= 71
    if truth > 0.2 and n == 400:
        assert above_zero == 80


def test_the_value_is_without_the_bias_of_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Honest answers, many times: the plain error is chance alone."""
    monkeypatch.setattr(module, "DRAWS", 50)  # not the interval
    rng = np.random.default_rng(1)
    ours, plain, zeros = [], [], 0
    for seed in range(60):
        confidence = rng.uniform(0.5, 1, 300)
        right = rng.random(300) < confidence
        found = calibration_error(confidence, right, seed=seed).value
        ours.append(found)
        plain.append(plain_calibration_error(confidence, right))
        zeros += found == 0
    assert np.mean(ours) < 0.35 * np.mean(plain)
    assert 20 <= zeros <= 45
    far = rng.uniform(0.5, 1, 20_000)
    wrong = rng.random(20_000) < far - 0.3
    assert calibration_error(far, wrong).value == pytest.approx(0.3, abs=0.015)


def test_no_mistake_seen_is_no_proof_of_none() -> None:
    """Fifty answers of 99.9 %, all right: one in fifteen may still be wrong (0.93^50 = 2.7 %)."""
    found = calibration_error(np.full(50, 0.999), np.ones(50, dtype=bool))
    assert found.value < 0.001
    assert 0.055 < found.interval.high < 0.085


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.5, 1, 100)
    right = rng.random(100) < confidence
    first, again, other = (calibration_error(confidence, right, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.interval.high == pytest.approx(other.interval.high, rel=0.1)


def test_less_certainty_takes_a_narrower_interval() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.5, 1, 400)
    right = rng.random(400) < confidence - 0.1
    wide, narrow = (calibration_error(confidence, right, level=x).interval for x in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("right", [True, False])
def test_one_answer_is_enough_for_an_interval(right: bool) -> None:
    found = calibration_error(np.array([0.8]), np.array([right]))
    assert found.n == 1
    assert found.interval.high > 0.7


def test_five_thousand_pictures_take_no_time() -> None:
    rng = np.random.default_rng(4)
    confidence = rng.uniform(0.5, 1, 5000)
    right = rng.random(5000) < confidence
    calibration_error(confidence, right)  # imports
    began = time.process_time()
    calibration_error(confidence, right)
    assert time.process_time() - began < 0.3


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert found.failed == 0
