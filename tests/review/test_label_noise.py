"""How many labels are wrong: the estimate, its calibration, and flipped labels that are found."""

from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from tests.features.test_linear_probe import blobs, names
from tl_catdog.features.linear_probe import cross_validated
from tl_catdog.review import label_noise as module
from tl_catdog.review.label_noise import DIVISIONS, doubts, label_noise


def world(
    n: int, classes: int, rate: float, temperature: float, hardness: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, chances said of them and which are wrong, where all is as the model has it.

    Labels are drawn from chances that are right; what is said is as if T were below or above 1.
    """
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + (6 - hardness) * np.eye(classes)[centre]
    chances = softmax(logits, axis=1)
    labels = np.array([rng.choice(classes, p=row) for row in chances])
    wrong = rng.random(n) < rate
    labels[wrong] = (labels[wrong] + rng.integers(1, classes, wrong.sum())) % classes
    return labels, softmax(logits * temperature, axis=1), wrong


@pytest.mark.parametrize("classes", [2, 6])
@pytest.mark.parametrize("rate", [0.01, 0.03, 0.1])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_part_of_wrong_labels_and_the_temperature_are_found(
    classes: int, rate: float, temperature: float
) -> None:
    labels, said, _ = world(4000, classes, rate, temperature, 0.0, 1)
    found = label_noise(labels, said)
    assert found.rate == pytest.approx(rate, abs=0.3 * rate + 0.004)
    assert found.temperature == pytest.approx(temperature, rel=0.2)


@pytest.mark.parametrize("hardness", [0.0, 3.0])
def test_the_chance_of_being_wrong_is_as_often_right_as_it_says(hardness: float) -> None:
    """Also where many pictures are hard to tell, so that few labels can be said to be wrong."""
    chances, truths = [], []
    for seed in range(8):
        labels, said, wrong = world(2000, 4, 0.05, 1.0, hardness, seed)
        chances.append(label_noise(labels, said).wrong)
        truths.append(wrong)
    chance, truth = np.concatenate(chances), np.concatenate(truths)
    assert chance.sum() == pytest.approx(truth.sum(), rel=0.2)
    for low, high in ((0.02, 0.4), (0.4, 0.7), (0.7, 1.01)):
        some = (chance >= low) & (chance < high)
        assert some.sum() > 20
        spread = np.sqrt(0.25 / some.sum())
        assert truth[some].mean() == pytest.approx(chance[some].mean(), abs=3 * spread)


def test_where_no_label_is_wrong_hardly_any_is_doubted() -> None:
    for seed in range(3):
        labels, said, _ = world(1000, 3, 0.0, 1.0, 2.0, seed)
        found = label_noise(labels, said)
        assert found.rate < 0.02
        assert (found.wrong > 0.5).sum() <= 3


def test_an_impossible_label_is_no_error_of_arithmetic() -> None:
    said = np.eye(2)[np.array([0] * 20 + [1] * 20)]
    labels = np.array([1] + [0] * 19 + [1] * 20)
    found = label_noise(labels, said)
    assert np.isfinite(found.wrong).all()
    assert found.wrong[0] > 0.9
    assert found.wrong[1:].max() < 0.1


@pytest.mark.parametrize("classes", [2, 5])
def test_flipped_labels_come_first(classes: int) -> None:
    features, truth = blobs((60,) * classes)
    rng = np.random.default_rng(0)
    flipped = rng.choice(len(truth), len(truth) // 20, replace=False)
    labels = truth.copy()
    labels[flipped] = (labels[flipped] + rng.integers(1, classes, len(flipped))) % classes
    _, noise = doubts(features, labels, names(len(labels)))
    first = set(np.argsort(-noise.wrong)[: len(flipped)].tolist())
    assert len(first & set(flipped.tolist())) >= 0.9 * len(flipped)
    likely = noise.wrong > 0.5
    assert likely[flipped].mean() >= 0.8
    assert likely.sum() <= 1.2 * len(flipped)
    assert noise.wrong.sum() == pytest.approx(len(flipped), rel=0.35)


Calls = list[dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return what is asked of cross-validation from now on, and what it answers."""
    seen: Calls = []
    original = cross_validated

    def spied(*words: Any, **named: Any) -> Any:
        found = original(*words, **named)
        seen.append({**named, "found": found.probabilities})
        return found

    monkeypatch.setattr(module, "cross_validated", spied)
    return seen


def test_divisions_differ_and_all_choose_like_the_first(calls: Calls) -> None:
    features, labels = blobs((30, 30))
    heard: list[tuple[int, int]] = []
    probabilities, _ = doubts(features, labels, names(60), progress=lambda *n: heard.append(n))
    # Nothing is likely wrong, so there is no second round.
    expected = np.mean([call["found"] for call in calls], axis=0)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-9)
    doubts(features, labels, names(60), seed=1)
    assert len({call["seed"] for call in calls}) == len(calls) == 2 * DIVISIONS
    assert [len(call["strengths"]) for call in calls[:DIVISIONS]] == [6, 1, 1]
    assert [done / total for done, total in heard] == sorted(done / total for done, total in heard)
    assert heard[-1][0] == heard[-1][1]


def test_the_second_round_is_not_trained_on_what_the_first_calls_likely_wrong(
    calls: Calls,
) -> None:
    features, labels = blobs((60, 60))
    wrong = [0, 1, 2, 60, 61, 62]
    labels[wrong] = 1 - labels[wrong]
    probabilities, noise = doubts(features, labels, names(120))
    assert len(calls) == 2 * DIVISIONS
    assert len({call["seed"] for call in calls}) == len(calls)
    assert all(call["trusted"].all() for call in calls[:DIVISIONS])
    for call in calls[DIVISIONS:]:
        assert call["trusted"][wrong].sum() <= 1
        assert np.delete(call["trusted"], wrong).all()
    first, second = (
        np.mean([call["found"] for call in some], axis=0)
        for some in (calls[:DIVISIONS], calls[DIVISIONS:])
    )
    middle = np.sqrt(first * second)
    np.testing.assert_allclose(probabilities, middle / middle.sum(axis=1, keepdims=True), rtol=1e-6)
    assert (noise.wrong[wrong] > 0.5).sum() >= 5
