"""The activations of a network's layers for one picture, and the filters of its first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tl_catdog.data.images import Pixels
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec

if TYPE_CHECKING:
    import keras

STRONGEST = 8
"""Maps kept of each step."""

Stop = tuple[str, str]
"""A layer's name, and what happens there in words."""

BASELINE: tuple[tuple[Stop, ...], ...] = tuple(
    (
        (f"block{number}_conv", "convolution"),
        (f"block{number}_relu", "ReLU"),
        (f"block{number}_pool", "max-pooling"),
    )
    for number in (1, 2, 3)
)


def plan_of(spec: BackboneSpec) -> tuple[tuple[Stop, ...], ...]:
    """Return where to look: the first and last layers, and blocks that halve the sides in between.

    Of these the first that lies this low is left out: its maps look like the first layer's.
    """
    first, *_, last = spec.blocks
    halving = [
        block
        for block in spec.blocks[1:-1]
        if any(item.stride > 1 for item in block.convolutions) and len(block.convolutions) == 3
    ]
    return (
        ((first.convolutions[0].relu_layer, "convolution + ReLU6"),),
        *(
            (
                (block.convolutions[0].relu_layer, "widening + ReLU6"),
                (block.convolutions[1].relu_layer, "depthwise + ReLU6"),
                (block.convolutions[2].norm, "narrowing"),
            )
            for block in halving[1:]
        ),
        ((last.convolutions[0].relu_layer, "convolution + ReLU6"),),
    )


def plan_of_layers(network: keras.Model) -> tuple[tuple[tuple[Stop, ...], ...], keras.Layer]:
    """Return where to look in a network whose blocks aren't known, and its first convolution.

    It is the last layer of each size of maps.
    """
    import keras

    def convolutions(layer: keras.Layer) -> list[keras.Layer]:
        inner = getattr(layer, "layers", [layer])
        return [item for item in inner if isinstance(item, keras.layers.Conv2D)]

    around = (keras.layers.ZeroPadding2D, keras.layers.Cropping2D)
    names, first = {}, None
    for layer in network.layers:
        if first is None and convolutions(layer):
            first = convolutions(layer)[0]
        sides = layer.output.shape[1:-1]
        if first is not None and len(sides) == 2 and not isinstance(layer, around):
            names[sides[0]] = layer.name
    # Inner layers average over all places, and weigh channels by what comes of that.
    kept = {side: name for side, name in names.items() if side >= network.output.shape[1]}
    stops = [(kept[side], "the last of its size") for side in sorted(kept, reverse=True)]
    return tuple((stop,) for stop in stops), first


@dataclass(frozen=True)
class Step:
    """What one layer gives for a picture.

    Attributes:
        layer: The layer's name.
        does: What it does, in words.
        shape: Height, width and number of its maps, (h, w, C).
        channels: Indices of the maps that are kept, strongest first, (K,).
        maps: Those maps, (K, h, w).
    """

    layer: str
    does: str
    shape: tuple[int, int, int]
    channels: tuple[int, ...]
    maps: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """A few layers in a row that belong together."""

    steps: tuple[Step, ...]

    @property
    def title(self) -> str:
        """The way through the block, with the shape wherever it changes."""
        first, *others = self.steps
        words = [f"{first.layer} {dimensions(first.shape)}"]
        shape = first.shape
        for step in others:
            words.append(
                step.does if step.shape == shape else f"{step.does} {dimensions(step.shape)}"
            )
            shape = step.shape
        return " → ".join(words)


@dataclass(frozen=True)
class Activations:
    """What a network's layers give for one picture, from the first to the last maps.

    Attributes:
        first: Name of the first convolution.
        filters: Its filters as small RGB pictures, (F, k, k, 3), 0..1; 0.5 is a weight of zero,
            and each filter's greatest weight is 0 or 1.
        blocks: In order.
    """

    first: str
    filters: npt.NDArray[np.float32]
    blocks: tuple[Block, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all blocks."""
        return tuple(step for block in self.blocks for step in block.steps)


def dimensions(shape: tuple[int, ...]) -> str:
    """Return a shape as text.

    >>> dimensions((64, 64, 32))
    '64×64×32'
    """
    return "×".join(map(str, shape))


def record_activations(
    model: keras.Model, image: Pixels, strongest: int = STRONGEST
) -> Activations:
    """Send one picture through a network and keep its activations; starts TensorFlow.

    Args:
        model: A Keras model of any architecture.
        image: RGB in [0, 255], (S, S, 3).
        strongest: How many maps to keep of each step: those that vary most over the picture. (The
            greatest means belong to maps that MobileNetV2's ReLU6 holds at six everywhere.)
    """
    from tl_catdog import runtime

    runtime.start()
    import keras

    from tl_catdog.models.pretrained import BACKBONE, SCALING, arch_of

    scaled, reversed_colours = image[None].astype(np.float32), False
    if any(layer.name == BACKBONE for layer in model.layers):
        network, spec = model.get_layer(BACKBONE), backbone_of(arch_of(model))
        if spec.blocks:
            plan = plan_of(spec)
            first = network.get_layer(spec.blocks[0].convolutions[0].layer)
        else:
            plan, first = plan_of_layers(network)
        scaled, reversed_colours = model.get_layer(SCALING)(scaled), spec.bgr
    else:
        network, plan, first = model, BASELINE, model.get_layer(BASELINE[0][0][0])
    stops = [stop for block in plan for stop in block]
    part = keras.Model(network.input, [network.get_layer(name).output for name, _ in stops])
    outputs = keras.tree.flatten(part(scaled, training=False))
    found = {name: np.asarray(output)[0] for (name, _), output in zip(stops, outputs, strict=True)}
    kernel = np.asarray(first.kernel)
    if reversed_colours:
        kernel = kernel[:, :, ::-1]
    return Activations(
        first.name, as_images(kernel), tuple(_block(block, found, strongest) for block in plan)
    )


def as_images(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn filters over RGB, (k, k, 3, F), into small pictures, (F, k, k, 3), 0..1."""
    filters = np.moveaxis(kernel, -1, 0)
    greatest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    return np.asarray(0.5 + 0.5 * filters / np.maximum(greatest, 1e-12), dtype=np.float32)


def _block(
    stops: tuple[Stop, ...], found: dict[str, npt.NDArray[np.float32]], strongest: int
) -> Block:
    """Keep the same maps of all steps that have as many of them, so that each can be followed."""
    chosen: dict[int, tuple[int, ...]] = {}
    # From the end, where ReLU has taken out what is negative.
    for name, _ in reversed(stops):
        maps = found[name]
        if maps.shape[-1] not in chosen:
            order = np.argsort(-maps.std(axis=(0, 1)), kind="stable")
            chosen[maps.shape[-1]] = tuple(int(channel) for channel in order[:strongest])
    steps = []
    for name, does in stops:
        height, width, count = found[name].shape
        maps = np.moveaxis(found[name][..., chosen[count]], -1, 0)
        steps.append(Step(name, does, (height, width, count), chosen[count], maps))
    return Block(tuple(steps))
