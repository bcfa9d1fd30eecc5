"""Intervals and tests, checked against independent libraries and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from tl_catdog.statistics import (
    PairedCounts,
    mcnemar_exact,
    paired_difference_interval,
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
