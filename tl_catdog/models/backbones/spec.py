"""What is to be known of a pretrained backbone: its layers, sizes, weights and where they are from.

A feature layer is where the frozen part ends and the trained part begins: its output is computed
once and cached. It is named after the block or layer right above it, or ``pooling``.

Imports no framework.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tl_catdog.architectures import pretrained_of
from tl_catdog.errors import LONGEST, UsageError, listing, shown
from tl_catdog.models.layout import POOLING

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Convolution:
    """A convolution without bias, the BatchNorm after it, and ReLU6 where there is one.

    Attributes:
        layer: Its name in Keras; ``{layer}/0`` are its weights.
        norm: The BatchNorm's name.
        filters: Channels that it gives.
        kernel: Side of its kernel, odd.
        stride: 1 or 2; the padding is TensorFlow's "same".
        depthwise: Whether each channel has a kernel of its own.
        relu6: Whether its output is clipped to 0..6.
        relu: The name of the layer that does it, where it isn't ``{layer}_relu``.
    """

    layer: str
    norm: str
    filters: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    relu6: bool = True
    relu: str = ""

    @property
    def relu_layer(self) -> str:
        """The name of the ReLU6 after it."""
        return self.relu or f"{self.layer}_relu"

    def pads(self, side: int) -> tuple[int, int]:
        """Return the padding before and after of a picture's side, as TensorFlow's "same" has it.

        >>> Convolution("c", "n", 8, kernel=3, stride=2).pads(224)
        (0, 1)
        """
        total = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
        return total // 2, total - total // 2


@dataclass(frozen=True)
class Block:
    """Convolutions one after the other.

    Attributes:
        name: Its layers' names begin with it where it can be named itself.
        convolutions: In order.
        shortcut: Whether its input is added to its output.
    """

    name: str
    convolutions: tuple[Convolution, ...]
    shortcut: bool = False


@dataclass(frozen=True)
class BackboneSpec:
    """A pretrained backbone.

    Attributes:
        arch: Its name on the command line.
        title: Its name in texts.
        channels: F, how many features it gives of a picture, averaged over all places.
        build: Builds its Keras model without top and without weights, for pictures of a size in
            pixels: from scaled RGB, (B, S, S, 3), to (B, h, w, F).
        fetch: The same with the weights that Keras fetches; None where it has none.
        original: The network that files of weights are of, for a size in pixels, whose layers have
            the same names; None where it is what ``build`` gives.
        layer_names: Gives its layers' names in order, where its blocks aren't known.
        scale: What pixels in [0, 255] are multiplied by: one number, or three for red, green, blue.
        offset: What is added then, likewise.
        bgr: Whether it takes blue, green, red; scale and offset are for red, green, blue even so.
        blocks: Its layers in order, where the graph writer knows them; empty where it doesn't.
        unnamed: How many of the first blocks no stage can begin at.
        weights_file: The packaged weights, beside ``models/weights.py``; None where there are none.
        sha256: That file's SHA-256 in hexadecimal.
        owner: Whose the weights are.
        licence: SPDX identifier of the weights' licence; empty where their publisher says it.
        origin: Where the weights are from, in a sentence's words.
    """

    arch: str
    title: str
    channels: int
    build: Callable[[int], keras.Model] = field(repr=False)
    fetch: Callable[[int], keras.Model] | None = field(default=None, repr=False)
    original: Callable[[int], keras.Model] | None = field(default=None, repr=False)
    layer_names: Callable[[], tuple[str, ...]] | None = field(default=None, repr=False)
    scale: float | tuple[float, ...] = 1.0
    offset: float | tuple[float, ...] = 0.0
    bgr: bool = False
    blocks: tuple[Block, ...] = field(default=(), repr=False)
    unnamed: int = 0
    weights_file: str | None = None
    sha256: str = ""
    owner: str = "Google"
    licence: str = "Apache-2.0"
    origin: str = ""

    @property
    def image_size(self) -> int:
        """Height and width in pixels of the pictures that the weights were trained on."""
        return pretrained_of(self.arch).image_size

    @property
    def block_names(self) -> tuple[str, ...]:
        """The blocks that fine-tuning may begin at, the last convolution left out."""
        return tuple(block.name for block in self.blocks[self.unnamed : -1])

    @property
    def feature_layers(self) -> tuple[str, ...]:
        """All feature layers from the lowest to ``pooling``."""
        return (*(block.name for block in self.blocks[self.unnamed :]), POOLING)

    def feature_layer_below(self, name: str | None) -> str | None:
        """Return the feature layer right below a block or layer.

        Args:
            name: A block, or the full name of a layer. For a layer within a block it is the one
                below the block, because the block's shortcut leads around the layer. None is the
                backbone's own choice where its blocks aren't known.

        Returns:
            The block's name, or None in the first layers and where blocks aren't known.

        Raises:
            UsageError: There is no such block or layer.
        """
        if self.layer_names is not None:
            if name is not None and name not in self.layer_names():
                raise self.no_such_block(name)
            return None
        for number, block in enumerate(self.blocks):
            if name == block.name or name in set(_layers_of(block)):
                return block.name if number >= self.unnamed else None
        raise self.no_such_block(name)

    def no_such_block(self, name: str | None) -> UsageError:
        """Return the error for a block that isn't one."""
        if self.layer_names is not None:
            return self._no_such_layer(name, self.layer_names())
        names = self.block_names
        return UsageError(
            f"expected a block of {self.title}, found {name!r}; its blocks are "
            f"{listing(names, len(names))}.",
            f"Type: --unfreeze-from {names[-4]}",
        )

    def _no_such_layer(self, name: str | None, names: tuple[str, ...]) -> UsageError:
        near = difflib.get_close_matches(str(name)[:LONGEST], names, 1)
        return UsageError(
            f"expected a layer of {self.title}, found {shown(name)}; from the top down it has "
            f"{listing(names[::-1])}.",
            f"Type: --unfreeze-from {near[0] if near else names[-len(names) // 5]}",
        )

    def shape_at(self, feature_layer: str, image_size: int) -> tuple[int, ...]:
        """Return the shape of one picture's features: (h, w, C), or (F,) for ``pooling``.

        Args:
            feature_layer: One of ``feature_layers``.
            image_size: Height and width of the picture in pixels.
        """
        if feature_layer == POOLING:
            return (self.channels,)
        side, channels = image_size, 3
        for block in self.blocks:
            if block.name == feature_layer:
                break
            for convolution in block.convolutions:
                side = -(-side // convolution.stride)
            channels = block.convolutions[-1].filters
        return (side, side, channels)


def inverted_residual(
    prefix: str, channels: int, filters: int, *, expansion: int, kernel: int, stride: int
) -> Block:
    """Return a block of MobileNetV2's kind: 1×1 up, depthwise, 1×1 down without ReLU.

    Sandler et al. 2018, https://arxiv.org/abs/1801.04381, figure 4.

    Args:
        prefix: Its name, and the beginning of its layers' names.
        channels: That it takes.
        filters: Channels that it gives.
        expansion: How many times wider it is inside; 1 has no first convolution.
        kernel: Side of the depthwise kernel.
        stride: Of the depthwise convolution.
    """
    wide = expansion * channels

    def names(part: str) -> tuple[str, str]:
        return f"{prefix}_{part}", f"{prefix}_{part}_BN"

    inner = (
        Convolution(*names("depthwise"), wide, kernel, stride, depthwise=True),
        Convolution(*names("project"), filters, relu6=False),
    )
    up = (Convolution(*names("expand"), wide),) if expansion > 1 else ()
    return Block(prefix, (*up, *inner), shortcut=stride == 1 and channels == filters)


def _layers_of(block: Block) -> Iterator[str]:
    """Yield the names of a block's layers in Keras."""
    for item in block.convolutions:
        yield from (item.layer, item.norm, item.relu_layer, f"{item.layer}_pad")
    yield from (f"{block.name}_add", f"{block.name}_pad")
