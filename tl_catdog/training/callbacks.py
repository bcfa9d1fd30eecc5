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
        # In one step: Ctrl-C in between would leave figures of other weights.
        vars(self).update(accuracy=accuracy, loss=loss, epoch=epoch, weights=model.get_weights())


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is.

    Attributes:
        epochs: How many are through.
        waited: For how many of them nothing got better.
        stopped: Whether nothing is waited for any more.
    """

    epochs: int = 0
    waited: int = 0
    stopped: bool = False


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the best weights, stops when nothing gets better, and tells the observer.

    Attributes:
        progress: How far the stage is.
    """

    def __init__(
        self,
        whole: keras.Model,
        best: BestWeights,
        stage: Stage,
        observer: Observer,
        record: Callable[[EpochResult], None],
        patience: int,
        save: Callable[[StageProgress], None] = lambda _: None,
        progress: StageProgress | None = None,
    ) -> None:
        super().__init__()
        self.whole = whole
        self.best = best
        self.stage = stage
        self.observer = observer
        self.record = record
        self.patience = patience
        self.save = save
        self.progress = progress or StageProgress()
        self._epoch = self.progress.epochs
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
        waited = 0 if self._is_best else self.progress.waited + 1
        result = EpochResult(
            stage=self.stage.name,
            epoch=self._epoch,
            epochs=self.stage.epochs,
            loss=float(logs["loss"]),
            accuracy=float(logs["accuracy"]),
            val_loss=float(logs["val_loss"]),
            val_accuracy=float(logs["val_accuracy"]),
            learning_rate=float(np.asarray(self.model.optimizer.learning_rate)),
            seconds=time.perf_counter() - self._began,
            is_best=self._is_best,
        )
        stopped = bool(self.patience and waited >= self.patience)
        self.model.stop_training = stopped
        self.progress = StageProgress(self._epoch, waited, stopped)
        self.record(result)
        self.save(self.progress)  # first: what was shown can then be gone on from
        self.observer.epoch_ends(result)
