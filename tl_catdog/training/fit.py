"""One stage of training: which weights move, how they are fitted, and which are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tl_catdog.config import TrainConfig
from tl_catdog.models.layout import POOLING
from tl_catdog.models.mobilenet import BACKBONE, freeze, part_above, unfreeze_from
from tl_catdog.models.weights import flat_layers
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import FROZEN, Stage

COMPLETED, STOPPED_EARLY, INTERRUPTED = "completed", "stopped early", "interrupted"


@dataclass
class BestWeights:
    """The best weights so far: by validation accuracy, then by lower validation loss."""

    accuracy: float = -1.0
    loss: float = float("inf")
    epoch: int = 0
    weights: list[Any] = field(default_factory=list)

    def update(self, accuracy: float, loss: float, epoch: int, model: keras.Model) -> bool:
        """Keep the whole model's weights if they are better; return whether they are."""
        better = (accuracy, -loss) > (self.accuracy, -self.loss)
        if better:
            self.accuracy, self.loss, self.epoch = accuracy, loss, epoch
            self.weights = model.get_weights()
        return better


@dataclass(frozen=True)
class StageResult:
    """What a stage did. ``best_epoch`` 0 means that none was better than the stage before."""

    name: str
    reason: str
    epochs: int
    best_epoch: int
    val_accuracy: float
    val_loss: float
    learning_rate: float
    seconds: float
    trainable_params: int
    trainable_layers: tuple[str, ...]


def count_parameters(weights: Any) -> int:
    """Return how many numbers the weights hold."""
    return int(sum(np.prod(weight.shape) for weight in weights))


def prepare(model: keras.Model, stage: Stage) -> None:
    """Set which layers are trainable in a stage. The model has to be compiled afterwards."""
    if stage.unfreeze_from is not None:
        unfreeze_from(model, stage.unfreeze_from)
    elif stage.name == FROZEN:
        freeze(model.get_layer(BACKBONE))


def compile_stage(model: keras.Model, config: TrainConfig, stage: Stage, steps: int) -> None:
    """Compile what a stage of ``steps`` steps an epoch trains; resets the optimiser."""
    rate = learning_rate_of(config, stage, steps)
    optimizers = {
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
    }
    look_back = (config.weight_average or 0.0) * steps * stage.epochs
    optimizer = optimizers[config.optimizer](
        rate,
        weight_decay=config.weight_decay or None,
        use_ema=look_back > 1,
        # A mean with momentum m looks back on about 1 / (1 − m) steps.
        ema_momentum=1.0 - 1.0 / look_back if look_back > 1 else 0.0,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    binary = model.output_shape[-1] == 1
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.BinaryCrossentropy(label_smoothing=config.label_smoothing or 0.0),
        metrics=[
            keras.metrics.BinaryAccuracy(name="accuracy")
            if binary
            else keras.metrics.CategoricalAccuracy(name="accuracy")
        ],
        jit_compile=False,  # measured: XLA is ten times slower on a CPU
        # The head alone takes less time than Keras does between two steps. A divisor, because
        # Keras would go beyond the epoch's end.
        steps_per_execution=_divisor(steps) if stage.feature_layer == POOLING else 1,
    )


def _divisor(steps: int, most: int = 32) -> int:
    """Return the largest divisor that is at most ``most``."""
    return next(number for number in range(min(steps, most), 0, -1) if steps % number == 0)


def learning_rate_of(config: TrainConfig, stage: Stage, steps: int) -> Any:
    """Return the learning rate, or its schedule over the stage's steps.

    A warm-up never takes more than half of the stage.
    """
    if config.schedule == "constant":
        return stage.learning_rate
    alpha = config.final_learning_rate or 0.0
    warmup = min((config.warmup_epochs or 0) * steps, stage.epochs * steps // 2)
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(
            stage.learning_rate, stage.epochs * steps, alpha=alpha
        )
    return keras.optimizers.schedules.CosineDecay(
        stage.learning_rate / 10,
        decay_steps=stage.epochs * steps - warmup,
        alpha=alpha,
        warmup_target=stage.learning_rate,
        warmup_steps=warmup,
    )


def run_stage(
    model: keras.Model,
    config: TrainConfig,
    stage: Stage,
    *,
    training: Any,
    steps: int,
    validation: Any,
    best: BestWeights,
    observer: Observer,
    record: Callable[[EpochResult], None],
    tensorboard: Path | None = None,
) -> StageResult:
    """Fit one stage and leave the best weights in the model.

    Ctrl-C ends the stage; the best weights so far, of this stage or those before, are kept.

    Args:
        model: The whole network; changed in place.
        config: Resolved settings.
        stage: What to do.
        training: Endless stream of (numbers at the stage's cut or pictures, targets, weights).
        steps: Steps an epoch.
        validation: Stream of (numbers or pictures, targets), once through.
        best: The best so far; weights of this stage replace them only if they do better.
        observer: Hears of the progress.
        record: Takes each epoch's figures, to keep them.
        tensorboard: Folder for TensorBoard's logs, or None.

    Returns:
        What the stage did.
    """
    prepare(model, stage)
    part = model if stage.feature_layer is None else part_above(model, stage.feature_layer)
    compile_stage(part, config, stage, steps)
    trainable = count_parameters(part.trainable_weights)
    observer.stage_begins(stage.name, stage.epochs, steps, trainable)
    keeper = _Keeper(model, best, stage, observer, record, patience=config.patience or 0)
    callbacks: list[keras.callbacks.Callback] = [keeper]
    if part.optimizer.use_ema:
        # After the keeper: it then looks while the averaged weights are still in the model.
        callbacks.append(keras.callbacks.SwapEMAWeights())
    if tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(tensorboard / stage.name))
    best.epoch = 0
    started = time.perf_counter()
    reason = COMPLETED
    try:
        part.fit(
            training,
            steps_per_epoch=steps,
            epochs=stage.epochs,
            validation_data=validation,
            callbacks=callbacks,
            shuffle=False,  # the stream is shuffled already
            verbose=0,
        )
    except KeyboardInterrupt:
        reason = INTERRUPTED
    else:
        if keeper.stopped:
            reason = STOPPED_EARLY
    if best.weights:
        model.set_weights(best.weights)
    elif reason == INTERRUPTED:
        raise KeyboardInterrupt
    observer.stage_ends(stage.name, reason)
    return StageResult(
        name=stage.name,
        reason=reason,
        epochs=keeper.epochs,
        best_epoch=best.epoch,
        val_accuracy=best.accuracy,
        val_loss=best.loss,
        learning_rate=stage.learning_rate,
        seconds=time.perf_counter() - started,
        trainable_params=trainable,
        trainable_layers=tuple(
            layer.name for layer in flat_layers(model) if layer.trainable_weights
        ),
    )


class _Keeper(keras.callbacks.Callback):  # type: ignore[misc]
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
        self._is_best = self.best.update(
            float(logs["accuracy"]), float(logs["loss"]), self._epoch, self.whole
        )

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
