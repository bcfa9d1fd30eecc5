"""How much of a fine-tuning is kept: what validation pictures say, on the line between the ends."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from tl_catdog.training.callbacks import BestWeights
from tl_catdog.training.stages import COMPLETED, FINETUNE, Stage, StageResult
from tl_catdog.training.tuned_share import choose_share

STAGE = Stage(FINETUNE, 4, 1e-4)
RESULT = StageResult(FINETUNE, COMPLETED, 4, 4, 0.5, 1.0, 1e-4, 2.0, 10, ("head",))


def network(classes: int) -> keras.Model:
    """Return a network that is a linear model of two numbers."""
    inputs = keras.layers.Input((2,))
    units, activation = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    return keras.Model(inputs, keras.layers.Dense(units, activation=activation)(inputs))


def pictures(classes: int, n: int = 300) -> list[tuple[Any, Any]]:
    """Return features of which the first alone tells the class, not without doubt, in batches."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % classes
    features = rng.normal(0, 0.5, (n, 2)).astype(np.float32)
    features[:, 0] += labels
    wanted = labels[:, None] if classes == 2 else np.eye(classes)[labels]
    return [
        (features[at : at + 64], wanted[at : at + 64].astype(np.float32)) for at in range(0, n, 64)
    ]


def weights(classes: int, first: float, second: float) -> list[Any]:
    """Return a network's weights that look at the two numbers so much."""
    if classes == 2:
        return [np.array([[first], [second]], np.float32), np.array([-first / 2], np.float32)]
    slopes = np.arange(classes, dtype=np.float32)
    return [np.array([first * slopes, second * slopes], np.float32), -first / 2 * slopes**2]


def chosen(
    classes: int, before: list[Any], after: list[Any], share: float | None = None
) -> tuple[float, StageResult, BestWeights, keras.Model]:
    model = network(classes)
    model.set_weights(before)
    best = BestWeights()
    best.take(0.5, 1.0, 9, model)
    model.set_weights(after)
    found = choose_share(model, STAGE, best, RESULT, validation=pictures(classes), share=share)
    return *found, best, model


@pytest.mark.parametrize("classes", [2, 3])
def test_the_share_is_that_whose_answers_are_worth_most(classes: int) -> None:
    """Ends that err to either side have the truth between them; else one of them is taken."""
    good = weights(classes, 4.0, 0.0)
    left, right, far = (weights(classes, 4.0, aside) for aside in (-3.0, 3.0, 9.0))
    assert chosen(classes, left, right)[0] == 0.5
    assert chosen(classes, left, far)[0] == 0.25
    assert chosen(classes, far, left)[0] == 0.75
    assert chosen(classes, far, good)[0] == 1.0
    assert chosen(classes, good, far)[0] == 0.0


def test_the_network_and_the_figures_are_those_of_the_mean() -> None:
    left, right = weights(3, 4.0, -3.0), weights(3, 4.0, 3.0)
    share, result, best, model = chosen(3, left, right)
    expected = [(one + other) / 2 for one, other in zip(left, right, strict=True)]
    for got, kept, wanted in zip(model.get_weights(), best.weights, expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)
        assert np.array_equal(got, kept)
    right_ones = [
        (np.asarray(model(features)).argmax(axis=1) == wanted.argmax(axis=1)).mean() * len(wanted)
        for features, wanted in pictures(3)
    ]
    assert result.val_accuracy == best.accuracy == pytest.approx(sum(right_ones) / 300)
    assert (share, result.best_epoch, result.seconds) == (0.5, 4, 2.0)


def test_of_nothing_kept_the_stage_counts_as_rejected_and_weights_are_the_old_ones_to_the_bit() -> (
    None
):
    good = weights(2, 4.0, 0.1)
    _, result, best, model = chosen(2, good, weights(2, 4.0, 9.0))
    assert result.best_epoch == best.epoch == 0
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), good, strict=True))


def test_a_share_that_is_given_is_taken_whatever_it_is_worth() -> None:
    good, far = weights(2, 4.0, 0.0), weights(2, 4.0, 9.0)
    assert chosen(2, good, far, share=1.0)[0] == 1.0
    share, _, _, model = chosen(2, good, far, share=0.5)
    assert share == 0.5
    assert model.get_weights()[0][1, 0] == pytest.approx(4.5)


def test_what_didnt_change_stays_to_the_bit() -> None:
    odd = float(np.float32(0.1))
    before, after = weights(2, odd, -3.0), weights(2, odd, 3.0)
    model = chosen(2, before, after, share=0.25)[3]
    assert model.get_weights()[0][0, 0] == odd


@pytest.mark.parametrize("classes", [2, 3])
def test_weights_that_are_no_numbers_are_worth_nothing(classes: int) -> None:
    good = weights(classes, 4.0, 0.0)
    share, result, _, model = chosen(classes, good, [one * np.nan for one in good])
    assert (share, result.best_epoch) == (0.0, 0)
    assert np.isfinite(model.get_weights()[0]).all()
