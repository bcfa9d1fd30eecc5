"""How much of what fine-tuning changed is kept: a mean of the weights before it and after it.

WiSE-FT, Wortsman et al. 2022, https://arxiv.org/abs/2109.01903: on the line between the two there
are networks that are better than either end, and the way back to the weights before is one of its
points. So nothing else is needed to take a fine-tuning back that has learned its pictures by heart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tl_catdog.models.pretrained import part_above
from tl_catdog.prediction.calibration import at_temperature, fit_temperature
from tl_catdog.prediction.predictor import to_probabilities
from tl_catdog.training.callbacks import BestWeights
from tl_catdog.training.head_stages import figures_of
from tl_catdog.training.stages import Stage, StageResult

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Parts of the tuned weights to choose from; of equally good ones the first is taken."""

Arrays = list[npt.NDArray[Any]]


def choose_share(
    model: keras.Model,
    stage: Stage,
    before: BestWeights,
    result: StageResult,
    *,
    validation: Any,
    share: float | None = None,
) -> tuple[float, StageResult]:
    """Leave in the network the mean of the weights before a stage and after it that is worth most.

    Worth is the log loss of the validation pictures at the temperature that suits them, as for the
    head (``head_stages``): accuracy of a few hundred pictures hardly tells these means apart.

    Args:
        model: The network with the weights after the stage; changed.
        stage: The stage.
        before: The weights before it, and their figures; takes the ones chosen.
        result: What the stage did.
        validation: tf.data stream of (inputs, targets), once through, at the stage's layer.
        share: The tuned weights' part, 0..1, where it isn't to be chosen.

    Returns:
        The tuned weights' part, and the stage's result with the figures of the mean: its best epoch
        is 0 where nothing of the stage is left.
    """
    old, new = before.weights, model.get_weights()
    part = model if stage.feature_layer is None else part_above(model, stage.feature_layer)
    truth = _truth(validation)
    shares = SHARES if share is None else (share,)
    found = [(s, *_worth(model, part, _mean(old, new, s), validation, truth)) for s in shares]
    chosen, chances, _ = min(found, key=lambda one: one[2])
    model.set_weights(_mean(old, new, chosen))
    accuracy, loss = figures_of(chances, truth)
    epoch = result.best_epoch if chosen else 0
    before.take(accuracy, loss, epoch, model)
    return chosen, replace(result, best_epoch=epoch, val_accuracy=accuracy, val_loss=loss)


def _mean(old: Arrays, new: Arrays, share: float) -> Arrays:
    """Return (1 − share) · old + share · new; what is equal in both stays as it is, to the bit."""
    if share in (0.0, 1.0):
        return new if share else old
    weight = np.float32(share)
    return [
        one if np.array_equal(one, other) else one + weight * (other - one)
        for one, other in zip(old, new, strict=True)
    ]


def _truth(validation: Any) -> npt.NDArray[np.int64]:
    """Return the pictures' classes, (N,)."""
    targets = np.concatenate([np.asarray(wanted) for _, wanted in validation])
    if targets.shape[1] == 1:
        return np.asarray(targets[:, 0], dtype=np.int64)
    return np.asarray(targets.argmax(axis=1), dtype=np.int64)


def _worth(
    model: keras.Model,
    part: keras.Model,
    weights: Arrays,
    validation: Any,
    truth: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], float]:
    """Return probabilities with these weights, (N, C), and the loss at their temperature."""
    model.set_weights(weights)
    outputs = [np.asarray(part(inputs, training=False)) for inputs, _ in validation]
    chances = to_probabilities(np.concatenate(outputs))
    if not np.isfinite(chances).all():  # too high a learning rate: such weights are worth nothing
        return chances, np.inf
    suited = at_temperature(chances, fit_temperature(chances, truth).temperature)
    return chances, figures_of(suited, truth)[1]
