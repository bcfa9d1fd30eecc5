"""Intervals and tests, checked against independent libraries and by simulation."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from tl_catdog import statistics
from tl_catdog.statistics import (
    Estimate,
    Interval,
    PairedCounts,
    bootstrap_interval,
    mcnemar_exact,
    paired_difference_interval,
    proportion,
    wilson_interval,
)

COUNTS = st.builds(
    PairedCounts,
    both=st.integers(0, 400),
    only_a=st.integers(0, 60),
    only_b=st.integers(0, 60),
    neither=st.integers(0, 60),
).filter(lambda counts: counts.n > 0)


@given(n=st.integers(1, 5000), part=st.floats(0, 1))
def test_wilson_is_statsmodels(n: int, part: float) -> None:
    successes = round(part * n)
    low, high = proportion_confint(successes, n, 0.05, method="wilson")
    found = wilson_interval(successes, n)
    assert found.low == pytest.approx(max(low, 0), abs=1e-12)
    assert found.high == pytest.approx(min(high, 1), abs=1e-12)


@given(COUNTS)
def test_mcnemar_is_statsmodels(counts: PairedCounts) -> None:
    table = [[counts.both, counts.only_a], [counts.only_b, counts.neither]]
    theirs = mcnemar(table, exact=True).pvalue if counts.only_a + counts.only_b else 1.0
    assert mcnemar_exact(counts) == pytest.approx(theirs, abs=1e-12)


@given(COUNTS)
def test_a_paired_interval_holds_its_difference_and_mirrors(counts: PairedCounts) -> None:
    found = paired_difference_interval(counts)
    delta = (counts.only_a - counts.only_b) / counts.n
    assert -1 <= found.low <= delta + 1e-12
    assert delta - 1e-12 <= found.high <= 1
    swapped = PairedCounts(counts.both, counts.only_b, counts.only_a, counts.neither)
    mirrored = paired_difference_interval(swapped)
    assert mirrored.low == pytest.approx(-found.high, abs=1e-12)
    assert mirrored.high == pytest.approx(-found.low, abs=1e-12)


def test_with_many_pictures_it_is_the_normal_interval_of_the_differences() -> None:
    counts = PairedCounts(both=7000, only_a=1200, only_b=900, neither=900)
    differences = np.repeat([0, 1, -1, 0], [7000, 1200, 900, 900])
    half = 1.959964 * differences.std(ddof=1) / math.sqrt(counts.n)
    found = paired_difference_interval(counts)
    assert found.low == pytest.approx(differences.mean() - half, abs=3e-4)
    assert found.high == pytest.approx(differences.mean() + half, abs=3e-4)


@pytest.mark.parametrize(
    "chances", [(0.80, 0.12, 0.05, 0.03), (0.97, 0.015, 0.005, 0.01), (0.5, 0.2, 0.2, 0.1)]
)
def test_its_coverage_is_close_to_what_it_claims(chances: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    truth = chances[1] - chances[2]
    tables = rng.multinomial(200, chances, size=3000)
    intervals = [paired_difference_interval(PairedCounts(*map(int, row))) for row in tables]
    covered = np.mean([item.low <= truth <= item.high for item in intervals])
    assert 0.935 <= covered <= 0.99


def test_agreement_on_everything_is_no_proof_of_equality() -> None:
    found = paired_difference_interval(PairedCounts(both=100, only_a=0, only_b=0, neither=0))
    assert found.low < 0 < found.high
    assert mcnemar_exact(PairedCounts(100, 0, 0, 0)) == 1.0


NEWCOMBE_TABLE_III = [
    ((36, 12, 2, 0), (0.0569, 0.3404)),
    ((20, 12, 2, 16), (0.0562, 0.3292)),
    ((18, 12, 2, 18), (0.0562, 0.3290)),
    ((36, 14, 0, 0), (0.1528, 0.4167)),
    ((35, 14, 0, 1), (0.1461, 0.4175)),
    ((18, 14, 0, 18), (0.1441, 0.3963)),
    ((2, 97, 1, 0), (0.8721, 0.9854)),
    ((1, 97, 1, 1), (0.8736, 0.9850)),
    ((0, 29, 1, 0), (0.6666, 0.9882)),
    ((2, 98, 0, 0), (0.9178, 0.9945)),
    ((1, 98, 0, 1), (0.9171, 0.9916)),
    ((0, 30, 0, 0), (0.8395, 1.0)),
    ((54, 0, 0, 0), (-0.0664, 0.0664)),
    ((53, 0, 0, 1), (-0.0729, 0.0729)),
    ((30, 0, 0, 24), (-0.0358, 0.0358)),
]
"""Newcombe 1998, Statistics in Medicine 17:2635-2650, table III, method 10, 95 %."""


@pytest.mark.parametrize(("cells", "limits"), NEWCOMBE_TABLE_III)
def test_the_paired_interval_is_newcombes_published_one(
    cells: tuple[int, int, int, int], limits: tuple[float, float]
) -> None:
    found = paired_difference_interval(PairedCounts(*cells))
    assert (found.low, found.high) == pytest.approx(limits, abs=1e-4)  # he prints four decimals


def test_more_confidence_takes_a_wider_interval() -> None:
    counts = PairedCounts(both=36, only_a=12, only_b=2, neither=0)
    narrow, wide = (paired_difference_interval(counts, part) for part in (0.8, 0.99))
    assert wide.low < narrow.low < 0.2 < narrow.high < wide.high
    for part in (0.8, 0.99):
        low, high = proportion_confint(48, 50, 1 - part, method="wilson")
        found = wilson_interval(48, 50, part)
        assert (found.low, found.high) == pytest.approx((low, high))


def test_pairs_are_counted_by_who_was_right() -> None:
    a = np.array([True, True, True, False, False, False, True])
    b = np.array([True, False, False, True, False, False, False])
    assert PairedCounts.of(a, b) == PairedCounts(both=1, only_a=3, only_b=1, neither=2)
    assert PairedCounts(1, 2, 4, 8).n == 15


VALUES = np.random.default_rng(4).gamma(2.0, size=400)
EVERYTHING = Interval(-math.inf, math.inf)


def mean(chosen: np.ndarray) -> np.ndarray:
    return np.asarray(VALUES[chosen].mean(axis=-1))


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_a_bootstrap_interval_is_as_wide_as_the_normal_one_and_as_scipys(confidence: float) -> None:
    found = bootstrap_interval(mean, 400, limits=EVERYTHING, confidence=confidence)
    half = float(stats.norm.ppf(0.5 + confidence / 2) * VALUES.std(ddof=1) / 20)
    assert found.low == pytest.approx(VALUES.mean() - half, abs=0.12 * half)
    assert found.high == pytest.approx(VALUES.mean() + half, abs=0.12 * half)
    theirs = stats.bootstrap(
        (VALUES,),
        np.mean,
        confidence_level=confidence,
        n_resamples=5000,
        method="percentile",
        rng=11,
    ).confidence_interval
    assert found.low == pytest.approx(theirs.low, abs=0.12 * half)
    assert found.high == pytest.approx(theirs.high, abs=0.12 * half)


def test_a_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(60):
        values = rng.normal(0, 1, 100)

        def statistic(chosen: np.ndarray, values: np.ndarray = values) -> np.ndarray:
            return np.asarray(values[chosen].mean(axis=-1))

        found = bootstrap_interval(statistic, 100, limits=Interval(-9, 9))
        covered += found.low <= 0 <= found.high
    assert 50 <= covered <= 60


def test_the_same_seed_gives_the_same_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (
        bootstrap_interval(mean, 400, limits=EVERYTHING, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again == bootstrap_interval(mean, 400, limits=EVERYTHING)
    assert first != other
    # How many resamples are worked out at once changes nothing but the memory that they take.
    monkeypatch.setattr(statistics, "AT_ONCE", 4000)
    sizes: list[int] = []

    def watched(chosen: np.ndarray) -> np.ndarray:
        sizes.append(chosen.size)
        return mean(chosen)

    assert bootstrap_interval(watched, 400, limits=EVERYTHING) == first
    assert max(sizes) <= 4000


def test_resamples_that_say_nothing_are_left_out() -> None:
    def only_with_the_first(chosen: np.ndarray) -> np.ndarray:
        return np.where((chosen == 0).any(axis=-1), mean(chosen), np.nan)

    found = bootstrap_interval(only_with_the_first, 400, limits=EVERYTHING)
    assert found.low < VALUES.mean() < found.high
    nothing = bootstrap_interval(
        lambda chosen: np.full(chosen.shape[:-1], np.nan), 400, limits=Interval(0, 1)
    )
    assert nothing == Interval(0, 1)


@pytest.mark.parametrize("n", [0, 1])
def test_one_picture_alone_leaves_everything_possible(n: int) -> None:
    assert bootstrap_interval(mean, n, limits=Interval(0, 1)) == Interval(0, 1)


def test_a_proportion_has_wilsons_interval_and_survives_json() -> None:
    found = proportion(45, 50)
    assert found == Estimate(0.9, wilson_interval(45, 50), 50)
    row = found.to_json()
    assert row == {"value": 0.9, "ci": [found.interval.low, found.interval.high], "n": 50}
    assert Estimate.from_json(row) == found


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(statistics)
    assert found.attempted >= 5
    assert found.failed == 0
