"""A small network that has what those of keras.applications have, in their place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tl_catdog.models.backbones import registry
from tl_catdog.models.backbones.keras_applications import keras_backbone, numbered
from tl_catdog.models.strangers_keras import custom_layers

ARCH = "keras:VGG16"
CHANNELS = 12


def in_its_place(
    monkeypatch: pytest.MonkeyPatch, *, extra: Callable[[Any], Any] | None = None
) -> None:
    """Let ``ARCH`` be the small network, with a last step of one's own.

    Its pictures become blue, green, red, as VGG16's do.
    """

    def build(size: int) -> keras.Model:
        return numbered(small_network(size, extra))

    spec = replace(
        keras_backbone("VGG16"), channels=CHANNELS, build=build, original=None, fetch=None
    )
    monkeypatch.setattr(registry, "keras_backbone", lambda _: spec)


def small_network(size: int, extra: Callable[[Any], Any] | None = None) -> keras.Model:
    """Build it, with BatchNorm statistics and shifts as a trained one has them."""
    custom = custom_layers(ARCH)
    images = keras.Input((size, size, 3))
    x = layers.Rescaling(0.02, offset=0.1)(images)
    x = layers.ZeroPadding2D(((0, 1), (2, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="first")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("silu")(x)
    x = layers.Conv2D(8, 3, padding="same", groups=4, use_bias=False)(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.ReLU(6)(x)
    x = layers.ZeroPadding2D(((1, 1), (1, 1)))(x)
    x = layers.MaxPooling2D(3, strides=2)(x)
    inner = layers.Conv2D(8, 3, padding="same", dilation_rate=2)(x)
    x = custom["CustomScaleLayer"](scale=0.5)([x, inner])
    side = layers.DepthwiseConv2D(5, padding="same")(x)
    side = layers.LayerNormalization(epsilon=1e-6)(side)
    side = layers.Dense(16, activation="gelu")(side)
    side = layers.Dense(8)(side)
    side = custom["LayerScale"](0.7, 8)(side)
    side = layers.Activation("hard_silu")(side)
    x = layers.Add()([x, side, inner])
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Reshape((1, 1, 8))(gate)
    gate = layers.Conv2D(4, 1, activation="silu")(gate)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(gate)
    x = layers.Multiply()([x, gate])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.ReLU(6)(gate + 3.0) * (1 / 6)
    x = layers.Multiply()([x, gate])
    x = layers.Dropout(0.3)(x)
    cut = layers.Cropping2D(((1, 0), (0, 1)))(x)
    cut = layers.ZeroPadding2D(((0, 1), (1, 0)))(cut)
    x = layers.Concatenate()([x, layers.AveragePooling2D(3, strides=1, padding="same")(cut)])
    x = layers.SeparableConv2D(CHANNELS, 3, padding="same", strides=2, name="last")(x)
    x = keras.Sequential([layers.Conv2D(CHANNELS, 2, padding="same"), layers.LayerNormalization()])(
        x
    )
    x = layers.Activation("relu")(x)
    model = keras.Model(images, x if extra is None else extra(x))
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, item.shape) for item in layer.weights])
    return model
