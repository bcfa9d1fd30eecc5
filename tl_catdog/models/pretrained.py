"""Networks of a pretrained backbone, frozen at first, and the shared head."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from tl_catdog.architectures import KERAS
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec
from tl_catdog.models.head import HEAD_LAYERS, add_head
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import PACKAGED, load_backbone_weights

BACKBONE, SCALING = "backbone", "scaling"
MIN_IMAGE_SIZE = 32
_KERAS_NAMED = "keras_"  # TensorFlow takes no colon

LAST_FIFTH = 0.2
"""Part of the layers that is unfrozen of a backbone whose blocks aren't known, if none is named."""


def build_pretrained(
    arch: str,
    *,
    image_size: int,
    class_count: int,
    dense_units: int = 128,
    dropout: float = 0.5,
    backbone_weights: str | None = PACKAGED,
) -> keras.Model:
    """Build a network with a frozen backbone and an untrained head.

    Args:
        arch: The backbone's name, such as ``mobilenet``.
        image_size: Height and width of the pictures in pixels, 32 or more; best is the size that
            the weights were trained at.
        class_count: Number of classes, 2 or more.
        dense_units: Width of the head's hidden layer.
        dropout: The head's dropout rate.
        backbone_weights: ``packaged``, ``keras`` (fetched by Keras), a file, or None for random
            weights (tests).

    Returns:
        A model from RGB in [0, 255], (B, S, S, 3), to outputs, (B, 1) or (B, C). Only the head is
        trainable.

    Raises:
        ValueError: ``image_size`` is too small.
        CatdogError: The weights can't be loaded.
    """
    if image_size < MIN_IMAGE_SIZE:
        raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE}, got {image_size}")
    spec = backbone_of(arch)
    backbone = spec.build(image_size)
    backbone.name = BACKBONE
    if backbone_weights is not None:
        load_backbone_weights(spec, backbone, backbone_weights)
    freeze(backbone)
    images = layers.Input((image_size, image_size, 3), name="pictures")
    x = backbone(_scaling(spec)(images))  # (B, h, w, F)
    x = layers.GlobalAveragePooling2D(name=POOLING)(x)  # (B, F)
    outputs = add_head(x, class_count=class_count, dense_units=dense_units, dropout=dropout)
    return keras.Model(images, outputs, name=arch.replace(KERAS, _KERAS_NAMED))


def _scaling(spec: BackboneSpec) -> layers.Layer:
    """Return the layer that gives a backbone's pictures the range that it was trained with."""
    if not spec.bgr:
        return layers.Rescaling(spec.scale, offset=spec.offset, name=SCALING)
    scale, offset = (np.broadcast_to(value, 3) for value in (spec.scale, spec.offset))
    turned = layers.Conv2D(3, 1, kernel_initializer="zeros", trainable=False, name=SCALING)
    turned.build((None, None, None, 3))
    turned.set_weights([np.diag(scale)[:, ::-1][None, None], offset[::-1]])
    return turned


def arch_of(model: keras.Model) -> str:
    """Return the architecture of a network that ``build_pretrained`` returned."""
    return str(model.name).replace(_KERAS_NAMED, KERAS)


def freeze(backbone: keras.Model) -> None:
    """Freeze every layer of the backbone, each by itself."""
    for layer in backbone.layers:
        layer.trainable = False


def unfreeze_from(model: keras.Model, block: str | None) -> list[str]:
    """Make the backbone trainable from the named block upwards; BatchNorm layers stay frozen.

    A frozen BatchNorm layer uses its stored statistics also when ``fit`` asks for training mode:
    ``backbone(x, training=False)`` would not do, because ``fit`` overrides it. The model has to be
    compiled again for this to have an effect.

    Args:
        model: What ``build_pretrained`` returned.
        block: A block of the backbone, or the full name of a layer; None for the last fifth of the
            layers.

    Returns:
        The names of the layers that are trainable now.

    Raises:
        UsageError: The backbone has no such block; the message names those it has.
    """
    backbone = model.get_layer(BACKBONE)
    names = [layer.name for layer in backbone.layers]
    start = next(
        (i for i, name in enumerate(names) if name == block or name.startswith(f"{block}_")), None
    )
    if block is None:
        start = round(len(names) * (1 - LAST_FIFTH))
    if start is None:
        raise backbone_of(arch_of(model)).no_such_block(block)
    for index, layer in enumerate(backbone.layers):
        layer.trainable = index >= start and not isinstance(layer, layers.BatchNormalization)
    return [layer.name for layer in backbone.layers if layer.trainable and layer.weights]


def part_below(model: keras.Model, feature_layers: Sequence[str]) -> keras.Model:
    """Return the part of the network up to one or more feature layers, sharing its layers.

    Args:
        model: What ``build_pretrained`` returned.
        feature_layers: ``pooling``, or the block or layer that is right above.

    Returns:
        A model from RGB in [0, 255], (B, S, S, 3), to the features at each, (B, F) or
        (B, h, w, C).
    """
    backbone = model.get_layer(BACKBONE)
    tensors = [
        backbone.output if feature_layer == POOLING else _entry(backbone, feature_layer).input
        for feature_layer in feature_layers
    ]
    inner = keras.Model(backbone.input, tensors)
    images = layers.Input(model.input_shape[1:])
    found = keras.tree.flatten(inner(model.get_layer(SCALING)(images)))
    pooling = model.get_layer(POOLING)
    return keras.Model(
        images,
        [
            pooling(x) if feature_layer == POOLING else x
            for feature_layer, x in zip(feature_layers, found, strict=True)
        ],
    )


def part_above(model: keras.Model, feature_layer: str) -> keras.Model:
    """Return the part of the network above a feature layer, sharing its layers.

    Training it trains those layers in the whole network too.

    Args:
        model: What ``build_pretrained`` returned.
        feature_layer: ``pooling``, or the block or layer that is right above.

    Returns:
        A model from the features there, (B, F) or (B, h, w, C), to outputs, (B, 1) or (B, C).
    """
    backbone = model.get_layer(BACKBONE)
    if feature_layer == POOLING:
        x = features = layers.Input(backbone.output.shape[-1:])
    else:
        entry = _entry(backbone, feature_layer).input
        features = layers.Input(entry.shape[1:])
        x = model.get_layer(POOLING)(keras.Model(entry, backbone.output)(features))
    for name in HEAD_LAYERS:
        x = model.get_layer(name)(x)
    return keras.Model(features, x)


def _entry(backbone: keras.Model, feature_layer: str) -> layers.Layer:
    """Return the first layer above a feature layer."""
    return next(
        layer for layer in backbone.layers if f"{layer.name}_".startswith(f"{feature_layer}_")
    )
