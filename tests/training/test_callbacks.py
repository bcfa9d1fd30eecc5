"""The best weights: which epoch they are of, and when nothing better is waited for any more."""

from __future__ import annotations

from typing import Any, cast

import keras
import numpy as np
import pytest

from tl_catdog.training.callbacks import BestWeights, KeepBest
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import Stage


class Weighted:
    """Stands for a model: its weights are counted."""

    def __init__(self) -> None:
        self.number = 0
        self.stop_training = False
        self.optimizer = self
        self.learning_rate = np.float32(0.25)

    def get_weights(self) -> list[np.ndarray]:
        self.number += 1
        return [np.array([self.number])]


def updated(best: BestWeights, *figures: tuple[float, float]) -> list[bool]:
    model = cast(keras.Model, Weighted())
    return [
        best.update(accuracy, loss, epoch, model)
        for epoch, (accuracy, loss) in enumerate(figures, start=1)
    ]


def test_higher_accuracy_is_better_whatever_the_loss() -> None:
    best = BestWeights()
    assert updated(best, (0.5, 1.0), (0.6, 2.0), (0.55, 0.1)) == [True, True, False]
    assert (best.accuracy, best.loss, best.epoch) == (0.6, 2.0, 2)


def test_of_equal_accuracies_the_lower_loss_is_better_and_the_first_stays() -> None:
    best = BestWeights()
    assert updated(best, (0.5, 1.0), (0.5, 0.9), (0.5, 0.9), (0.5, 1.0)) == [
        True, True, False, False,
    ]  # fmt: skip
    assert best.epoch == 2


def test_weights_are_those_of_the_best_epoch() -> None:
    best = BestWeights()
    updated(best, (0.5, 1.0), (0.4, 1.0), (0.6, 1.0), (0.1, 1.0))
    assert best.weights[0] == 2  # the second time that weights were taken


def keeper(patience: int) -> tuple[KeepBest, Weighted, list[EpochResult]]:
    rows: list[EpochResult] = []
    model = Weighted()
    stage = Stage("scratch", 9, 0.5)
    callback = KeepBest(
        cast(keras.Model, model), BestWeights(), stage, Observer(), rows.append, patience
    )
    callback.set_model(model)
    return callback, model, rows


def epoch(callback: KeepBest, number: int, accuracy: float) -> None:
    logs: dict[str, Any] = {"accuracy": accuracy, "loss": 1.0}
    callback.on_epoch_begin(number)
    callback.on_test_end(logs)
    callback.on_epoch_end(
        number, {"accuracy": 0.75, "loss": 0.3, "val_accuracy": accuracy, "val_loss": 1.0}
    )


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_stage_stops_after_as_many_epochs_without_a_better_one(patience: int) -> None:
    callback, model, rows = keeper(patience)
    for number, accuracy in enumerate([0.5, 0.4, 0.6, *[0.6] * patience]):
        assert model.stop_training is (patience == 1 and number > 1) or not model.stop_training
        if model.stop_training:
            break
        epoch(callback, number, accuracy)
    assert callback.progress.stopped
    assert callback.progress.epochs == (2 if patience == 1 else 3 + patience)
    assert [row.is_best for row in rows][:2] == [True, False]


def test_without_patience_it_never_stops() -> None:
    callback, model, rows = keeper(0)
    for number in range(50):
        epoch(callback, number, 0.5)
    assert not callback.progress.stopped
    assert not model.stop_training
    assert len(rows) == 50


def test_an_epochs_figures_are_each_in_their_own_place() -> None:
    callback, _, rows = keeper(0)
    epoch(callback, 0, 0.5)
    (row,) = rows
    assert (row.stage, row.epoch, row.epochs) == ("scratch", 1, 9)
    assert (row.loss, row.accuracy, row.val_loss, row.val_accuracy) == (0.3, 0.75, 1.0, 0.5)
    assert row.learning_rate == 0.25
    assert row.is_best
    assert row.seconds >= 0
