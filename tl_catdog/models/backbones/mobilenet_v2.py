"""MobileNetV2: Sandler et al. 2018, https://arxiv.org/abs/1801.04381, table 2, width 1.0."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from tl_catdog.models.backbones.spec import BackboneSpec, Block, Convolution, inverted_residual

if TYPE_CHECKING:
    import keras

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


def _blocks() -> Iterator[Block]:
    """Yield the blocks by their names in Keras; the very first is called expanded_conv there."""
    yield Block("Conv1", (Convolution("Conv1", "bn_Conv1", 32, 3, 2),))
    channels, number = 32, 0
    for expansion, filters, repeats, first_stride in STAGES:
        for repeat in range(repeats):
            yield inverted_residual(
                f"block_{number}" if number else "expanded_conv",
                channels,
                filters,
                expansion=expansion,
                kernel=3,
                stride=first_stride if repeat == 0 else 1,
            )
            channels, number = filters, number + 1
    yield Block("Conv_1", (Convolution("Conv_1", "Conv_1_bn", 1280, relu="out_relu"),))


def _build(image_size: int, weights: str | None = None) -> keras.Model:
    import keras

    return keras.applications.MobileNetV2(
        input_shape=(image_size, image_size, 3), alpha=1.0, include_top=False, weights=weights
    )


SPECS = (
    BackboneSpec(
        arch="mobilenet",
        title="MobileNetV2",
        channels=1280,
        build=_build,
        fetch=partial(_build, weights="imagenet"),
        scale=1 / 127.5,  # what ImageNet's pictures had
        offset=-1.0,
        blocks=tuple(_blocks()),
        unnamed=2,
        weights_file="mobilenet_v2_imagenet.npz",
        sha256="4c0d2a92d380bd64f6eadd01782292226de9a9ef10875232e749e614787392a5",
        origin="TensorFlow Hub's google/tf2-preview/mobilenet_v2/feature_vector/4, Google",
    ),
)
