"""Fits the stages: which weights move, how they are fitted, and which are kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tl_catdog.config import ResolvedConfig
from tl_catdog.data.batches import evaluation_batches, training_batches
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.models.build import build
from tl_catdog.models.head import HEAD_LAYERS, empty_linear
from tl_catdog.models.layout import POOLING
from tl_catdog.models.mobilenet import BACKBONE, freeze, part_above, unfreeze_from
from tl_catdog.models.weights import flat_layers
from tl_catdog.runs.writer import TENSORBOARD, RunWriter
from tl_catdog.training.callbacks import BestWeights, KeepBest
from tl_catdog.training.head_stages import choose_head, fit_linear
from tl_catdog.training.inputs import Inputs
from tl_catdog.training.linear_start import LinearStart
from tl_catdog.training.manifest import elapsed
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import (
    COMPLETED,
    FROZEN,
    INTERRUPTED,
    LINEAR,
    STOPPED_EARLY,
    Stage,
    StageResult,
)


@dataclass(frozen=True)
class Fitted:
    """A network with the best weights, and how it came to them.

    Attributes:
        model: The network.
        results: What each stage did.
        linear: Where its head began; None without a frozen backbone.
        linear_share: The part of the head's logits that comes from there, 0..1.
    """

    model: keras.Model
    results: tuple[StageResult, ...]
    linear: LinearStart | None = None
    linear_share: float = 0.0


def fit_stages(
    config: ResolvedConfig, inputs: Inputs, writer: RunWriter, observer: Observer
) -> Fitted:
    """Build the network and train it, stage after stage; Ctrl-C ends the one it comes in.

    Args:
        config: The settings.
        inputs: What each stage is trained and validated on.
        writer: Takes each epoch's metrics, and TensorBoard's logs.
        observer: Called as the training advances.

    Raises:
        CatdogError: Without validation pictures, a class has one group of pictures only.
        KeyboardInterrupt: Interrupted before an epoch was through, so nothing is worth keeping.
    """
    classes = inputs.images.classes
    model = build(config, len(classes))
    best = BestWeights()
    results: list[StageResult] = []
    linear, share = None, 0.0

    def record(epoch: EpochResult) -> None:
        writer.append_metrics({**epoch.to_json(), "elapsed": elapsed()})

    for number, stage in enumerate(inputs.stages):
        if stage.name == LINEAR:
            empty_linear(model)
            drawn = _head_weights(model)
            linear, result = fit_linear(model, config, inputs, best, observer, record)
            results.append(result)
            share = 1.0
            continue
        # The trained units have to find their best by themselves, before the two are put together.
        beside = stage.name == FROZEN and linear is not None
        if beside:
            _set_head_weights(model, drawn)
        # Each stage has a stream of its own, whatever length the one before turned out to have.
        stream = 1000 * config.seed + number
        training = inputs.samples(stage.feature_layer, TRAIN)
        found = BestWeights(latest=not config.patience) if beside else best
        result = run_stage(
            model,
            config,
            stage,
            training=training_batches(
                training,
                classes,
                batch_size=config.batch_size,
                seed=stream,
                augment=inputs.augmenter(stage.feature_layer, stream),
                class_weights=config.class_weights,
            ),
            steps=math.ceil(len(training.examples) / config.batch_size),
            validation=evaluation_batches(
                inputs.samples(stage.feature_layer, VALIDATION),
                classes,
                batch_size=256 if stage.feature_layer == POOLING else 32,
            ),
            best=found,
            fallback=best,
            observer=observer,
            record=record,
            tensorboard=writer.path / TENSORBOARD if config.tensorboard else None,
        )
        if beside and linear is not None and found.weights:
            share, result = choose_head(model, linear, inputs, result, best)
            observer.head_chosen(share)
        results.append(result)
        if result.reason == INTERRUPTED:
            break
    return Fitted(model, tuple(results), linear, share)


def _head_weights(model: keras.Model) -> dict[str, Any]:
    return {name: model.get_layer(name).get_weights() for name in HEAD_LAYERS}


def _set_head_weights(model: keras.Model, weights: dict[str, Any]) -> None:
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)


def count_parameters(weights: Any) -> int:
    """Return how many parameters the weights hold."""
    return int(sum(np.prod(weight.shape) for weight in weights))


def set_trainable(model: keras.Model, stage: Stage) -> None:
    """Set which layers are trainable in a stage. The model has to be compiled afterwards."""
    if stage.unfreeze_from is not None:
        unfreeze_from(model, stage.unfreeze_from)
    elif stage.name == FROZEN:
        freeze(model.get_layer(BACKBONE))


def compile_stage(model: keras.Model, config: ResolvedConfig, stage: Stage, steps: int) -> None:
    """Compile what a stage of ``steps`` steps an epoch trains; resets the optimiser."""
    rate = learning_rate_of(config, stage, steps)
    optimizers = {
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
    }
    look_back = config.weight_average * steps * stage.epochs
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
        loss=(
            keras.losses.BinaryCrossentropy(label_smoothing=config.label_smoothing)
            if binary
            # Not a sigmoid for each of C classes: the mean over them divides the true class's
            # gradient by C, so that many classes hardly learn.
            else keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
        ),
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


def learning_rate_of(config: ResolvedConfig, stage: Stage, steps: int) -> Any:
    """Return the learning rate, or its schedule over the stage's steps.

    A warm-up never takes more than half of the stage.
    """
    if config.schedule == "constant":
        return stage.learning_rate
    warmup = min(config.warmup_epochs * steps, stage.epochs * steps // 2)
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(
            stage.learning_rate, stage.epochs * steps, alpha=config.final_learning_rate
        )
    return keras.optimizers.schedules.CosineDecay(
        stage.learning_rate / 10,
        decay_steps=stage.epochs * steps - warmup,
        alpha=config.final_learning_rate,
        warmup_target=stage.learning_rate,
        warmup_steps=warmup,
    )


def run_stage(
    model: keras.Model,
    config: ResolvedConfig,
    stage: Stage,
    *,
    training: Any,
    steps: int,
    validation: Any,
    best: BestWeights,
    observer: Observer,
    record: Callable[[EpochResult], None],
    tensorboard: Path | None = None,
    fallback: BestWeights | None = None,
) -> StageResult:
    """Fit one stage and leave the best weights in the model.

    Ctrl-C ends the stage; the best weights so far, of this stage or those before, are kept.

    Args:
        model: The whole network; changed in place.
        config: Resolved settings.
        stage: What to do.
        training: Endless tf.data stream of (inputs, targets, weights) in batches: (B, S, S, 3) in
            [0, 255], or features at the stage's layer; (B, 1) or (B, C); (B,).
        steps: Steps an epoch.
        validation: tf.data stream of (inputs, targets), once through.
        best: The best so far; weights of this stage replace them only if they do better.
        observer: Called as the stage advances.
        record: Called with each epoch's metrics, to keep them.
        tensorboard: Folder for TensorBoard's logs, or None.
        fallback: What the model gets where Ctrl-C came before there was any best.

    Returns:
        What the stage did.
    """
    set_trainable(model, stage)
    part = model if stage.feature_layer is None else part_above(model, stage.feature_layer)
    compile_stage(part, config, stage, steps)
    trainable = count_parameters(part.trainable_weights)
    observer.stage_begins(stage.name, stage.epochs, steps, trainable)
    keeper = KeepBest(model, best, stage, observer, record, patience=config.patience)
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
    fallback = fallback or best
    if best.weights:
        model.set_weights(best.weights)
    elif fallback.weights:
        model.set_weights(fallback.weights)
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
