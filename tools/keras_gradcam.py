"""Grad-CAM by TensorFlow's gradients: what tests hold ``tl_catdog.explain.gradcam`` against.

It computes the same (HiResCAM, see there) of any chain of layers in Keras, with any way of making
one map of many, which the pointing game compares (``tools/pointing.py``).

Imports TensorFlow; call ``runtime.start()`` before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from tl_catdog.explain.gradcam import LEAN, finer, to_peak
from tl_catdog.models.weights import flat_layers

Combine = Callable[[Any, Any], Any]
"""From the last maps and the score's gradients there, both (B, h, w, C), to (B, h, w)."""

AT_ONCE = 32
"""Pictures in one forward pass; more would only take memory."""


def hirescam(maps: Any, gradients: Any) -> Any:
    """Add up the maps, each value weighed by the score's gradient there."""
    return tf.reduce_sum(gradients * maps, axis=-1)  # (B, h, w)


class KerasGradCam:
    """Grad-CAM of one network over its last convolution's maps, compiled once.

    The network runs forward once a picture; gradients go through the few layers above the maps
    only.

    Args:
        model: A chain of layers that ends in maps, (B, h, w, C), pooling and sigmoid units, as
            both architectures do. Weights that change later are heeded.
        combine: What makes one map of many.
    """

    def __init__(self, model: keras.Model, combine: Combine = hirescam) -> None:
        last = _last_maps(model)
        below = keras.Model(model.inputs, model.layers[last + 1].input)
        *between, output = model.layers[last + 1 :]
        x = features = layers.Input(below.output.shape[1:])
        for layer in between:
            x = layer(x)
        above = keras.Model(features, x)

        def run(pictures: Any, classes: Any) -> Any:
            maps = below(pictures, training=False)  # (B, h, w, C)
            with tf.GradientTape() as tape:
                tape.watch(maps)
                hidden = above(maps, training=False)
                logits = tf.matmul(hidden, output.kernel) + output.bias  # before the sigmoid
                # One unit speaks for the second class, and as much against the first.
                scores = tf.concat([-logits, logits], 1) if logits.shape[1] == 1 else logits
                chosen = tf.where(classes < 0, tf.argmax(scores, 1, tf.int32), classes)
                score = tf.reduce_sum(tf.gather(scores, chosen, batch_dims=1))
            return tf.nn.relu(combine(maps, tape.gradient(score, maps)))  # (B, h, w)

        size = model.input_shape[1:]
        signature = [tf.TensorSpec((None, *size), tf.float32), tf.TensorSpec((None,), tf.int32)]
        self._run = tf.function(run, input_signature=signature)
        shift = LEAN * _shift(below)
        self._rows, self._columns = (finer(cells, shift) for cells in below.output.shape[1:3])

    def __call__(
        self, pictures: npt.NDArray[Any], classes: npt.NDArray[Any] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return where the network sees something that speaks for a class.

        The score explained is the class's logit; for two classes, of the one unit's.

        Args:
            pictures: RGB in [0, 255], (B, S, S, 3).
            classes: Class indices, (B,); None for the class that each picture is taken for.

        Returns:
            (B, H, W) over the whole picture, each 0..1 with 1 at its peak; all zero where nothing
            speaks for the class. H and W are ``FINER`` times those of the last maps, with straight
            lines from cell to cell.
        """
        wanted = np.full(len(pictures), -1) if classes is None else classes
        found = [
            self._run(
                pictures[start : start + AT_ONCE].astype(np.float32),
                wanted[start : start + AT_ONCE].astype(np.int32),
            ).numpy()
            for start in range(0, len(pictures), AT_ONCE)
        ]
        return to_peak(self._rows @ np.concatenate(found) @ self._columns.T)  # (B, H, W)


def _last_maps(model: keras.Model) -> int:
    """Return the place in the chain of the last layer that gives maps and isn't pooling them."""
    return max(
        place
        for place, layer in enumerate(model.layers)
        if len(layer.output.shape) == 4 and not isinstance(layer, layers.MaxPooling2D)
    )


def _shift(model: keras.Model) -> float:
    """Return how far right of and below its place in the maps a cell's field lies, in cells.

    MobileNetV2 pads pictures of even sides at the right and the bottom only before it halves them.
    """
    stride, shift = 1, 0.0
    for layer in flat_layers(model):
        padding: Any = getattr(layer, "padding", None)
        step = getattr(layer, "strides", (1,))[0]
        if isinstance(layer, layers.ZeroPadding2D):
            (top, bottom), _ = padding
            shift += stride * (bottom - top) / 2
        elif padding == "same":  # of an odd number of pixels one more is at the bottom
            side, kernel = layer.input.shape[1], layer.kernel_size[0]
            pixels = max((-(-side // step) - 1) * step + kernel - side, 0)
            shift += stride * (pixels % 2) / 2
        stride *= step
    return shift / stride
