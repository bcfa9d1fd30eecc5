"""The quick fit is scikit-learn's, and a store's turning changes no distance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tl_catdog.teach.heads import Store, fit

WIDTH = 24


def clouds(count: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    features = rng.normal(size=(count, WIDTH)) * np.linspace(3, 0.05, WIDTH) + 4
    features[np.arange(count), labels] += 2
    return features.astype(np.float32), labels


def store_of(features: np.ndarray) -> tuple[Store, list[str]]:
    store, names = Store(), [f"{n}" for n in range(len(features))]
    for start in range(0, len(features), 7):
        store.add(names[start : start + 7], features[start : start + 7])
        store.settle()
    return store, names


def units(features: np.ndarray) -> np.ndarray:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True))


def test_turning_changes_no_distance_and_can_be_undone() -> None:
    features, _ = clouds(60, 2)
    store, names = store_of(features)
    between = np.linalg.norm(units(features)[:, None] - units(features), axis=2)
    rows = store.rows(names)
    assert np.abs(np.linalg.norm(rows[:, None] - rows, axis=2) - between).max() < 1e-5
    assert np.abs(store.units(names) - units(features)).max() < 1e-5
    assert len(store) == 60
    assert "59" in store
    assert "60" not in store


def test_a_picture_is_taken_once() -> None:
    features, _ = clouds(4, 2)
    store = Store()
    store.add(["a", "a", "b"], features[:3])
    store.add(["a"], features[3:])
    assert len(store) == 2
    assert np.abs(store.units(["b"]) - units(features[2:3])).max() < 1e-6


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("strength", [1.0, 30.0])
def test_the_fit_is_that_of_scikit_learn(classes: int, strength: float) -> None:
    features, labels = clouds(300, classes)
    store, names = store_of(features)
    found = fit(store.rows(names), labels, strength, store.spread, gradient=1e-6)
    other = LogisticRegression(C=strength, tol=1e-8, max_iter=10_000)
    expected = other.fit(units(features), labels).predict_proba(units(features))
    assert np.abs(found.chances(store.rows(names), classes) - expected).max() < 0.003
    head = found.head(store, ("a", "b", "c")[:classes], strength, 1.0, 1)
    assert np.abs(head.answers(3 * features) - expected).max() < 0.003


def test_a_start_leads_to_the_same_weights() -> None:
    features, labels = clouds(200, 3)
    store, names = store_of(features)
    rows = store.rows(names)
    cold = fit(rows, labels, 10.0, store.spread, gradient=1e-6)
    warm = fit(rows, labels, 10.0, store.spread, fit(rows, labels, 1.0, store.spread))
    assert np.abs(cold.chances(rows, 3) - warm.chances(rows, 3)).max() < 0.005


def test_classes_that_were_not_seen_get_nothing() -> None:
    features, labels = clouds(40, 2)
    store, names = store_of(features)
    rows = store.rows(names)
    one = fit(rows[labels == 0], labels[labels == 0], 10.0, store.spread)
    assert one.chances(rows, 3)[:, 0].min() == 1
    both = fit(rows, 2 * labels, 10.0, store.spread)
    assert both.chances(rows, 3)[:, 1].max() == 0
