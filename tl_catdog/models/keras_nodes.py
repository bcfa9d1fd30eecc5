"""The nodes that a Keras network's graph is made of: convolutions, pooling, activations.

Maps are channels first in the graph and channels last in Keras; a picture's size is known, so each
value's shape is too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.models.graph_writer import GraphWriter

Sides = tuple[int, int, int, int]
"""Top, left, bottom, right."""


class UnknownLayerError(ValueError):
    """A layer, or an option of one, that no graph is made for."""


@dataclass(frozen=True)
class Value:
    """What stands for a Keras tensor.

    Attributes:
        name: The graph's tensor, (B, C, h, w), before padding.
        shape: (h, w, C) with the padding; pooled features are (1, 1, C).
        pads: Zeros around it that a convolution may add for itself.
    """

    name: str
    shape: tuple[int, int, int]
    pads: Sides = (0, 0, 0, 0)


class KerasNodes(GraphWriter):
    """Adds nodes, and says what comes out of them."""

    def _convolution(
        self, layer: Any, x: Value, kernel: npt.NDArray[Any], groups: int, *, bias: bool = True
    ) -> Value:
        """A layer's convolution by its kernel, (h, w, in / groups, out), without activation."""
        if layer.padding not in ("same", "valid") or layer.data_format != "channels_last":
            raise UnknownLayerError("a convolution with another padding")
        return self._convolved(
            x,
            kernel,
            np.asarray(layer.bias) if bias and layer.use_bias else None,
            strides=layer.strides,
            dilations=layer.dilation_rate,
            groups=groups,
            same=layer.padding == "same",
        )

    def _convolved(
        self,
        x: Value,
        kernel: npt.NDArray[Any],
        bias: npt.NDArray[Any] | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        same: bool = False,
    ) -> Value:
        sides = [d * (k - 1) + 1 for k, d in zip(kernel.shape[:2], dilations, strict=True)]
        pads, (height, width) = _window(x.shape, sides, strides, same=same)
        inputs = [x.name, self._number(kernel.transpose(3, 2, 0, 1))]
        name = self._add(
            "Conv",
            inputs if bias is None else [*inputs, self._number(bias)],
            kernel_shape=list(kernel.shape[:2]),
            strides=list(strides),
            dilations=list(dilations),
            pads=list(summed(pads, x.pads)),
            group=groups,
        )
        return Value(name, (height, width, kernel.shape[3]))

    def _pooled(self, kind: str, layer: Any, x: Value) -> Value:
        same = layer.padding == "same"
        pads, (height, width) = _window(x.shape, layer.pool_size, layer.strides, same=same)
        name = self._add(
            kind,
            [x.name],
            kernel_shape=list(layer.pool_size),
            strides=list(layer.strides),
            pads=list(pads),
        )
        return Value(name, (height, width, x.shape[2]))

    def _activated(self, x: Value, activation: Any) -> Value:
        """What Keras' activations of these names do, activations.py."""
        kind = getattr(activation, "__name__", "?")
        if kind == "linear":
            return x
        x = self._settled(x)
        simple = {"relu": "Relu", "sigmoid": "Sigmoid"}
        if kind in simple:
            name = self._add(simple[kind], [x.name])
        elif kind == "relu6":
            name = self._clipped(x.name, 6.0)
        elif kind == "silu":
            name = self._add("Mul", [x.name, self._add("Sigmoid", [x.name])])
        elif kind in ("hard_sigmoid", "hard_silu"):
            name = self._clipped(self._affine(x, np.full(1, 1 / 6), np.full(1, 0.5)).name, 1.0)
            if kind == "hard_silu":
                name = self._add("Mul", [x.name, name])
        elif kind == "gelu":
            scaled = self._affine(x, np.full(1, 0.5**0.5), np.zeros(1))
            erf = Value(self._add("Erf", [scaled.name]), x.shape)
            name = self._add(
                "Mul", [x.name, self._affine(erf, np.full(1, 0.5), np.full(1, 0.5)).name]
            )
        else:
            raise UnknownLayerError(f"an activation {kind}")
        return replace(x, name=name)

    def _affine(self, x: Value, factor: npt.NDArray[Any], shift: npt.NDArray[Any]) -> Value:
        """A factor and a shift of each channel, or of all; ONNX Runtime folds them away."""
        name = x.name
        if np.any(factor != 1):
            name = self._add("Mul", [name, self._number(factor, by_channel=True)])
        if np.any(shift != 0):
            name = self._add("Add", [name, self._number(shift, by_channel=True)])
        return replace(x, name=name)

    def _clipped(self, name: str, most: float) -> str:
        return self._add("Clip", [name, "zero", self._number(np.asarray(most))])

    def _settled(self, x: Value) -> Value:
        """A value with its padding computed: by a convolution that leaves each channel as it is."""
        if not any(x.pads):
            return x
        return self._convolved(x, np.ones((1, 1, 1, x.shape[2])), groups=x.shape[2])

    def _number(self, value: Any, *, by_channel: bool = False) -> str:
        """A constant in single precision; by channel it is (C, 1, 1) or one number."""
        array = np.asarray(value, np.float32)
        if by_channel:
            array = array.reshape(-1, 1, 1) if array.size > 1 else array.reshape(())
        return self._constant(f"number_{len(self._initializers)}", array)


def _window(
    shape: tuple[int, int, int], kernel: Sequence[int], strides: Sequence[int], *, same: bool
) -> tuple[Sides, tuple[int, int]]:
    """Return the padding of a sliding window as TensorFlow has it, and how often it fits."""
    before, after, counts = [], [], []
    for side, width, stride in zip(shape[:2], kernel, strides, strict=True):
        count = -(-side // stride) if same else (side - width) // stride + 1
        total = max((count - 1) * stride + width - side, 0) if same else 0
        before.append(total // 2)
        after.append(total - total // 2)
        counts.append(count)
    return (before[0], before[1], after[0], after[1]), (counts[0], counts[1])


def summed(some: Sides, others: Sides) -> Sides:
    """Return the sums of each side."""
    top, left, bottom, right = (a + b for a, b in zip(some, others, strict=True))
    return top, left, bottom, right
