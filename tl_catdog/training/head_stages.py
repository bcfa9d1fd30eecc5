"""The two parts of a head on a frozen backbone: a linear model, and units trained by gradients.

Put together, they are one dense + ReLU → dropout → dense head like any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from tl_catdog.config import ResolvedConfig
from tl_catdog.data.batches import class_indices, evaluation_batches
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.features.linear_head import MEAN
from tl_catdog.features.linear_probe import log_loss
from tl_catdog.models.head import put_linear
from tl_catdog.models.layout import POOLING
from tl_catdog.models.pretrained import part_above
from tl_catdog.prediction.calibration import at_temperature, fit_temperature
from tl_catdog.prediction.predictor import to_probabilities
from tl_catdog.training.callbacks import BestWeights
from tl_catdog.training.inputs import Inputs
from tl_catdog.training.linear_start import LinearStart, linear_start
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import COMPLETED, LINEAR, StageResult

BATCH = 256  # pictures whose features go through the head together

Floats = npt.NDArray[np.float64]


def fit_linear(
    model: keras.Model,
    config: ResolvedConfig,
    inputs: Inputs,
    best: BestWeights,
    observer: Observer,
    record: Callable[[EpochResult], None],
) -> tuple[LinearStart, StageResult]:
    """Fit a linear model, make it the head, and keep that as the best so far.

    Args:
        model: The network; its units for a linear model are empty.
        config: The settings.
        inputs: Features of the training pictures, and of validation pictures where there are any.
            Where hidden units aren't trained, training pictures are few, and C is chosen by
            out-of-fold predictions of them.
        best: Takes the weights.
        observer: Told as of one epoch of one step.
        record: Called with the figures, to keep them.

    Raises:
        CatdogError: A class has one group of pictures only, and C is to be chosen out of fold.
    """
    began = time.perf_counter()
    classes, training = inputs.images.classes, inputs.samples(POOLING, TRAIN)
    held_out = inputs.samples(POOLING, VALIDATION) if inputs.holds(POOLING, VALIDATION) else None
    parameters = (training.rows.shape[-1] + 1) * model.output_shape[-1]
    observer.stage_begins(LINEAR, 1, 1, parameters)
    found = linear_start(
        training,
        classes,
        None if inputs.images.few else held_out,
        balanced=config.class_weights == "balanced",
        strength=config.strength,
        seed=config.seed,
    )
    put_linear(model, found.kernel, found.bias, share=1.0, rest=0.0)
    judged = training if held_out is None else held_out
    chances = found.of(held_out) if held_out is not None else found.probabilities
    accuracy, loss = figures_of(chances, class_indices(judged.examples, classes))
    best.take(accuracy, loss, 1, model)
    seconds = time.perf_counter() - began
    epoch = EpochResult(
        stage=LINEAR,
        epoch=1,
        epochs=1,
        loss=found.training[0],
        accuracy=found.training[1],
        val_loss=loss,
        val_accuracy=accuracy,
        learning_rate=0.0,
        seconds=seconds,
        is_best=True,
    )
    record(epoch)
    observer.epoch_ends(epoch)
    observer.stage_ends(LINEAR, COMPLETED)
    names = tuple(layer.name for layer in model.layers if layer.trainable_weights)
    return found, StageResult(
        LINEAR, COMPLETED, 1, 1, accuracy, loss, 0.0, seconds, parameters, names
    )


def choose_head(
    model: keras.Model,
    linear: LinearStart,
    inputs: Inputs,
    result: StageResult,
    best: BestWeights,
) -> tuple[float, StageResult]:
    """Make the head the mean of the linear model's logits and those of the trained units.

    It stays the linear model alone where that answers the validation pictures better: if its log
    loss, each at the temperature that suits it, is less by more than a standard error.

    Args:
        model: The network with its trained units, and none for the linear model; changed.
        linear: The linear model.
        inputs: Features of the validation pictures.
        result: What the stage did that trained the units.
        best: Takes the weights.

    Returns:
        The linear model's share, and the stage's result with the figures of the whole head.
    """
    classes, held_out = inputs.images.classes, inputs.samples(POOLING, VALIDATION)
    truth = class_indices(held_out.examples, classes)
    head = part_above(model, POOLING)
    batches = evaluation_batches(held_out, classes, batch_size=BATCH)
    outputs = np.concatenate([head(features, training=False) for features, _ in batches])
    trained = to_probabilities(outputs)
    temperature = fit_temperature(trained, truth).temperature
    logits = np.log(np.maximum(trained, 1e-12)) / temperature
    alone = linear.of(held_out)
    both = softmax(MEAN * np.log(np.maximum(alone, 1e-12)) + (1 - MEAN) * logits, axis=1)
    worse = _losses(both, truth) - _losses(alone, truth)
    stays = worse.mean() > worse.std() / np.sqrt(len(worse))
    share, chances = (1.0, alone) if stays else (MEAN, both)
    rest = (1 - share) / temperature
    put_linear(model, linear.kernel, linear.bias, share=share, rest=rest)
    accuracy, loss = figures_of(chances, truth)
    best.take(accuracy, loss, result.best_epoch if rest else 0, model)
    chosen = replace(result, best_epoch=best.epoch, val_accuracy=accuracy, val_loss=loss)
    return share, chosen


def _losses(chances: Floats, truth: npt.NDArray[np.int64]) -> Floats:
    """Return each picture's log loss at the temperature that suits them all, (N,)."""
    suited = at_temperature(chances, fit_temperature(chances, truth).temperature)
    return np.asarray(-np.log(np.maximum(suited[np.arange(len(truth)), truth], 1e-12)))


def figures_of(chances: Floats, truth: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return accuracy, 0..1, and log loss of probabilities, (N, C), for the true classes, (N,)."""
    return float((chances.argmax(axis=1) == truth).mean()), log_loss(chances, truth)
