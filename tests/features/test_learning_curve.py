"""What more pictures would buy: the fit, the parts, the sentence."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Cli, paint_set
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError
from tl_catdog.features import learning_curve
from tl_catdog.features.learning_curve import (
    LearningCurve,
    PowerLaw,
    _fractions,
    _subset,
    continued,
    curve_features,
    fit,
)
from tl_catdog.features.linear_probe import Job, Pooled, probe_predictions
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


def test_more_pictures_to_evaluate_on_make_the_interval_narrower() -> None:
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


def examples(split: str, label: str, count: int) -> list[Example]:
    return [
        Example(Path(f"{split}/{label}/{i}"), f"{split}/{label}/{i}", label, split, f"{split}{i}")
        for i in range(count)
    ]


def pooled(train: int, *, deceived: bool) -> Pooled:
    """Return features that tell the classes apart; those of the others may be the wrong class's."""
    some = [
        *examples("train", "ant", train),
        *examples("validation", "ant", 20),
        *examples("train", "bee", train),
        *examples("test", "bee", 20),
    ]
    rng = np.random.default_rng(0)
    centre = np.array(
        [(e.label == "bee") != (deceived and e.split != "train") for e in some], dtype=np.float64
    )
    features = rng.normal(size=(len(some), 6)) + 6 * centre[:, None] - 3
    return Pooled(tuple(some), features.astype(np.float32), ())


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return what probes are trained on and predict from now on."""
    seen: list[Job] = []

    def spied(some: Iterable[Job]) -> Iterator[Any]:
        fresh = list(some)
        seen.extend(fresh)
        return probe_predictions(fresh)

    monkeypatch.setattr(learning_curve, "probe_predictions", spied)
    monkeypatch.setattr(learning_curve, "RESAMPLES", 20)
    return seen


@pytest.mark.parametrize(("deceived", "accuracy"), [(False, 1.0), (True, 0.0)])
def test_accuracy_is_that_on_pictures_that_no_probe_was_trained_on(
    jobs: list[Job], deceived: bool, accuracy: float
) -> None:
    found = pooled(80, deceived=deceived)
    heard: list[tuple[int, int]] = []
    curve = learning_curve.learning_curve(
        found, ("ant", "bee"), repeats=2, progress=lambda *done: heard.append(done)
    )
    assert [(point.n, point.repeats) for point in curve.points] == [
        (20, 2), (40, 2), (80, 2), (160, 1),
    ]  # fmt: skip
    assert all(point.accuracy.n == 40 for point in curve.points)
    assert all(abs(point.accuracy.value - accuracy) < 0.06 for point in curve.points)
    assert heard == [(done, 7) for done in range(1, 8)]
    training = np.array([example.split == "train" for example in found.examples])
    for some, labels, others, _ in jobs:
        assert np.array_equal(others, found.features[~training])
        assert np.bincount(labels).tolist() == [len(some) // 2] * 2
    assert np.array_equal(jobs[-1][0], found.features[training])


def test_repeats_are_trained_on_other_pictures_and_seeds_too(jobs: list[Job]) -> None:
    found = pooled(80, deceived=False)
    for seed in (0, 0, 1):
        learning_curve.learning_curve(found, ("ant", "bee"), repeats=2, seed=seed)
    parts = [{row.tobytes() for row in some} for some, _, _, _ in jobs]
    assert parts[0] != parts[1]
    assert parts[0] < parts[2] < parts[4] < parts[6]  # a repeat's parts lie within each other
    assert parts[0] == parts[7]
    assert parts[0] not in (parts[14], parts[15])


def test_the_gain_is_what_the_law_says_of_twice_the_pictures() -> None:
    law = PowerLaw(1.0, 0.5, 0.02)
    curve = continued(SIZES, hits(law, 4000, 4, 2))
    assert curve.gain.value == pytest.approx(curve.law(640) - curve.law(1280))
    assert curve.gain.value == pytest.approx(law(640) - law(1280), abs=4e-3)
    assert curve.gain.n == 4000
    first = curve.points[0].accuracy
    assert first.value == pytest.approx(1 - law(20), abs=0.02)
    # Four probes on the same 4000 pictures: at most as exact as the pictures alone allow.
    half = 1.96 * (law(20) * (1 - law(20)) / 4000 / 4) ** 0.5
    assert half < first.interval.high - first.value < 4 * half


def test_parts_need_ten_pictures_of_the_rarest_class_and_four_sizes() -> None:
    assert _fractions(np.array([0] * 80 + [1] * 500), 2) == [0.125, 0.25, 0.5, 1.0]
    assert _fractions(np.array([0] * 159 + [1] * 500), 2) == [0.125, 0.25, 0.5, 1.0]
    assert len(_fractions(np.array([0] * 160 + [1] * 500), 2)) == 5
    for rarest in (79, 5):
        with pytest.raises(CatdogError, match=f"found {rarest} of the rarest"):
            _fractions(np.array([0] * 500 + [1] * rarest), 2)
    with pytest.raises(CatdogError, match="found 0 of the rarest"):
        _fractions(np.array([0] * 500), 2)


def test_copies_of_training_pictures_are_not_evaluated_on(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"train": 4, "validation": 3, "test": 2})
    copied = (root / "train" / "ant" / "000.png").read_bytes()
    (root / "test" / "ant" / "001.png").write_bytes(copied)
    images = load_training_set(root)
    found = curve_features(TrainConfig(image_size=32, cache_size=0.0).resolved(), images)
    names = {example.name for example in found.examples}
    assert names == {e.name for e in images.examples} - {"test/ant/001.png"}
    assert {example.split for example in found.examples} == {"train", "validation", "test"}


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
