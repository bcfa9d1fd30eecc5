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
    f1_score,
    mcnemar_exact,
    mean_loss,
    mean_proportion,
    paired_difference_interval,
    proportion,
    score_interval,
    student_quantile,
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


@given(n=st.integers(1, 5000), part=st.floats(0, 1))
def test_a_score_interval_of_a_whole_number_is_wilsons(n: int, part: float) -> None:
    hits = round(part * n)
    found, theirs = score_interval(hits / n, n, 1.959963984540054), wilson_interval(hits, n)
    assert found.low == pytest.approx(theirs.low, abs=1e-9)
    assert found.high == pytest.approx(theirs.high, abs=1e-9)


def test_students_quantile_is_that_of_the_group_that_varies_most() -> None:
    many = student_quantile(np.array([1.0]), np.array([100_000]))
    assert many == pytest.approx(1.96, abs=1e-3)
    few = student_quantile(np.array([0.0, 1.0]), np.array([100_000, 10]))
    assert few == pytest.approx(float(stats.t.ppf(0.975, 10)))
    even = student_quantile(np.full(4, 0.1), np.full(4, 5))
    assert even == pytest.approx(float(stats.t.ppf(0.975, 20)))


def held(intervals: list[Interval], truth: float) -> float:
    """Return the part of the intervals that hold the truth, none of them a point."""
    assert all(item.low < item.high for item in intervals)
    return float(np.mean([item.low - 1e-9 <= truth <= item.high + 1e-9 for item in intervals]))


RECALLS = {
    "two pictures of each of 37": ([2] * 37, np.linspace(0.8, 1.0, 37)),
    "1,000 to 10, both often right": ([1000, 10], np.array([0.99, 0.9])),
    "1,000 to 10, the rare ones half wrong": ([1000, 10], np.array([0.99, 0.55])),
    "five of each of two": ([5, 5], np.array([0.9, 0.9])),
    "all right": ([100, 50, 20, 10, 5], np.ones(5)),
    "a picture of each": ([1] * 20, np.full(20, 0.6)),
}


@pytest.mark.parametrize("name", RECALLS)
def test_the_mean_of_proportions_is_held_as_often_as_promised(name: str) -> None:
    sizes, recalls = np.array(RECALLS[name][0]), RECALLS[name][1]
    rng = np.random.default_rng(0)
    found = [mean_proportion(rng.binomial(sizes, recalls), sizes) for _ in range(800)]
    assert held([item.interval for item in found], recalls.mean()) >= 0.93
    assert found[0].n == sizes.sum()
    assert all(item.interval.low <= item.value <= item.interval.high for item in found)


def test_a_small_groups_luck_doesnt_make_the_mean_certain() -> None:
    all_right = mean_proportion(np.array([1000, 10]), np.array([1000, 10]))
    assert all_right.value == 1.0
    assert 0.78 < all_right.interval.low < 0.9  # Wilson's of ten alone is 0.72, of 1,010 0.996
    equal = mean_proportion(np.array([170, 175]), np.array([175, 175]))
    plain = wilson_interval(345, 350)
    assert equal.interval.low == pytest.approx(plain.low, abs=0.003)
    assert equal.interval.high == pytest.approx(plain.high, abs=0.003)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_f1_is_its_definition_and_within_its_interval(hits: int, missed: int, wrongly: int) -> None:
    found = f1_score(hits, hits + wrongly, hits + missed)
    if hits + missed + wrongly == 0:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(2 * hits / (2 * hits + missed + wrongly))
    assert found.interval.low - 1e-9 <= found.value <= found.interval.high + 1e-9
    assert found.interval.high - found.interval.low > 0.03
    assert found.n == hits + missed + wrongly


@pytest.mark.parametrize(
    ("size", "others", "recall", "wrongly"),
    [(2, 72, 0.9, 0.02), (2, 72, 0.5, 0.2), (10, 1000, 0.9, 0.02), (175, 175, 0.9, 0.02)],
)
def test_f1_is_held_as_often_as_promised(
    size: int, others: int, recall: float, wrongly: float
) -> None:
    rng = np.random.default_rng(0)
    truth = 2 * size * recall / (size * recall + size + others * wrongly)
    found = []
    for hits, called in zip(
        rng.binomial(size, recall, 800), rng.binomial(others, wrongly, 800), strict=True
    ):
        item = f1_score(int(hits), int(hits + called), size)
        assert item is not None
        found.append(item.interval)
    assert held(found, truth) >= 0.93


LOSSES = {  # how often a picture is taken wrongly, and how many pictures
    "hardly a mistake": (0.004, 50),
    "some mistakes": (0.02, 351),
    "many": (0.2, 50),
    "coins": (0.5, 20),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_mean_loss_is_held_as_often_as_promised(name: str) -> None:
    """Wrong answers cost 1, right ones next to nothing: what a bootstrap can't see."""
    part, n = LOSSES[name]
    rng = np.random.default_rng(0)
    right = 0.001
    found = [
        mean_loss(np.where(rng.random(n) < part, 1.0, right * rng.random(n)), 1.0)
        for _ in range(800)
    ]
    assert held([item.interval for item in found], part + (1 - part) * right / 2) >= 0.93


def test_a_mean_loss_of_many_is_students_interval() -> None:
    losses = np.random.default_rng(1).gamma(2.0, 0.1, 20_000)
    found = mean_loss(losses, 1.0)
    theirs = stats.ttest_1samp(losses, 0).confidence_interval(0.95)
    assert found.value == pytest.approx(losses.mean())
    assert found.interval.low == pytest.approx(theirs.low, abs=1e-9)
    assert found.interval.high == pytest.approx(theirs.high, abs=2e-4)


def test_one_loss_alone_may_be_of_nothing_or_of_a_mistake() -> None:
    assert mean_loss(np.array([0.1]), 3.0) == Estimate(0.1, Interval(0.0, 3.0), 1)
    assert mean_loss(np.array([7.0]), 3.0).interval.high == 7.0


@pytest.mark.parametrize("chances", [(0.996, 0.003, 0.0, 0.001), (0.9, 0.0, 0.0, 0.1)])
def test_a_paired_interval_holds_where_hardly_a_pair_differs(chances: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    found = [
        paired_difference_interval(PairedCounts(*map(int, row)))
        for row in rng.multinomial(74, chances, size=800)
    ]
    assert held(found, chances[1] - chances[2]) >= 0.93


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
