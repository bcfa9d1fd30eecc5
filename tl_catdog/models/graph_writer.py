"""Writes the nodes of our ONNX graphs, layer by layer, in single precision.

BatchNorm is folded into the convolution before it, see ``quantisation.folded``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tl_catdog.models.backbones.spec import BackboneSpec, Block, Convolution
from tl_catdog.models.layout import POOLING
from tl_catdog.models.quantisation import folded
from tl_catdog.models.weights import Weights

OPSET, IR_VERSION = 17, 8
"""Supported by ONNX Runtime since 1.12, that is since 2022."""


class GraphWriter:
    """Collects nodes and weights; each method adds a part and returns the name of its output."""

    def __init__(self, weights: Weights, image_size: int) -> None:
        self.weights = weights
        self.size = image_size
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._constant("zero", np.float32(0))
        self._constant("six", np.float32(6))

    def finish(self, outputs: Mapping[str, tuple[str, Sequence[int]]]) -> bytes:
        """Name the outputs, given with their shapes, and return the checked graph as bytes."""
        for name, (tensor, _) in outputs.items():
            self._add("Identity", [tensor], name)
        graph = helper.make_graph(
            self._nodes,
            "tl-catdog",
            [_batch_of("pictures", (self.size, self.size, 3))],
            [_batch_of(name, shape) for name, (_, shape) in outputs.items()],
            self._initializers,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def baseline(self) -> str:
        """The three-block network up to its flattened features."""
        from tl_catdog.models.baseline import POOLS

        x = self.scaled(1 / 127.5, -1.0)
        for block, pool in enumerate(POOLS, start=1):
            layer = f"block{block}_conv"
            kernel, bias = (self.weights[f"{layer}/{index}"] for index in (0, 1))
            names = self._weights_of(layer, kernel.transpose(3, 2, 0, 1), bias)
            item = Convolution(layer, "", len(bias), kernel=3)
            x = self._add("Relu", [self._convolve([x, *names], item, self.size)])
            x = self._add("MaxPool", [x], kernel_shape=[pool, pool], strides=[pool, pool])
        x = self._add("Transpose", [x], perm=[0, 2, 3, 1])  # Keras flattens channels last
        return self._add("Flatten", [x], axis=1)

    def backbone(self, spec: BackboneSpec) -> dict[str, str]:
        """A backbone; returns the tensor at each feature layer."""
        below: dict[str, str] = {}  # of each block, channels first
        side = self.size
        x = self.scaled(spec.scale, spec.offset)
        for block in spec.blocks:
            below[block.name] = x
            x, side = self.block(x, block, side)
        features = {
            name: self._add("Transpose", [below[name]], perm=[0, 2, 3, 1])
            for name in spec.feature_layers
            if name in below
        }
        x = self._add("GlobalAveragePool", [x])
        return {**features, POOLING: self._add("Flatten", [x], axis=1)}  # (B, F)

    def head(self, features: str, *, softmax: bool) -> str:
        """The shared head; dropout does nothing in a forward pass."""
        hidden = self._add("Relu", [self._dense(features, "head_dense")])
        logits = self._dense(hidden, "head_output")
        return self._add("Softmax", [logits], axis=1) if softmax else self._add("Sigmoid", [logits])

    def scaled(self, scale: float | tuple[float, ...], offset: float | tuple[float, ...]) -> str:
        """The pictures, channels first, from 0 to 255 brought to what the network takes."""
        x = self._add("Transpose", ["pictures"], perm=[0, 3, 1, 2])  # (B, 3, S, S)
        x = self._add("Mul", [x, self._constant("scale", _by_channel(scale))])
        return self._add("Add", [x, self._constant("offset", _by_channel(offset))])

    def block(self, x: str, block: Block, side: int) -> tuple[str, int]:
        """A block on maps of a side in pixels; returns the maps above it and theirs."""
        entry = x
        for item in block.convolutions:
            found = folded(self.weights, item)
            kernel, bias = self._weights_of(item.layer, found.kernel, found.bias)
            x = self._convolve([x, kernel, bias], item, side)
            if item.relu6:
                x = self._add("Clip", [x, "zero", "six"])
            side = -(-side // item.stride)
        return (self._add("Add", [entry, x]) if block.shortcut else x), side

    def _convolve(self, inputs: Sequence[str], item: Convolution, side: int) -> str:
        """A convolution of maps, by its kernel, (out, in / groups, h, w), and its bias, (out,)."""
        before, after = item.pads(side)
        return self._add(
            "Conv",
            inputs,
            kernel_shape=[item.kernel] * 2,
            strides=[item.stride] * 2,
            pads=[before, before, after, after],
            group=item.filters if item.depthwise else 1,
        )

    def _weights_of(
        self, layer: str, kernel: npt.NDArray[Any], bias: npt.NDArray[Any]
    ) -> tuple[str, str]:
        return (
            self._constant(f"{layer}/kernel", kernel.astype(np.float32)),
            self._constant(f"{layer}/bias", bias.astype(np.float32)),
        )

    def _dense(self, x: str, layer: str) -> str:
        kernel, bias = (
            self._constant(f"{layer}/{index}", self.weights[f"{layer}/{index}"]) for index in (0, 1)
        )
        return self._add("Gemm", [x, kernel, bias])

    def _constant(self, name: str, value: npt.NDArray[Any] | np.generic) -> str:
        self._initializers.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def _add(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output


def _by_channel(value: float | tuple[float, ...]) -> npt.NDArray[np.float32]:
    """Return a number for all channels, (), or one for each, (3, 1, 1)."""
    found = np.asarray(value, np.float32)
    return found.reshape(-1, 1, 1) if found.ndim else found


def _batch_of(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", *shape])
