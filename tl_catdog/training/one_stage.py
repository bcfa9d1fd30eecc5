"""Fits one stage: from its beginning, or from where it was left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from tl_catdog.config import ResolvedConfig
from tl_catdog.errors import CatdogError
from tl_catdog.models.pretrained import part_above
from tl_catdog.models.weights import flat_layers
from tl_catdog.training.callbacks import BestWeights, KeepBest, StageProgress
from tl_catdog.training.checkpoint import Checkpoint, restore
from tl_catdog.training.compilation import compile_stage, count_parameters, set_trainable
from tl_catdog.training.devices import shares
from tl_catdog.training.mirrored import Placement
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import COMPLETED, INTERRUPTED, STOPPED_EARLY, Stage, StageResult


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
    begun: Checkpoint | None = None,
    save: Callable[[keras.Model, StageProgress, float], None] = lambda *_: None,
    judge: bool = False,
    devices: Sequence[str] = (),
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
        best: The best so far; weights of this stage replace them only if they do better. Of its
            own, where what it finds is put together with what was there afterwards.
        observer: Called as the stage advances.
        record: Called with each epoch's metrics, to keep them.
        tensorboard: Folder for TensorBoard's logs, or None.
        fallback: The best before the stage, where ``best`` is the stage's own: what the model gets
            where Ctrl-C came before there was any.
        begun: Where the stage was left, if it was.
        save: Called after each epoch with what is trained, how far it is, and the seconds it took.
        judge: Whether the weights that the stage begins with count as the best before it.
        devices: What shares the stage's steps, where it is several devices and such a stage.

    Returns:
        What the stage did.

    Raises:
        CatdogError: ``begun`` is of another training.
        KeyboardInterrupt: Interrupted before there were any weights to keep.
    """
    set_trainable(model, stage)
    part = model if stage.feature_layer is None else part_above(model, stage.feature_layer)
    place = Placement(devices if shares(stage, devices) else ())
    trained = place.mirrored(part)
    with place.scope():
        compile_stage(trained, config, stage, steps)
    validated, validation_steps = place.batches(validation), place.steps(validation)
    trainable = count_parameters(part.trainable_weights)
    observer.stage_begins(stage.name, stage.epochs, steps, trainable)
    started, earlier = time.perf_counter(), 0.0
    if judge:
        figures = trained.evaluate(validated, steps=validation_steps, verbose=0, return_dict=True)
        start = best if fallback is None else fallback
        start.take(figures["accuracy"], figures["loss"], 0, model)
    if begun is None:
        best.epoch = 0
    else:
        with place.scope():
            _restore(trained, begun)
        earlier = begun.seconds
        observer.stage_resumes(begun.progress.epochs, best.accuracy)
    keeper = KeepBest(
        model,
        best,
        stage,
        observer,
        record,
        patience=config.patience,
        save=lambda progress: save(trained, progress, earlier + time.perf_counter() - started),
        progress=None if begun is None else begun.progress,
    )
    callbacks = [*place.callbacks(part), keeper]
    if trained.optimizer.use_ema:
        # After the keeper: it then looks while the averaged weights are still in the model.
        callbacks.append(keras.callbacks.SwapEMAWeights())
    if tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(tensorboard / stage.name))
    reason = COMPLETED
    try:
        if keeper.progress.epochs < stage.epochs and not keeper.progress.stopped:
            trained.fit(
                place.batches(training),
                steps_per_epoch=steps,
                epochs=stage.epochs,
                initial_epoch=keeper.progress.epochs,
                validation_data=validated,
                validation_steps=validation_steps,
                callbacks=callbacks,
                shuffle=False,  # the stream is shuffled already
                verbose=0,
            )
    except KeyboardInterrupt:
        reason = INTERRUPTED
    else:
        if keeper.progress.stopped:
            reason = STOPPED_EARLY
    kept = best if best.weights or fallback is None else fallback
    if kept.weights:
        model.set_weights(kept.weights)
    elif reason == INTERRUPTED:
        raise KeyboardInterrupt
    observer.stage_ends(stage.name, reason)
    return StageResult(
        name=stage.name,
        reason=reason,
        epochs=keeper.progress.epochs,
        best_epoch=best.epoch,
        val_accuracy=kept.accuracy,
        val_loss=kept.loss,
        learning_rate=stage.learning_rate,
        seconds=earlier + time.perf_counter() - started,
        trainable_params=trainable,
        trainable_layers=tuple(
            layer.name for layer in flat_layers(model) if layer.trainable_weights
        ),
    )


def _restore(part: keras.Model, begun: Checkpoint) -> None:
    """Give what a stage trains, and its optimiser, the values that they had.

    Raises:
        CatdogError: They are of another training.
    """
    part.optimizer.build(part.trainable_variables)
    try:
        restore(part.variables, begun.variables)
        restore(part.optimizer.variables, begun.optimizer)
    except ValueError as error:
        raise CatdogError(
            f"expected the checkpoint of this training, found that of another ({error}).",
            "Train it from the beginning, under another name: --run NAME",
        ) from error
