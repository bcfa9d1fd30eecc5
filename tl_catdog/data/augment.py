"""Augmentation of training pictures: the only file that imports keras_cv.

keras-cv 0.9.0 is its last release. The names below are ours, so that another library can take its
place here without a change elsewhere. Three of its traps are handled here: a layer without a seed
of its own ignores ``keras.utils.set_random_seed``, the seed 0 counts as none, and its loops draw
random numbers for several pictures at once, in whatever order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from keras_cv import core, layers
from tensorflow.core.framework.attr_value_pb2 import AttrValue

PIXELS = (0, 255)
"""Pixel values on both sides; a wrong range would silently give garbage (keras-cv#248)."""


def _seeds(seed: int) -> Iterator[int]:
    """Yield independent seeds from 1 up."""
    source = np.random.default_rng(np.random.SeedSequence([seed, 0xA06]))
    while True:
        yield int(source.integers(1, 2**31 - 1))


@dataclass(frozen=True)
class Recipe:
    """A way to augment pictures.

    Attributes:
        layers: Called with (seeds, size); returns the layers that make squares of ``size`` pixels.
        oversize: Pictures are decoded larger by this factor, so that a crop stays sharp; 1 or more.
    """

    layers: Callable[[Iterator[int], int], list[Any]]
    oversize: float = 1.0


def _light(seeds: Iterator[int], size: int) -> list[Any]:
    """Return what hardly ever changes a class: mirror images, small turns, zoom and light."""
    return [
        layers.RandomFlip("horizontal", seed=next(seeds)),
        layers.RandomRotation(0.02, seed=next(seeds)),
        layers.RandomZoom((-0.15, 0.0), seed=next(seeds)),
        layers.RandomBrightness(0.1, value_range=PIXELS, seed=next(seeds)),
        layers.RandomContrast(PIXELS, 0.1, seed=next(seeds)),
    ]


def _strong(seeds: Iterator[int], size: int) -> list[Any]:
    """Return crops of a fifth of the picture and up, for a network that is trained from scratch."""
    return [
        layers.RandomCropAndResize(
            (size, size),
            crop_area_factor=(0.2, 1.0),
            aspect_ratio_factor=(3 / 4, 4 / 3),
            seed=next(seeds),
        ),
        layers.RandomFlip("horizontal", seed=next(seeds)),
        layers.RandomRotation(0.04, seed=next(seeds)),
        layers.RandomContrast(PIXELS, 0.4, seed=next(seeds)),
        layers.RandomBrightness(0.2, value_range=PIXELS, seed=next(seeds)),
        layers.RandomSaturation((0.25, 0.75), seed=next(seeds)),
    ]


def _randaugment(seeds: Iterator[int], size: int) -> list[Any]:
    """Return RandAugment, https://arxiv.org/abs/1909.13719, with two operations a picture."""
    return [
        layers.RandomFlip("horizontal", seed=next(seeds)),
        layers.RandAugment(PIXELS, augmentations_per_image=2, magnitude=0.3, seed=next(seeds)),
    ]


RECIPES: dict[str, Recipe] = {
    "none": Recipe(lambda seeds, size: []),
    "light": Recipe(_light),
    "strong": Recipe(_strong, oversize=3 / 2),
    "randaugment": Recipe(_randaugment),
}


def decode_size(recipe: str, size: int) -> int:
    """Return the pixels a side to decode training pictures at, for a network of ``size``."""
    return round(RECIPES[recipe].oversize * size)


class Augmenter:
    """Augments batches of pictures, with random numbers of one seeded generator.

    Args:
        recipe: One of ``RECIPES``.
        size: Height and width of the results in pixels.
        seed: 0 or more; the same seed gives the same numbers.
    """

    def __init__(self, recipe: str, size: int, seed: int) -> None:
        seeds = _seeds(seed)
        self._seed = seed
        self._generator = tf.random.Generator.from_seed(next(seeds))
        # Inner layers that take no seed ask for this one, which deterministic TensorFlow refuses
        # to make up by itself.
        tf.random.set_global_generator(self._generator)
        self._layers = RECIPES[recipe].layers(seeds, size)
        for layer in self._layers:
            _draw_from(layer, self._generator)

    def __call__(self, images: tf.Tensor, moment: tf.Tensor | None = None) -> tf.Tensor:
        """Return pictures, (B, H, W, 3) float32 in [0, 255], augmented: (B, S, S, 3).

        Args:
            images: The pictures.
            moment: (2,) int64, the epoch and the step in it, each 0 or more: what is drawn then
                depends on these and the seed alone, so that a training can be entered at any
                epoch. None goes on where the last call ended.
        """
        if moment is not None and self._layers:
            seeds = tf.stack([tf.constant(self._seed, tf.int64), moment[0]])
            key = tf.random.stateless_uniform((), seeds, None, None, tf.int64)
            self._generator.reset_from_key_counter(key, tf.stack([tf.zeros_like(key), moment[1]]))
        with _one_picture_after_another():
            for layer in self._layers:
                images = layer(images, training=True)
        return tf.clip_by_value(images, *PIXELS) if self._layers else images


def _draw_from(layer: Any, generator: tf.random.Generator) -> None:
    """Make a layer, and those within it, draw all their random numbers from one generator.

    Of their own accord they also draw from operations with a seed each, which begin anew in each
    iterator and can't be set to a place in their stream.
    """
    for inner in layer._flatten_layers():
        if hasattr(inner, "_random_generator"):
            inner._random_generator = generator
        for name, value in list(vars(inner).items()):
            if isinstance(value, core.UniformFactorSampler):
                setattr(inner, name, _Uniform(value, generator))
            elif isinstance(value, core.NormalFactorSampler):
                setattr(inner, name, _Normal(value, generator))


class _Uniform(core.UniformFactorSampler):  # type: ignore[misc]
    """A factor, uniform within its bounds."""

    def __init__(self, like: core.UniformFactorSampler, generator: tf.random.Generator) -> None:
        super().__init__(like.lower, like.upper)
        self.generator = generator

    def __call__(self, shape: Any = (), dtype: Any = "float32") -> tf.Tensor:
        return self.generator.uniform(shape, self.lower, self.upper, dtype)


class _Normal(core.NormalFactorSampler):  # type: ignore[misc]
    """A normally distributed factor, kept within bounds."""

    def __init__(self, like: core.NormalFactorSampler, generator: tf.random.Generator) -> None:
        super().__init__(like.mean, like.stddev, like.min_value, like.max_value)
        self.generator = generator

    def __call__(self, shape: Any = (), dtype: Any = "float32") -> tf.Tensor:
        drawn = self.generator.normal(shape, self.mean, self.stddev, dtype)
        return tf.clip_by_value(drawn, self.min_value, self.max_value)


@contextlib.contextmanager
def _one_picture_after_another() -> Iterator[None]:
    """Make the loops that are added to a graph meanwhile take their turns in order.

    TensorFlow has ten of a loop's turns under way at once, and whichever asks first gets the next
    random number: on a busy machine the same seed would now and then give other pictures.
    """
    if tf.executing_eagerly():
        yield
        return
    graph = tf.compat.v1.get_default_graph()
    before = len(graph.get_operations())
    yield
    for operation in graph.get_operations()[before:]:
        if operation.type == "While":
            operation._set_attr("parallel_iterations", AttrValue(i=1))
