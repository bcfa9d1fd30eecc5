"""The video's network: three blocks of convolution → ReLU → max-pooling, then the shared head.

The filters follow the pattern of its notebook (widening with depth); the network owns its scaling.
"""

from __future__ import annotations

import keras
from keras import layers

from tl_catdog.models.head import add_head

FILTERS = (32, 64, 128)
POOLS = (2, 2, 4)
"""Sides of the pooling windows. The last is wider, which leaves fewer weights to overfit with."""
MIN_IMAGE_SIZE = 32


def build_baseline(
    *, image_size: int, class_count: int, dense_units: int = 128, dropout: float = 0.5
) -> keras.Model:
    """Build the three-block convolutional network, untrained.

    Args:
        image_size: Height and width of the pictures in pixels, 32 (the video's own) or more.
        class_count: Number of classes, 2 or more.
        dense_units: Width of the head's hidden layer.
        dropout: The head's dropout rate.

    Returns:
        A model from RGB in [0, 255], (B, S, S, 3), to sigmoid outputs, (B, 1) or (B, C).

    Raises:
        ValueError: ``image_size`` is too small.
    """
    if image_size < MIN_IMAGE_SIZE:
        raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE}, got {image_size}")
    images = layers.Input((image_size, image_size, 3), name="pictures")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(images)  # [-1, 1]
    for block, (filters, pool) in enumerate(zip(FILTERS, POOLS, strict=True), start=1):
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            kernel_initializer="he_uniform",
            name=f"block{block}_conv",
        )(x)
        x = layers.ReLU(name=f"block{block}_relu")(x)
        x = layers.MaxPooling2D(pool, name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)  # (B, S/16 · S/16 · 128)
    outputs = add_head(x, class_count=class_count, dense_units=dense_units, dropout=dropout)
    return keras.Model(images, outputs, name="baseline")
