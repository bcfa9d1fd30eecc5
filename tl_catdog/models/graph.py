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

from tl_catdog.architectures import BASELINE
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec, Convolution
from tl_catdog.models.layout import POOLING, activation_of
from tl_catdog.models.weights import Weights

OUTPUT, FEATURES = "output", "features"
OPSET, IR_VERSION = 17, 8
"""Supported by ONNX Runtime since 1.12, that is since 2022."""

EPSILON = 1e-3  # of every BatchNorm in MobileNetV2 and EfficientNet-Lite


def extraction_graph(
    spec: BackboneSpec, weights: Weights, image_size: int, feature_layers: Sequence[str]
) -> bytes:
    """Return the graph of a backbone up to one or more feature layers.

    Args:
        spec: Which backbone; its blocks have to be known.
        weights: Its own.
        image_size: S, the height and width of the pictures in pixels.
        feature_layers: ``pooling``, or a block for what goes into it.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to an output for each feature layer,
        in order: (B, F) for ``pooling``, (B, h, w, C) for the others (see ``shape_at``).
    """
    graph = _Graph(weights, image_size)
    tensors = graph.backbone(spec)
    return graph.finish(
        {name: (tensors[name], spec.shape_at(name, image_size)) for name in feature_layers}
    )


def inference_graph(
    arch: str, weights: Weights, image_size: int, activation: str | None = None
) -> bytes:
    """Return the graph of a whole network.

    Args:
        arch: ``baseline``, or a backbone whose blocks are known.
        weights: Of the network, head included.
        image_size: S, the height and width of the pictures in pixels.
        activation: Of the output units, ``sigmoid`` or ``softmax``; None for what a new head has.
            Older networks have a sigmoid for each of many classes.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to the outputs, (B, 1) or (B, C), and
        to the features that go into the head, (B, F).
    """
    graph = _Graph(weights, image_size)
    features = graph.baseline() if arch == BASELINE else graph.backbone(backbone_of(arch))[POOLING]
    units = weights["head_output/1"].shape
    width = weights["head_dense/0"].shape[:1]
    softmax = (activation or activation_of(*units)) == "softmax"
    output = graph.head(features, softmax=softmax)
    return graph.finish({OUTPUT: (output, units), FEATURES: (features, width)})


def smallest_graph() -> bytes:
    """Return a graph from a picture of one pixel to that picture scaled, to try whether it runs."""
    graph = _Graph({}, 1)
    return graph.finish({OUTPUT: (graph.scaled(1 / 127.5, -1.0), (3, 1, 1))})


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

        x = self.scaled(1 / 127.5, -1.0)
        for block, pool in enumerate(POOLS, start=1):
            bias = self.weights[f"block{block}_conv/1"]
            x = self._convolve(x, f"block{block}_conv", self.weights[f"block{block}_conv/0"], bias)
            x = self._add("Relu", [x])
            x = self._add("MaxPool", [x], kernel_shape=[pool, pool], strides=[pool, pool])
        x = self._add("Transpose", [x], perm=[0, 2, 3, 1])  # Keras flattens channels last
        return self._add("Flatten", [x], axis=1)

    def backbone(self, spec: BackboneSpec) -> dict[str, str]:
        """A backbone; returns the tensor at each feature layer."""
        below: dict[str, str] = {}  # of each block, channels first
        side = self.size
        x = self.scaled(spec.scale, spec.offset)
        for block in spec.blocks:
            below[block.name] = entry = x
            for item in block.convolutions:
                x = self._normalised(x, item, item.pads(side))
                side = -(-side // item.stride)
            if block.shortcut:
                x = self._add("Add", [entry, x])
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

    def _normalised(self, x: str, item: Convolution, pads: tuple[int, int]) -> str:
        """A convolution with the BatchNorm after it folded in, and ReLU6 where there is one."""
        kernel = self.weights[f"{item.layer}/0"].astype(
            np.float64
        )  # (h, w, in, out) or (h, w, C, 1)
        if item.depthwise:
            kernel = kernel.transpose(0, 1, 3, 2)  # (h, w, 1, C)
        gamma, beta, mean, variance = (
            self.weights[f"{item.norm}/{index}"].astype(np.float64) for index in range(4)
        )
        factor = gamma / np.sqrt(variance + EPSILON)
        x = self._convolve(
            x,
            item.layer,
            kernel * factor,
            beta - mean * factor,
            stride=item.stride,
            pads=pads,
            depthwise=item.depthwise,
        )
        return self._add("Clip", [x, "zero", "six"]) if item.relu6 else x

    def _convolve(
        self,
        x: str,
        layer: str,
        kernel: npt.NDArray[Any],
        bias: npt.NDArray[Any],
        *,
        stride: int = 1,
        pads: tuple[int, int] = (1, 1),
        depthwise: bool = False,
    ) -> str:
        """A convolution by its kernel, (h, w, in / groups, out), and its bias, (out,)."""
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
            pads=[pads[0], pads[0], pads[1], pads[1]],
            group=kernel.shape[0] if depthwise else 1,
        )

    def _dense(self, x: str, layer: str) -> str:
        kernel, bias = (
            self._constant(f"{layer}/{index}", self.weights[f"{layer}/{index}"]) for index in (0, 1)
        )
        return self._add("Gemm", [x, kernel, bias])

    def _constant(self, name: str, value: npt.NDArray[Any] | np.float32) -> str:
        array = np.asarray(value, dtype=np.float32, order="C")
        self._initializers.append(numpy_helper.from_array(array, name))
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
