"""A head's hidden units, trained by gradients without Keras, which takes longer between its steps.

What ``training/one_stage.py`` does with Keras on a frozen backbone's features: dense + ReLU →
dropout → dense, the same initial weights' distribution, loss, optimisers, schedules and number of
steps, other random numbers. Held to Keras in ``tests/tuning/test_units.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from tl_catdog.config import ResolvedConfig
from tl_catdog.models.layout import linear_units, units_for

RHO, EPSILON = 0.9, 1e-7  # of Keras' RMSprop
BETA_1, BETA_2 = 0.9, 0.999  # of its Adam

Floats = npt.NDArray[np.float32]


@dataclass
class Units:
    """The weights of a trained part of a head.

    Attributes:
        inner, offset: Of the hidden units, (F, D), (D,).
        outer, bias: Of the outputs, (D, U), (U,); U is 1 for two classes, else their number.
    """

    inner: Floats
    offset: Floats
    outer: Floats
    bias: Floats

    @property
    def all(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The weights in the order of their gradients."""
        return self.inner, self.offset, self.outer, self.bias

    def logits(self, features: Floats) -> npt.NDArray[np.float64]:
        """Return the logits of pictures, (N, C), from their features, (N, F)."""
        hidden = np.maximum(features @ self.inner + self.offset, 0)
        found = (hidden @ self.outer + self.bias).astype(np.float64)
        return np.hstack([np.zeros_like(found), found]) if found.shape[1] == 1 else found


def begin_units(features: int, classes: int, config: ResolvedConfig, seed: int) -> Units:
    """Return untrained weights: He's and Glorot's uniform ones, as Keras draws them.

    Args:
        features: F.
        classes: C, 2 or more.
        config: Its ``dense_units``, less those kept for a linear model, are D.
        seed: Of the weights.
    """
    units = units_for(classes)
    width = config.dense_units - linear_units(config.dense_units, units)
    rng = np.random.default_rng([seed, 0])
    he, glorot = math.sqrt(6 / features), math.sqrt(6 / (config.dense_units + units))
    return Units(
        rng.uniform(-he, he, (features, width)).astype(np.float32),
        np.zeros(width, np.float32),
        rng.uniform(-glorot, glorot, (width, units)).astype(np.float32),
        np.zeros(units, np.float32),
    )


def train_units(
    features: Floats,
    labels: npt.NDArray[np.int64],
    classes: int,
    config: ResolvedConfig,
    *,
    seed: int,
    begun: Units | None = None,
) -> Units:
    """Train the hidden units; the last epoch's weights are taken, as in a training.

    Args:
        features: Of N pictures in V views, (N, V, F).
        labels: Their class indices, (N,).
        classes: C, 2 or more.
        config: The settings; ``epochs`` of N pictures each.
        seed: Of all random numbers.
        begun: What to begin with, which is changed; by default what ``begin_units`` gives.
    """
    count, views, width = features.shape
    units = begin_units(width, classes, config, seed) if begun is None else begun
    rows = features.reshape(count * views, width)
    targets, weights = _targets(labels, classes, config)
    rng = np.random.default_rng([seed, 1])
    steps = math.ceil(count / config.batch_size)
    update = _Optimizer(units, config, steps)
    for _ in range(config.epochs):
        order = rng.permutation(count)
        chosen = order * views + rng.integers(views, size=count)
        for start in range(0, count, config.batch_size):
            some = slice(start, start + config.batch_size)
            update(
                _gradients(
                    units,
                    rows[chosen[some]],
                    targets[order[some]],
                    weights[order[some]],
                    _kept(rng, (len(order[some]), len(units.offset)), config.dropout),
                )
            )
    return update.result()


def _targets(
    labels: npt.NDArray[np.int64], classes: int, config: ResolvedConfig
) -> tuple[Floats, Floats]:
    """Return smoothed targets, (N, U), and the pictures' weights, (N,)."""
    units, smooth = units_for(classes), config.label_smoothing
    hot = np.eye(classes, dtype=np.float32)[labels]
    targets = hot[:, 1:] if units == 1 else hot
    targets = targets * (1 - smooth) + smooth / max(units, 2)
    if config.class_weights == "none":
        return targets.astype(np.float32), np.ones(len(labels), np.float32)
    sizes = np.maximum(np.bincount(labels, minlength=classes), 1)
    weights = len(labels) / (classes * sizes)
    return targets.astype(np.float32), weights[labels].astype(np.float32)


def _kept(rng: np.random.Generator, shape: tuple[int, int], dropout: float) -> Floats | None:
    """Return what hidden activations are multiplied by: 0, or 1 / (1 − dropout)."""
    if not dropout:
        return None
    drawn = rng.random(shape, dtype=np.float32) >= dropout
    return np.asarray(drawn * np.float32(1 / (1 - dropout)), np.float32)


def _gradients(
    units: Units, inputs: Floats, targets: Floats, weights: Floats, kept: Floats | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the gradients of the mean cross-entropy of a batch."""
    hidden = inputs @ units.inner
    hidden += units.offset
    active = hidden > 0
    hidden *= active
    if kept is not None:
        hidden *= kept
    logits = hidden @ units.outer + units.bias
    chances = expit(logits) if logits.shape[1] == 1 else softmax(logits, axis=1)
    wrong: Floats = (chances - targets) * (weights / np.float32(len(weights)))[:, None]
    back: Floats = wrong @ units.outer.T
    back *= active
    if kept is not None:
        back *= kept
    found = (inputs.T @ back, back.sum(axis=0), hidden.T @ wrong, wrong.sum(axis=0))
    inner, offset, outer, bias = (np.asarray(part, np.float32) for part in found)
    return inner, offset, outer, bias


class _Optimizer:
    """Keras' optimisers, schedules, decoupled weight decay and running means of weights."""

    def __init__(self, units: Units, config: ResolvedConfig, steps: int) -> None:
        self._units, self._config = units, config
        self._steps, self._step = steps * config.epochs, 0
        self._warmup = min(config.warmup_epochs * steps, self._steps // 2)
        self._squares = [np.zeros_like(values) for values in units.all]
        self._means = [np.zeros_like(values) for values in units.all]
        self._room = [np.empty_like(values) for values in units.all]
        look_back = config.weight_average * self._steps
        self._keeps = 1 - 1 / look_back if look_back > 1 else 0.0
        self._average = [values.copy() for values in units.all] if self._keeps else []

    def __call__(self, gradients: tuple[Floats, ...]) -> None:
        rate = self._rate()
        for place, (values, gradient) in enumerate(zip(self._units.all, gradients, strict=True)):
            if self._config.weight_decay and values.ndim > 1:
                values *= np.float32(1 - rate * self._config.weight_decay)
            self._move(place, values, gradient, rate)
        self._step += 1
        for average, values in zip(self._average, self._units.all, strict=False):
            average += np.float32(1 - self._keeps) * (values - average)

    def result(self) -> Units:
        """Return the weights, or their running mean where there is one."""
        return Units(*self._average) if self._keeps else self._units

    def _rate(self) -> float:
        config, step = self._config, self._step
        if config.schedule == "constant":
            return config.learning_rate
        if step < self._warmup:
            return config.learning_rate * (0.1 + 0.9 * step / self._warmup)
        part = (step - self._warmup) / max(self._steps - self._warmup, 1)
        left = config.final_learning_rate
        return config.learning_rate * (
            (1 - left) * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))) + left
        )

    def _move(self, place: int, values: Floats, gradient: Floats, rate: float) -> None:
        room, squares = self._room[place], self._squares[place]
        if self._config.optimizer == "sgd":
            values -= np.float32(rate) * gradient
            return
        adam = self._config.optimizer != "rmsprop"
        fades = BETA_2 if adam else RHO
        np.multiply(gradient, gradient, out=room)
        room *= np.float32(1 - fades)
        squares *= np.float32(fades)
        squares += room
        if adam:
            means, number = self._means[place], self._step + 1
            rate *= math.sqrt(1 - BETA_2**number) / (1 - BETA_1**number)
            means *= np.float32(BETA_1)
            means += np.float32(1 - BETA_1) * gradient
            np.sqrt(squares, out=room)
            room += np.float32(EPSILON)
            np.divide(means, room, out=room)
        else:
            np.add(squares, np.float32(EPSILON), out=room)
            np.sqrt(room, out=room)
            np.divide(gradient, room, out=room)
        room *= np.float32(rate)
        values -= room
