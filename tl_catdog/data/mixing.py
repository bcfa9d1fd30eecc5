"""Mixes the pictures of a batch in pairs, and their targets with them: mixup and CutMix.

keras-cv has layers of these names. They draw from operations that can't be set to a place in their
stream, so that a training couldn't go on where it was left; and its CutMix mixes targets by the
rectangle as drawn, although the picture's border may cut most of that off.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

STREAM = 0x317
"""Keeps what is drawn here apart from what augmenting draws of the same seed."""

Batch = tuple[Any, Any, Any]
"""Inputs, (B, …) float32; targets, (B, 1 or C), 0..1; weights, (B,)."""


class Mixer:
    """Mixes each row of a batch with another one of it, as a (seed, epoch, step) has it.

    Mixup (Zhang et al. 2018, https://arxiv.org/abs/1710.09412) takes a weighted mean of the two,
    CutMix (Yun et al. 2019, https://arxiv.org/abs/1905.04899) puts a rectangle of the other one in.
    The part of the row itself is drawn from Beta(α, α), for each row anew. With both, each batch is
    mixed in one of the two ways, as likely as the other.

    Args:
        mixup: α of mixup, 0 or more; 0 is off.
        cutmix: α of CutMix, 0 or more; 0 is off.
        seed: 0 or more.
    """

    def __init__(self, mixup: float, cutmix: float, seed: int) -> None:
        self.mixup, self.cutmix, self.seed = mixup, cutmix, seed

    def __call__(
        self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, moment: tf.Tensor
    ) -> Batch:
        """Return a batch, mixed.

        The loss of a mixed row is the weighted mean of both rows' losses, each with its own weight.

        Args:
            inputs: Pictures or features of a layer, (B, h, w, C) float32; for mixup of any shape.
            targets: (B, 1 or C) float32.
            weights: (B,) float32, more than 0.
            moment: (2,) int64, the epoch and the step in it, each 0 or more.
        """
        seeds = tf.stack([tf.constant(self.seed, tf.int64), tf.constant(STREAM, tf.int64)])
        for part in (moment[0], moment[1]):
            seeds = tf.random.experimental.stateless_fold_in(seeds, part)
        draws = tf.unstack(tf.random.experimental.stateless_split(seeds, 4))
        others = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(inputs)[0]), draws[0])

        def blended() -> tuple[tf.Tensor, tf.Tensor]:
            return _blended(inputs, others, self.mixup, draws[1])

        def cut() -> tuple[tf.Tensor, tf.Tensor]:
            return _cut(inputs, others, self.cutmix, draws[1], draws[2])

        if self.mixup and self.cutmix:
            mixed, own = tf.cond(tf.random.stateless_uniform((), draws[3]) < 0.5, blended, cut)
        else:
            mixed, own = blended() if self.mixup else cut()
        own_weights = own * weights
        other_weights = (1.0 - own) * tf.gather(weights, others)
        total = own_weights + other_weights
        soft = own_weights[:, None] * targets + other_weights[:, None] * tf.gather(targets, others)
        return mixed, soft / total[:, None], total


def _parts(count: tf.Tensor, alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """Return draws from Beta(α, α), (B,): of two gamma variates, the first one's part."""
    # In double precision, and 1 where a small α makes both of them nothing.
    shape = tf.constant(alpha, tf.float64)
    pairs = tf.random.stateless_gamma([count, 2], seed, shape, None, tf.float64)
    total = tf.reduce_sum(pairs, axis=1)
    parts = tf.math.divide_no_nan(pairs[:, 0], total)
    return tf.cast(tf.where(total > 0, parts, tf.ones_like(parts)), tf.float32)


def _blended(
    inputs: tf.Tensor, others: tf.Tensor, alpha: float, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return weighted means, and the part of each row itself, (B,)."""
    own = _parts(tf.shape(inputs)[0], alpha, seed)
    shaped = tf.reshape(own, [-1] + [1] * (inputs.shape.rank - 1))
    return shaped * inputs + (1.0 - shaped) * tf.gather(inputs, others), own


def _cut(
    inputs: tf.Tensor, others: tf.Tensor, alpha: float, seed: tf.Tensor, places: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return rows with a rectangle of the others, and the part of each row itself, (B,)."""
    shape = tf.shape(inputs)
    count, height, width = shape[0], shape[1], shape[2]
    side = tf.sqrt(1.0 - _parts(count, alpha, seed))
    middles = tf.random.stateless_uniform([2, count], places)
    rows = _within(height, side, middles[0])
    columns = _within(width, side, middles[1])
    inside = rows[:, :, None] & columns[:, None, :]  # (B, h, w)
    own = 1.0 - tf.reduce_mean(tf.cast(inside, tf.float32), axis=(1, 2))
    return tf.where(inside[..., None], tf.gather(inputs, others), inputs), own


def _within(length: tf.Tensor, side: tf.Tensor, middle: tf.Tensor) -> tf.Tensor:
    """Return which of so many pixels lie in a rectangle of a side and middle, 0..1 each, (B, n)."""
    pixels = tf.cast(length, tf.float32)
    half = side * pixels / 2.0
    centres = tf.range(pixels) + 0.5
    return tf.abs(centres[None, :] - (middle * pixels)[:, None]) < half[:, None]
