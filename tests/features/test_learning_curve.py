"""What more pictures would buy: the parts, what judges them, the sentence, and real doublings."""

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Cli, paint_set
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError
from tl_catdog.features import learning_curve
from tl_catdog.features.forecast import Forecast
from tl_catdog.features.learning_curve import (
    LearningCurve,
    _point,
    _sizes,
    _subset,
    curve_features,
    learning_curve_chart,
)
from tl_catdog.features.linear_probe import Job, Pooled, probe_predictions
from tl_catdog.statistics import Estimate, Interval


def test_parts_are_stratified_nested_and_seeded() -> None:
    labels = np.array([0] * 100 + [1] * 300 + [2])
    small, large = (_subset(labels, part, (0, 1)) for part in (0.25, 0.5))
    assert np.bincount(labels[small]).tolist() == [25, 75, 1]
    assert set(small) < set(large)
    assert (_subset(labels, 0.25, (0, 1)) == small).all()
    assert set(_subset(labels, 0.25, (0, 2))) != set(small)


def test_parts_are_halves_down_to_two_pictures_a_class() -> None:
    assert _sizes(np.repeat([0, 1], 5)) == [0.5, 1.0]
    assert _sizes(np.repeat([0, 1], (20, 12))) == [0.125, 0.25, 0.5, 1.0]
    assert _sizes(np.repeat([0, 1], 5000))[0] == 0.5**6
    assert _sizes(np.repeat(range(37), 6)) == [0.5, 1.0]
    for labels in (np.repeat([0, 1], 2), np.zeros(50, dtype=np.int64)):
        with pytest.raises(CatdogError, match=f"found {len(labels)} pictures of"):
            _sizes(labels)


def curve(value: float, low: float, high: float) -> LearningCurve:
    gain = Estimate(value, Interval(low, high), 1183)
    return LearningCurve((), Forecast(0.1, gain), "held-out")


def test_the_sentence_says_what_can_be_shown() -> None:
    assert curve(0.004, 0.001, 0.007).sentence() == (
        "Doubling your pictures should gain about 0.4 points (0.1–0.7)"
    )
    assert curve(0.001, -0.002, 0.004).sentence() == (
        "Doubling your pictures should gain about 0.1 points (−0.2 to 0.4); it may gain nothing"
    )


def test_an_accuracy_rests_on_the_pictures_judged_and_on_those_trained_on() -> None:
    right = np.arange(400)[None, :] >= 40
    sure, lucky = _point(10**9, right), _point(10, right)
    low, high = sure.accuracy.interval.low, sure.accuracy.interval.high
    half = 1.96 * math.sqrt(0.9 * 0.1 / 400)
    assert (high - low) / 2 == pytest.approx(half, rel=0.02)
    wider = lucky.accuracy.interval.high - lucky.accuracy.interval.low
    assert wider > 1.4 * (high - low)
    assert (sure.accuracy.value, sure.accuracy.n, sure.n, sure.repeats) == (0.9, 400, 10**9, 1)


def test_the_chart_draws_the_forecast_after_the_points_and_no_more_than_all() -> None:
    points = (_point(10, np.ones((1, 40), dtype=np.bool_)), _point(20, np.arange(40)[None] > 0))
    gain = Estimate(0.03, Interval(-0.02, 0.08), 40)
    (axes,) = learning_curve_chart(LearningCurve(points, Forecast(0.3, gain), "held-out")).axes
    measured, to, forecast = (np.asarray(line.get_xydata()) for line in axes.get_lines()[::3])
    assert measured.tolist() == [[10, 1.0], [20, 0.975]]
    assert to.tolist() == [[20, 0.975], [40, 1.0]]
    assert forecast.tolist() == [[40, 1.0]]


def examples(split: str, label: str, count: int) -> list[Example]:
    return [
        Example(
            Path(f"{split}/{label}/{i}"), f"{split}/{label}/{i}", label, split, f"{label}{split}{i}"
        )
        for i in range(count)
    ]


def pooled(train: int, others: int, *, deceived: bool = False) -> Pooled:
    """Return features that tell the classes apart; those of the others may be the wrong class's."""
    some = [
        *examples("train", "ant", train),
        *examples("validation", "ant", others),
        *examples("train", "bee", train),
        *examples("test", "bee", others),
    ]
    rng = np.random.default_rng(0)
    side = np.array([(e.label == "bee") != (deceived and e.split != "train") for e in some])
    features = rng.normal(size=(len(some), 6)) + 6 * side[:, None] - 3
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
    return seen


@pytest.mark.parametrize(("deceived", "accuracy"), [(False, 1.0), (True, 0.0)])
def test_accuracy_is_that_on_pictures_held_out(
    jobs: list[Job], deceived: bool, accuracy: float
) -> None:
    found = pooled(16, 50, deceived=deceived)
    heard: list[tuple[int, int]] = []
    curve = learning_curve.learning_curve(
        found, ("ant", "bee"), repeats=2, progress=lambda *done: heard.append(done)
    )
    assert curve.judged == "held-out"
    assert [(point.n, point.repeats) for point in curve.points] == [
        (4, 2), (8, 2), (16, 2), (32, 1),
    ]  # fmt: skip
    assert all(point.accuracy.n == 100 for point in curve.points)
    assert all(abs(point.accuracy.value - accuracy) < 0.06 for point in curve.points)
    assert heard == [(done, 7) for done in range(1, 8)]
    training = np.array([example.split == "train" for example in found.examples])
    for some, labels, others, _ in jobs:
        assert np.array_equal(others, found.features[~training])
        assert np.bincount(labels).tolist() == [len(some) // 2] * 2
    assert {row.tobytes() for row in jobs[3][0]} == {
        row.tobytes() for row in found.features[training]
    }


@pytest.mark.parametrize(("train", "others"), [(5, 0), (16, 20)])
def test_where_little_is_held_out_all_pictures_are_predicted_out_of_fold(
    jobs: list[Job], train: int, others: int
) -> None:
    found = pooled(train, others)
    curve = learning_curve.learning_curve(found, ("ant", "bee"), repeats=2)
    total = 2 * (train + others)
    assert curve.judged == "out-of-fold"
    assert all(point.accuracy.n == total for point in curve.points)
    assert curve.points[-1].accuracy.value == 1.0
    assert 0.75 * total < curve.points[-1].n < total
    assert curve.forecast.gain.n == total
    for some, _, asked, _ in jobs:
        assert not {row.tobytes() for row in some} & {row.tobytes() for row in asked}
    rows = {row.tobytes() for _, _, asked, _ in jobs for row in asked}
    assert rows == {row.tobytes() for row in found.features}


def test_pictures_of_a_group_stay_in_one_fold(jobs: list[Job]) -> None:
    found = pooled(12, 0)
    grouped = tuple(
        Example(e.path, e.name, e.label, e.split, e.digest, group=f"{e.label}{i % 12 // 3}")
        for i, e in enumerate(found.examples)
    )
    learning_curve.learning_curve(Pooled(grouped, found.features, ()), ("ant", "bee"), repeats=1)
    of = {row.tobytes(): item.group for row, item in zip(found.features, grouped, strict=True)}
    for some, _, asked, _ in jobs:
        assert not {of[row.tobytes()] for row in some} & {of[row.tobytes()] for row in asked}


def test_repeats_are_trained_on_other_pictures_and_seeds_too(jobs: list[Job]) -> None:
    found = pooled(16, 50)
    for seed in (0, 0, 1):
        learning_curve.learning_curve(found, ("ant", "bee"), repeats=2, seed=seed)
    parts = [{row.tobytes() for row in some} for some, *_ in jobs]
    assert len(parts) == 3 * 7
    assert parts[0] < parts[1] < parts[2] < parts[3]  # a repeat's parts lie within each other
    assert parts[0] != parts[4]
    assert parts[0] == parts[7]
    assert parts[0] != parts[14]


def test_a_class_without_training_pictures_is_answered_wrong() -> None:
    found = pooled(16, 50)
    some = tuple(
        Example(e.path, e.name, "fly" if e.split == "test" else e.label, e.split, e.digest)
        for e in found.examples
    )
    curve = learning_curve.learning_curve(
        Pooled(some, found.features, ()), ("ant", "bee", "fly"), repeats=1
    )
    assert curve.points[-1].accuracy.value == 0.5


def learnt(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features of two classes that overlap, 40 values each, and their labels."""
    labels = np.arange(images) % 2
    features = rng.normal(size=(images, 40)) * (0.3 + np.arange(40) % 5 / 4)
    features[:, :8] += 0.55 * (2 * labels[:, None] - 1)
    return (features + 2).astype(np.float32), labels


@pytest.mark.parametrize("held_out", [False, True])
def test_real_doublings_lie_in_the_interval(held_out: bool) -> None:
    """Other pictures are drawn each time, and as many again; what they gain is measured on 800."""
    held, widths = 0, []
    for draw in range(12):
        rng = np.random.default_rng(draw)
        features, labels = learnt(rng, 1000)
        now, doubled, judging = slice(60), slice(120), slice(200, 1000)
        split = ["train"] * 60 + (["test"] * 120 if held_out else [])
        some = [*range(60), *(range(200, 320) if held_out else [])]
        examples = tuple(
            Example(Path(str(i)), str(i), "ab"[labels[i]], part, f"digest {i}")
            for i, part in zip(some, split, strict=True)
        )
        found = Pooled(examples, features[some], ())
        gain = learning_curve.learning_curve(found, ("a", "b"), repeats=1).forecast.gain
        jobs = [(features[part], labels[part], features[judging], 16.0) for part in (now, doubled)]
        before, after = (
            (said.argmax(axis=1) == labels[judging]).mean() for said in probe_predictions(jobs)
        )
        held += gain.interval.low <= after - before <= gain.interval.high
        widths.append(gain.interval.high - gain.interval.low)
    assert held >= 11
    assert np.mean(widths) < 0.25


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
    data = paint_set(tmp_path / "pictures", {"train": 8, "validation": 5})
    words = (
        *("learning-curve", "--data", data, "--image-size", 32, "--repeats", 2),
        *("--out", tmp_path / "curve.png"),
    )
    outcome = cli(*words, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found["judged"] == "out-of-fold"
    assert [point["repeats"] for point in found["points"]] == [2, 2, 2]
    assert found["gain"]["n"] == 26
    assert (tmp_path / "curve.png").stat().st_size > 5000
    assert found["sentence"] in " ".join(cli(*words).out.split())


def test_too_few_pictures_are_refused_in_one_line(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "pictures", {"": 2})
    outcome = cli("learning-curve", "--data", data, "--image-size", 32)
    assert outcome.code == 1
    assert "expected 3 training pictures or more a class for a curve" in outcome.err
