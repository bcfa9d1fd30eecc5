"""Our networks as ONNX graphs, made from their weights: fast forward passes without TensorFlow.

The graphs take and give what the Keras models do; a test compares the two. BatchNorm
is folded into the convolution before it, in double precision: with scale γ, offset β, mean μ and
variance σ², BN(k·x) = (kγ/√(σ²+ε))·x + β − μγ/√(σ²+ε). See docs/adr/007.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tl_catdog.models.layout import (
    LAST_CONVOLUTION,
    POOLING,
    STAGES,
    STEM_CHANNELS,
    activation_of,
    shape_at,
)
from tl_catdog.models.weights import Weights

OUTPUT, FEATURES = "output", "features"
OPSET, IR_VERSION = 17, 8
"""Supported by ONNX Runtime since 1.12, that is since 2022."""

EPSILON = 1e-3  # of every BatchNorm in keras.applications.MobileNetV2


def extraction_graph(weights: Weights, image_size: int, feature_layers: Sequence[str]) -> bytes:
    """Return the graph of the backbone up to one or more feature layers.

    Args:
        weights: Of MobileNetV2 without its top.
        image_size: S, the height and width of the pictures in pixels.
        feature_layers: ``pooling``, or ``block_1`` … ``block_16`` or ``Conv_1`` for what goes into
            that block or layer.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to an output for each feature layer,
        in order: (B, 1280) for ``pooling``, (B, h, w, C) for the others (see ``shape_at``).
    """
    graph = _Graph(weights, image_size)
    tensors = graph.backbone()
    return graph.finish(
        {name: (tensors[name], shape_at(name, image_size)) for name in feature_layers}
    )


def inference_graph(
    arch: str, weights: Weights, image_size: int, activation: str | None = None
) -> bytes:
    """Return the graph of a whole network.

    Args:
        arch: ``baseline`` or ``mobilenet``.
        weights: Of the network, head included.
        image_size: S, the height and width of the pictures in pixels.
        activation: Of the output units, ``sigmoid`` or ``softmax``; None for what a new head has.
            Older networks have a sigmoid for each of many classes.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to the outputs, (B, 1) or (B, C), and
        to the features that go into the head, (B, F).
    """
    graph = _Graph(weights, image_size)
    features = graph.baseline() if arch == "baseline" else graph.backbone()[POOLING]
    units = weights["head_output/1"].shape
    width = weights["head_dense/0"].shape[:1]
    softmax = (activation or activation_of(*units)) == "softmax"
    output = graph.head(features, softmax=softmax)
    return graph.finish({OUTPUT: (output, units), FEATURES: (features, width)})


def smallest_graph() -> bytes:
    """Return a graph from a picture of one pixel to that picture scaled, to try whether it runs."""
    graph = _Graph({}, 1)
    return graph.finish({OUTPUT: (graph.scaled(), (3, 1, 1))})


class _Graph:
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

        x = self.scaled()
        for block, pool in enumerate(POOLS, start=1):
            x = self._convolve(x, f"block{block}_conv", pads=(1, 1, 1, 1))
            x = self._add("Relu", [x])
            x = self._add("MaxPool", [x], kernel_shape=[pool, pool], strides=[pool, pool])
        x = self._add("Transpose", [x], perm=[0, 2, 3, 1])  # Keras flattens channels last
        return self._add("Flatten", [x], axis=1)

    def backbone(self) -> dict[str, str]:
        """MobileNetV2 without its top; returns the tensor at each feature layer."""
        inputs: dict[str, str] = {}  # of each block, channels first
        side = self.size
        x = self._relu6(self._convolve(self.scaled(), "Conv1", "bn_Conv1", 2, _pads(side)))
        side = -(-side // 2)
        block, channels = 0, STEM_CHANNELS
        for expansion, filters, repeats, first_stride in STAGES:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                prefix = f"block_{block}" if block else "expanded_conv"
                if block:
                    inputs[prefix] = x
                entry = x
                if expansion > 1:
                    x = self._relu6(self._convolve(x, f"{prefix}_expand", f"{prefix}_expand_BN"))
                pads = _pads(side) if stride == 2 else (1, 1, 1, 1)
                names = f"{prefix}_depthwise", f"{prefix}_depthwise_BN"
                x = self._relu6(self._convolve(x, *names, stride, pads, depthwise=True))
                side = -(-side // stride)
                x = self._convolve(x, f"{prefix}_project", f"{prefix}_project_BN")
                if stride == 1 and channels == filters:
                    x = self._add("Add", [entry, x])
                block, channels = block + 1, filters
        inputs[LAST_CONVOLUTION] = x
        feature_layers = {
            name: self._add("Transpose", [tensor], perm=[0, 2, 3, 1])
            for name, tensor in inputs.items()
        }
        x = self._relu6(self._convolve(x, LAST_CONVOLUTION, "Conv_1_bn"))
        x = self._add("GlobalAveragePool", [x])
        return {**feature_layers, POOLING: self._add("Flatten", [x], axis=1)}  # (B, 1280)

    def head(self, features: str, *, softmax: bool) -> str:
        """The shared head; dropout does nothing in a forward pass."""
        hidden = self._add("Relu", [self._dense(features, "head_dense")])
        logits = self._dense(hidden, "head_output")
        return self._add("Softmax", [logits], axis=1) if softmax else self._add("Sigmoid", [logits])

    def scaled(self) -> str:
        """The pictures, channels first, from 0 to 255 brought to -1 to 1."""
        x = self._add("Transpose", ["pictures"], perm=[0, 3, 1, 2])  # (B, 3, S, S)
        x = self._add("Mul", [x, self._constant("scale", np.float32(1 / 127.5))])
        return self._add("Add", [x, self._constant("offset", np.float32(-1))])  # [-1, 1]

    def _convolve(
        self,
        x: str,
        layer: str,
        norm: str | None = None,
        stride: int = 1,
        pads: Sequence[int] = (0, 0, 0, 0),
        *,
        depthwise: bool = False,
    ) -> str:
        kernel = self.weights[f"{layer}/0"].astype(np.float64)  # (h, w, in, out) or (h, w, C, 1)
        if depthwise:
            kernel = kernel.transpose(0, 1, 3, 2)  # (h, w, 1, C)
        bias: npt.NDArray[Any]
        if norm is None:
            bias = self.weights[f"{layer}/1"]
        else:
            gamma, beta, mean, variance = (
                self.weights[f"{norm}/{index}"].astype(np.float64) for index in range(4)
            )
            factor = gamma / np.sqrt(variance + EPSILON)
            kernel, bias = kernel * factor, beta - mean * factor
        kernel = kernel.transpose(3, 2, 0, 1)  # (out, in / groups, h, w)
        return self._add(
            "Conv",
            [
                x,
                self._constant(f"{layer}/kernel", kernel.astype(np.float32)),
                self._constant(f"{layer}/bias", bias.astype(np.float32)),
            ],
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
            pads=list(pads),
            group=kernel.shape[0] if depthwise else 1,
        )

    def _dense(self, x: str, layer: str) -> str:
        kernel, bias = (
            self._constant(f"{layer}/{index}", self.weights[f"{layer}/{index}"]) for index in (0, 1)
        )
        return self._add("Gemm", [x, kernel, bias])

    def _relu6(self, x: str) -> str:
        return self._add("Clip", [x, "zero", "six"])

    def _constant(self, name: str, value: npt.NDArray[Any] | np.float32) -> str:
        array = np.asarray(value, dtype=np.float32, order="C")
        self._initializers.append(numpy_helper.from_array(array, name))
        return name

    def _add(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output


def _batch_of(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", *shape])


def _pads(side: int) -> tuple[int, int, int, int]:
    """Return the padding (top, left, bottom, right) of Keras' 3×3 kernel with stride 2."""
    before = side % 2
    return (before, before, 1, 1)
