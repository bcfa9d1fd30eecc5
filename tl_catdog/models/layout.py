"""MobileNetV2's layout: its blocks, the feature layers that split it, and the head's units.

A feature layer is where the frozen part ends and the trained part begins: its output is computed
once and cached. It is named after the block or layer right above it, or ``pooling``.

Sandler et al. 2018, https://arxiv.org/abs/1801.04381, table 2, width 1.0. Imports no framework.
"""

from __future__ import annotations

import re

from tl_catdog.errors import UsageError, listing

STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""(expansion, channels, blocks, stride of the first)."""

STEM_CHANNELS, TOP_CHANNELS = 32, 1280

BLOCKS = tuple(f"block_{number}" for number in range(1, sum(stage[2] for stage in STAGES)))
"""The blocks by their names in Keras; the very first one is called expanded_conv there."""

LAST_CONVOLUTION = "Conv_1"
POOLING = "pooling"
"""The feature layer above the whole backbone: its output averaged over the picture, (B, 1280)."""

STEM = re.compile(r"(Conv1|bn_Conv1|Conv1_relu|expanded_conv_\w+)$")
TOP = re.compile(r"(Conv_1|Conv_1_bn|out_relu)$")
BLOCK = re.compile(r"(block_\d+)(_\w+)?$")


def feature_layer_below(name: str) -> str | None:
    """Return the feature layer right below a block or layer.

    Args:
        name: ``block_1`` … ``block_16``, or the full name of a layer. For a layer within a block it
            is the one below the block, because the block's shortcut leads around the layer.

    Returns:
        The block's name, ``Conv_1`` for the last convolution, or None in the first layers.

    Raises:
        UsageError: There is no such block or layer.

    >>> feature_layer_below("block_14_depthwise"), feature_layer_below("out_relu")
    ('block_14', 'Conv_1')
    """
    if STEM.match(name):
        return None
    if TOP.match(name):
        return LAST_CONVOLUTION
    block = BLOCK.match(name)
    if block is None or block[1] not in BLOCKS:
        raise no_such_block(name)
    return block[1]


def no_such_block(name: str) -> UsageError:
    """Return the error for a block that isn't one."""
    return UsageError(
        f"expected a block of the backbone, found {name!r}; its blocks are {listing(BLOCKS, 20)}.",
        "Type: --unfreeze-from block_13",
    )


def shape_at(feature_layer: str, image_size: int) -> tuple[int, ...]:
    """Return the shape of one picture's features: (h, w, C), or (1280,) for ``pooling``.

    Args:
        feature_layer: ``pooling``, ``block_1`` … ``block_16`` or ``Conv_1``.
        image_size: Height and width of the picture in pixels.

    >>> shape_at("block_13", 224), shape_at("pooling", 224)
    ((14, 14, 96), (1280,))
    """
    if feature_layer == POOLING:
        return (TOP_CHANNELS,)
    side, channels, number = -(-image_size // 2), STEM_CHANNELS, 0
    for _, filters, repeats, stride in STAGES:
        for repeat in range(repeats):
            if feature_layer == f"block_{number}":
                return (side, side, channels)
            side = -(-side // (stride if repeat == 0 else 1))
            channels, number = filters, number + 1
    return (side, side, channels)


def units_for(class_count: int) -> int:
    """Return how many output units tell the classes apart: one for two classes, else one each."""
    return 1 if class_count == 2 else class_count


def activation_of(units: int) -> str:
    """Return the activation of that many output units."""
    return "sigmoid" if units == 1 else "softmax"


def linear_units(dense_units: int, units: int) -> int:
    """Return how many of the hidden units are kept for a linear model: about a quarter.

    Each logit needs two; more of them share it where there is room, so that dropout in a later
    fine-tuning doesn't take it away at once.

    Args:
        dense_units: Width of the hidden layer.
        units: Output units.

    Returns:
        A multiple of 2 · ``units``; 0 where as many more wouldn't be left.
    """
    pair = 2 * units
    if dense_units < 2 * pair:
        return 0
    return pair * max(1, dense_units // 4 // pair)
