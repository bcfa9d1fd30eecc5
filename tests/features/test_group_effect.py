"""What groups do to accuracy: none where they mean nothing, much where pictures are alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm

from tests.conftest import paint_set
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import Example
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.sets import load_set
from tl_catdog.features import group_effect as module
from tl_catdog.features.group_effect import clustered_mean, group_effect, measured_effect
from tl_catdog.statistics import Interval, wilson_interval

Floats = npt.NDArray[np.float32]

WHOLE = Interval(-1, 1)


def world(
    seed: int, groups: int = 40, size: int = 4, *, own: float
) -> tuple[Floats, list[Example]]:
    """Return pictures whose class shows a little, and whose group shows by ``own``."""
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(groups), size)
    labels = which % 2
    features = rng.normal(size=(len(which), 30))
    features += own * rng.normal(size=(groups, 30))[which]
    features[:, 0] += 1.2 * (2 * labels - 1)
    examples = [
        Example(Path(f"{n}"), f"{n}", "xy"[label], "all", f"{n:04}", f"group {group}")
        for n, (label, group) in enumerate(zip(labels, which, strict=True))
    ]
    return features.astype(np.float32), examples


def test_where_groups_are_alike_accuracy_flatters_and_by_much() -> None:
    found = group_effect(*world(0, own=3.0))
    assert found is not None
    assert found.flattery.interval.low > 0.1
    assert found.flattery.value == pytest.approx(found.apart.value - found.together.value)
    assert found.apart.value > found.together.value + 0.1
    assert (found.groups, found.flattery.n) == (40, 160)
    assert found.to_json()["flattery"]["ci"] == [
        found.flattery.interval.low,
        found.flattery.interval.high,
    ]


def test_where_groups_mean_nothing_there_is_no_effect() -> None:
    effects = [group_effect(*world(seed, own=0.0)) for seed in range(5)]
    kept = [found.flattery for found in effects if found is not None]
    assert len(kept) == 5
    assert abs(float(np.mean([item.value for item in kept]))) < 0.02
    assert sum(item.interval.low <= 0 <= item.interval.high for item in kept) >= 4


def test_the_same_seed_gives_the_same_figures() -> None:
    features, examples = world(1, own=1.0)
    first, again = (group_effect(features, examples, seed=4) for _ in range(2))
    assert first == again
    assert first != group_effect(features, examples, seed=5)


def test_progress_counts_the_cross_validations() -> None:
    said: list[tuple[int, int]] = []
    group_effect(*world(0, own=1.0), progress=lambda done, total: said.append((done, total)))
    assert said == [(number, 6) for number in range(1, 7)]


def test_a_class_of_one_group_cannot_be_judged() -> None:
    features, examples = world(0, own=1.0)
    alone = [
        Example(e.path, e.name, e.label, e.split, e.digest, "one" if e.label == "x" else e.group)
        for e in examples
    ]
    assert group_effect(features, alone) is None


def test_of_many_pictures_whole_groups_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 101)
    features, examples = world(0, own=1.0)
    found = group_effect(features, examples)
    assert found is not None
    assert (found.groups, found.flattery.n) == (25, 100)
    groups = [example.group for example in examples]
    drawn = module._drawn(groups, 0)
    assert len({groups[place] for place in drawn}) * 4 == len(drawn) == 100
    assert set(drawn) != set(module._drawn(groups, 1))


def test_the_interval_of_a_mean_is_that_of_a_cluster_robust_regression() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 90)
    values = rng.normal(size=90) + rng.normal(size=12)[groups]
    found = clustered_mean(values, [f"{group}" for group in groups], Interval(-9, 9))
    fit = sm.OLS(values, np.ones(90)).fit(
        cov_type="cluster",
        # Its own correction has another factor beside G / (G − 1).
        cov_kwds={"groups": groups, "use_correction": False},
    )
    half = float(fit.bse[0]) * np.sqrt(12 / 11) * 2.200985  # Student's 97.5 %, 11 degrees
    assert found.value == pytest.approx(values.mean())
    assert found.interval.low == pytest.approx(values.mean() - half, rel=1e-6)
    assert found.interval.high == pytest.approx(values.mean() + half, rel=1e-6)
    assert found.n == 90


def test_the_interval_of_a_mean_holds_it_where_groups_differ() -> None:
    """Intervals that took pictures for independent would hold it in six worlds of ten."""
    held = narrow = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 12, 25)
        groups = np.repeat(np.arange(25), sizes)
        right = rng.random(len(groups)) < rng.beta(2, 2, 25)[groups]
        found = clustered_mean(right.astype(float), groups.astype(str).tolist(), Interval(0, 1))
        held += found.interval.low <= 0.5 <= found.interval.high
        narrow += abs(right.mean() - 0.5) <= 1.96 * 0.5 / np.sqrt(len(right))
    assert held / 400 >= 0.92
    assert narrow / 400 < 0.85


def test_limits_hold_and_one_group_tells_nothing() -> None:
    assert clustered_mean(np.ones(3), ["a", "a", "a"], WHOLE).interval == WHOLE
    found = clustered_mean(np.array([1.0, 1.0, 0.0]), ["a", "b", "c"], Interval(0, 1))
    assert (found.interval.low, found.interval.high) == (0, 1)


def test_where_all_is_the_same_the_interval_still_has_a_width() -> None:
    groups = [f"{n}" for n in range(20)]
    sure = clustered_mean(np.ones(20), groups, Interval(0, 1))
    low = wilson_interval(20, 20).low
    assert sure.interval.low == pytest.approx(low)
    assert sure.interval.high == 1
    same = clustered_mean(np.zeros(20), groups, WHOLE).interval
    assert same.low == pytest.approx(low - 1)
    assert same.high == pytest.approx(1 - low)


def test_a_sets_groups_are_measured_on_the_backbones_features(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 8})
    for path in root.rglob("*.png"):
        path.rename(path.with_name(f"{int(path.stem) // 2}_{path.stem}.png"))
    config = TrainConfig(image_size=32).resolved()
    assert measured_effect(config, load_set(root)) is None  # no groups but copies
    images = load_set(root, Labelling(group_by="pattern:{group}_{number}"))
    found = measured_effect(config, images)
    assert found is not None
    assert (found.groups, found.flattery.n) == (4, 16)
