"""A head made in a second says what a training's head says."""

import numpy as np
import pytest

from tests.training.test_linear_start import CLASSES, blobs, labels_of
from tl_catdog.config import TrainConfig
from tl_catdog.features.linear_head import MEAN, STRENGTHS
from tl_catdog.training import head_stages
from tl_catdog.training.linear_start import linear_start
from tl_catdog.tuning import heads
from tl_catdog.tuning.heads import (
    calibrated,
    judged,
    linear_chances,
    losses_of,
    to_chances,
    together,
    unit_logits,
)


def rows(samples: object) -> np.ndarray:
    positions = np.arange(len(samples.examples))  # type: ignore[attr-defined]
    views = [
        samples.gather(positions, np.full_like(positions, view))  # type: ignore[attr-defined]
        for view in range(samples.views)  # type: ignore[attr-defined]
    ]
    return np.stack(views, axis=1).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("balanced", [False, True])
def test_the_linear_model_is_the_one_that_a_training_begins_at(
    classes: int, balanced: bool
) -> None:
    names = CLASSES[:classes]
    counts = {name: 30 + 20 * number for number, name in enumerate(names)}
    training, held_out = (blobs(counts, seed, views=2, spread=2.0) for seed in (0, 1))
    theirs = linear_start(training, names, held_out, strength=10.0, balanced=balanced)
    alone = linear_chances(
        rows(training), labels_of(training), rows(held_out)[:, 0], 10.0, balanced=balanced, seed=0
    )
    truth = labels_of(held_out)
    ours = judged(alone, None, truth, 10.0)
    np.testing.assert_allclose(ours.chances, theirs.of(held_out), atol=0.02)
    assert ours.temperatures[1] == 0


def test_the_mean_is_that_of_a_training() -> None:
    assert vars(head_stages)["MEAN"] is vars(heads)["MEAN"] is MEAN
    assert MEAN == 0.5


def test_parts_are_put_together_at_their_temperatures() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (50, 3))
    labels = np.array([rng.choice(3, p=row) for row in to_chances(logits)])
    sharp = judged(to_chances(4 * logits), 0.25 * logits, labels, 100.0)
    linear, units = sharp.temperatures
    assert linear > 2.5
    assert units < 0.5
    # Both parts say the same by then, so does their mean.
    mean = together(to_chances(4 * logits), 0.25 * logits, sharp.temperatures)
    np.testing.assert_allclose(mean, to_chances(logits), atol=0.12)
    assert (
        losses_of(sharp.chances, labels).mean() < losses_of(to_chances(4 * logits), labels).mean()
    )


def test_losses_are_of_the_true_class_and_bounded() -> None:
    found = losses_of(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 1]))
    assert found == pytest.approx([np.log(2), -np.log(1e-12)])


def test_a_temperature_expects_what_is_usual_of_its_strength() -> None:
    """Of two pictures little can be told."""
    chances, labels = np.array([[0.6, 0.4], [0.4, 0.6]]), np.array([0, 1])
    found = [calibrated(chances, labels, strength).temperature for strength in STRENGTHS]
    assert found == sorted(found)
    assert found[0] < found[-1] / 2


def test_units_learn_what_no_linear_model_can() -> None:
    rng = np.random.default_rng(0)
    features = rng.uniform(-1, 1, (400, 2)).astype(np.float32)
    labels = ((features[:, 0] > 0) ^ (features[:, 1] > 0)).astype(np.int64)
    config = TrainConfig(epochs=60, learning_rate=1e-2, dropout=0.1).resolved(400, 2)
    logits = unit_logits(features[:, None], labels, features, 2, config, 0)
    assert (logits.argmax(axis=1) == labels).mean() > 0.9
    alone = linear_chances(features[:, None], labels, features, 10.0, balanced=False, seed=0)
    assert (alone.argmax(axis=1) == labels).mean() < 0.75
