"""What more pictures would buy: the fit, the parts, the sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Cli, paint_set
from tl_catdog.features import learning_curve
from tl_catdog.features.learning_curve import (
    LearningCurve,
    PowerLaw,
    _fractions,
    _subset,
    continued,
    fit,
)
from tl_catdog.statistics import Estimate, Interval

SIZES = [20, 40, 80, 160, 320, 640]


@settings(max_examples=30)
@given(st.floats(0.2, 2), st.floats(0.3, 1.2), st.floats(0, 0.2))
def test_the_law_behind_exact_errors_is_found(a: float, b: float, c: float) -> None:
    law = PowerLaw(a, b, c)
    errors = np.array([law(n) for n in SIZES])
    found = fit(SIZES, errors, 10_000)
    for n in (*SIZES, 2 * SIZES[-1]):
        assert found(n) == pytest.approx(law(n), abs=2e-3)


def hits(law: PowerLaw, pictures: int, repeats: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.random((repeats if n < SIZES[-1] else 1, pictures)) > law(n) for n in SIZES]


def test_the_interval_of_the_gain_holds_the_truth_about_as_often_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning_curve, "RESAMPLES", 100)
    law = PowerLaw(1.0, 0.5, 0.02)
    truth = law(SIZES[-1]) - law(2 * SIZES[-1])
    held = 0
    for seed in range(8):
        gain = continued(SIZES, hits(law, 800, 4, seed)).gain
        assert gain.interval.low <= gain.value <= gain.interval.high
        held += gain.interval.low <= truth <= gain.interval.high
    assert held >= 6


def test_more_pictures_to_judge_by_make_the_interval_narrower() -> None:
    law = PowerLaw(1.0, 0.5, 0.02)
    few, many = (continued(SIZES, hits(law, n, 4, 1)).gain.interval for n in (200, 5000))
    assert many.high - many.low < (few.high - few.low) / 2


def test_parts_are_stratified_nested_and_seeded() -> None:
    labels = np.array([0] * 100 + [1] * 300)
    small, large = (_subset(labels, part, (0, 1)) for part in (0.25, 0.5))
    assert np.bincount(labels[small]).tolist() == [25, 75]
    assert set(small) < set(large)
    assert (_subset(labels, 0.25, (0, 1)) == small).all()
    assert set(_subset(labels, 0.25, (0, 2))) != set(small)
    assert _fractions(labels, 2) == [0.125, 0.25, 0.5, 1.0]


def curve(value: float, low: float, high: float) -> LearningCurve:
    return LearningCurve((), PowerLaw(1, 1, 0), Estimate(value, Interval(low, high), 1183))


def test_the_sentence_says_what_can_be_shown() -> None:
    assert curve(0.004, 0.001, 0.007).sentence() == (
        "Doubling your pictures should gain about 0.4 points (0.1–0.7)"
    )
    assert "may gain nothing that 1183 pictures can show" in curve(0.001, 0.0, 0.004).sentence()


def test_the_command_prints_what_its_json_says(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "pictures", {"train": 80, "validation": 20})
    words = (
        *("learning-curve", "--data", data, "--image-size", 32, "--repeats", 2),
        *("--out", tmp_path / "curve.png"),
    )
    outcome = cli(*words, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert [point["n"] for point in found["points"]] == [20, 40, 80, 160]
    assert [point["repeats"] for point in found["points"]] == [2, 2, 2, 1]
    assert found["gain"]["n"] == 40
    assert (tmp_path / "curve.png").stat().st_size > 5000
    assert found["sentence"] in " ".join(cli(*words).out.split())


def test_too_few_pictures_are_refused_in_one_line(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "pictures", {"train": 30, "validation": 5})
    outcome = cli("learning-curve", "--data", data, "--image-size", 32)
    assert outcome.code == 1
    expected = "expected 80 training pictures or more of each class for a curve, found 30"
    assert expected in outcome.err
