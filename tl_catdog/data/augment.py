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
from keras_cv import layers
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
    """Augments batches of pictures; each call goes on in one seeded stream of random numbers.

    Args:
        recipe: One of ``RECIPES``.
        size: Height and width of the results in pixels.
        seed: 0 or more; the same seed gives the same stream.
    """

    def __init__(self, recipe: str, size: int, seed: int) -> None:
        seeds = _seeds(seed)
        # Some of RandAugment's inner layers take no seed and fall back on this generator, which
        # deterministic TensorFlow refuses to make up by itself.
        tf.random.set_global_generator(tf.random.Generator.from_seed(next(seeds)))
        self._layers = RECIPES[recipe].layers(seeds, size)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Return pictures, (B, H, W, 3) float32 in [0, 255], augmented: (B, S, S, 3)."""
        with _one_picture_after_another():
            for layer in self._layers:
                images = layer(images, training=True)
        return tf.clip_by_value(images, *PIXELS) if self._layers else images


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
