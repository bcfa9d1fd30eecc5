"""The best weights of a training, and the Keras callback that keeps them and stops a stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import Stage


@dataclass
class BestWeights:
    """The best weights so far: by validation accuracy, then by lower validation loss.

    Attributes:
        latest: Whether the last epoch's weights are kept, whatever its figures: where the learning
            rate falls to nothing, it is seldom worse than the best one, and wasn't chosen.
    """

    latest: bool = False
    accuracy: float = -1.0
    loss: float = float("inf")
    epoch: int = 0
    weights: list[Any] = field(default_factory=list)

    def update(self, accuracy: float, loss: float, epoch: int, model: keras.Model) -> bool:
        """Keep the whole model's weights if they are to be kept; return whether they are better."""
        better = (accuracy, -loss) > (self.accuracy, -self.loss)
        if better or self.latest:
            self.take(accuracy, loss, epoch, model)
        return better

    def take(self, accuracy: float, loss: float, epoch: int, model: keras.Model) -> None:
        """Keep the whole model's weights, whatever there was."""
        self.accuracy, self.loss, self.epoch = accuracy, loss, epoch
        self.weights = model.get_weights()


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the best weights, stops when nothing gets better, and tells the observer."""

    def __init__(
        self,
        whole: keras.Model,
        best: BestWeights,
        stage: Stage,
        observer: Observer,
        record: Callable[[EpochResult], None],
        patience: int,
    ) -> None:
        super().__init__()
        self.whole = whole
        self.best = best
        self.stage = stage
        self.observer = observer
        self.record = record
        self.patience = patience
        self.epochs = 0
        self.stopped = False
        self._epoch = 0
        self._waited = 0
        self._is_best = False
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._epoch = epoch + 1
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self.observer.step_ends(batch + 1, logs or {})

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        # Not in on_epoch_end: by then the averaged weights would be swapped out again.
        assert logs is not None
        better = self.best.update(
            float(logs["accuracy"]), float(logs["loss"]), self._epoch, self.whole
        )
        self._is_best = self._epoch == self.stage.epochs if self.best.latest else better

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        assert logs is not None
        self.epochs = epoch + 1
        self._waited = 0 if self._is_best else self._waited + 1
        result = EpochResult(
            stage=self.stage.name,
            epoch=self.epochs,
            epochs=self.stage.epochs,
            loss=float(logs["loss"]),
            accuracy=float(logs["accuracy"]),
            val_loss=float(logs["val_loss"]),
            val_accuracy=float(logs["val_accuracy"]),
            learning_rate=float(np.asarray(self.model.optimizer.learning_rate)),
            seconds=time.perf_counter() - self._began,
            is_best=self._is_best,
        )
        self.record(result)
        self.observer.epoch_ends(result)
        if self.patience and self._waited >= self.patience:
            self.stopped = True
            self.model.stop_training = True
