"""Writes a LiteRT file from an ONNX graph of ours, node by node, without a converter.

Whole numbers stay what they are: where the graph has a convolution or a sum between
DequantizeLinear and QuantizeLinear, the file has LiteRT's integer kernel with the same weights,
steps and biases. Activations move from 0..255 to −128..127, as those kernels take them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from tl_catdog.export.graphs import PICTURES, PROBABILITIES
from tl_catdog.export.litert_file import Steps
from tl_catdog.export.litert_values import GraphValues, UnknownNodeError, Value

Array = npt.NDArray[Any]


NOTHING = -1
"""Stands for a tensor that an operator could take and doesn't."""

ALONE = {
    "Abs": "ABS",
    "Exp": "EXP",
    "Log": "LOG",
    "Neg": "NEG",
    "Relu": "RELU",
    "Sigmoid": "LOGISTIC",
}
"""Kinds of nodes that change each number of a tensor by itself, and the schema's names."""

PAIRS = {"Min": "MINIMUM", "Mul": "MUL", "Sub": "SUB"}
"""Likewise those that take the numbers of two tensors together; a sum may be of whole numbers."""


class LiteRTWriter(GraphValues):
    """Adds what a graph's nodes are; each ``_on_…`` method writes a kind of node."""

    def write(self, model: onnx.ModelProto, *, whole: bool) -> bytes:
        """Return the file of a graph, behind what the file began with.

        Args:
            model: From RGB in 0..255, (B, S, S, 3), to probabilities, (B, C); where the file began
                with another's content, from what that gives.
            whole: Whether the file takes ``uint8`` instead of ``float32``.

        Raises:
            UnknownNodeError: It has a node that isn't known.
        """
        graph = model.graph
        for item in graph.initializer:
            self._values[item.name] = Value(numbers=numpy_helper.to_array(item), name=item.name)
        for node in graph.node:
            for name in node.input:
                self._takers.setdefault(name, []).append(node)
        (taken,) = graph.input
        if self.taken is None or self.given is None:
            size = tuple(dim.dim_value for dim in taken.type.tensor_type.shape.dim[1:])
            steps = Steps(np.ones(1, np.float32), np.zeros(1, np.int64)) if whole else None
            self.taken = self.tensor(
                PICTURES, (1, *size), "UINT8" if whole else "FLOAT32", steps=steps
            )
            self._values[taken.name] = Value(self.taken, size, steps=steps, rounded=whole)
        else:
            width = int(self.tensors[self.given].shape[-1])
            self._values[taken.name] = Value(self.given, (width,))
            self.tensors[self.taken].name = PICTURES.encode()
        for node in graph.node:
            if node.output[0] not in self._done:
                self._write(node)
        last = self._real(graph.output[0].name)
        self.tensors[last].name = PROBABILITIES.encode()
        return self.finish(self.taken, last)

    def _write(self, node: onnx.NodeProto) -> None:
        """Write a node."""
        kind = node.op_type
        if kind in ALONE:
            self._alone(node, ALONE[kind])
        elif kind in PAIRS:
            self._elementwise(node, PAIRS[kind])
        else:
            method: Callable[[onnx.NodeProto], None] | None
            method = getattr(self, f"_on_{kind.lower()}", None)
            if method is None:
                raise UnknownNodeError(f"a node {kind}")
            method(node)

    # A method for each kind of node.

    def _on_quantizelinear(self, node: onnx.NodeProto) -> None:
        value, steps = self._values[node.input[0]], self._steps(node)
        taken = self._real(node.input[0])
        made = self.tensor(node.output[0], (1, *value.shape), "INT8", steps=steps)
        self.operator("QUANTIZE", [taken], made)
        self._values[node.output[0]] = Value(made, value.shape, steps=steps, rounded=True)

    def _on_dequantizelinear(self, node: onnx.NodeProto) -> None:
        value = self._values[node.input[0]]
        if value.index is None:
            step, zero = (np.atleast_1d(self._numbers(name)) for name in node.input[1:])
            steps = Steps(step, zero)
            self._values[node.output[0]] = replace(value, steps=steps)
        else:
            self._values[node.output[0]] = value

    def _on_identity(self, node: onnx.NodeProto) -> None:
        self._values[node.output[0]] = self._values[node.input[0]]

    def _on_transpose(self, node: onnx.NodeProto) -> None:
        # The file's tensors have their channels last, whatever the graph does.
        if _attributes(node)["perm"] not in ([0, 3, 1, 2], [0, 2, 3, 1]):
            raise UnknownNodeError("a Transpose of other axes")
        self._on_identity(node)

    def _on_conv(self, node: onnx.NodeProto) -> None:
        about = _attributes(node)
        x, kernel, bias = (self._values[name] for name in node.input)
        numbers, constants = self._numbers(node.input[1]), self._numbers(node.input[2])
        depthwise = about.get("group", 1) > 1
        if depthwise and (about["group"] != x.shape[2] or numbers.shape[1] != 1):
            raise UnknownNodeError("a convolution in groups")
        # (out, in / groups, h, w) becomes (out, h, w, in), or (1, h, w, out) for one kernel each.
        weights = numbers.transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1))
        (stride,) = set(about["strides"])
        padding, side = self._padding(about, x.shape[:2])
        shape = (*side, len(numbers))
        options = {"strideW": stride, "strideH": stride, "padding": padding}
        options |= {"dilationWFactor": 1, "dilationHFactor": 1}
        kind = "CONV_2D"
        if depthwise:
            kind = "DEPTHWISE_CONV_2D"
            options["depthMultiplier"] = 1
        if (
            kernel.steps is not None
            and bias.steps is not None
            and self._all_whole(node, node.input[:1])
        ):
            zeros = np.zeros(len(numbers), np.int64)
            by_channel = Steps(kernel.steps.step, zeros, 3 if depthwise else 0)
            inputs = [
                self._whole(node.input[0]),
                self.tensor(kernel.name, weights.shape, "INT8", weights, by_channel),
                self.tensor(
                    bias.name,
                    constants.shape,
                    "INT32",
                    constants,
                    Steps(bias.steps.step, zeros),
                ),
            ]
            self._give_whole(node, shape, kind, inputs, version=3, **options)
            return
        if kernel.steps is not None:
            raise UnknownNodeError("whole numbers beside others")
        inputs = [
            self._real(node.input[0]),
            self.tensor(kernel.name, weights.shape, numbers=weights),
            self.tensor(bias.name, constants.shape, numbers=constants),
        ]
        name, options["fusedActivationFunction"] = self._activated(node.output[0])
        self._give(name, shape, kind, inputs, **options)

    def _padding(self, about: dict[str, Any], side: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """Return the schema's padding that a node's numbers are, and the side it leaves."""
        (stride,), (kernel,) = set(about["strides"]), set(about["kernel_shape"])
        pads = about.get("pads", [0, 0, 0, 0])
        same = tuple(-(-length // stride) for length in side)
        totals = [
            max((after - 1) * stride + kernel - length, 0)
            for length, after in zip(side, same, strict=True)
        ]
        halves = [total // 2 for total in totals]
        if pads == [*halves, *(total - half for total, half in zip(totals, halves, strict=True))]:
            return self.schema.Padding.SAME, same
        if any(pads):
            raise UnknownNodeError(f"padding {pads}")
        return self.schema.Padding.VALID, tuple((length - kernel) // stride + 1 for length in side)

    def _on_add(self, node: onnx.NodeProto) -> None:
        if self._all_whole(node, node.input):
            inputs = [self._whole(name) for name in node.input]
            shape = self._values[node.input[0]].shape
            self._give_whole(node, shape, "ADD", inputs, version=2)
        else:
            self._elementwise(node, "ADD")

    def _elementwise(self, node: onnx.NodeProto, kind: str) -> None:
        shape = next(v.shape for v in map(self._values.get, node.input) if v and v.numbers is None)
        inputs = [self._real(name) for name in node.input]
        self._give(node.output[0], shape, kind, inputs)

    def _on_clip(self, node: onnx.NodeProto) -> None:
        if not self._is_relu6(node):
            raise UnknownNodeError("a Clip that isn't ReLU6")
        self._alone(node, "RELU6")

    def _on_softmax(self, node: onnx.NodeProto) -> None:
        self._alone(node, "SOFTMAX", beta=1.0)

    def _alone(self, node: onnx.NodeProto, kind: str, **options: Any) -> None:
        """Write an operator of one tensor that changes each number."""
        shape = self._values[node.input[0]].shape
        self._give(node.output[0], shape, kind, [self._real(node.input[0])], **options)

    def _on_maxpool(self, node: onnx.NodeProto) -> None:
        about, x = _attributes(node), self._values[node.input[0]]
        padding, side = self._padding(about, x.shape[:2])
        (stride,), (kernel,) = set(about["strides"]), set(about["kernel_shape"])
        options = {"strideW": stride, "strideH": stride, "filterWidth": kernel}
        options |= {"filterHeight": kernel, "padding": padding}
        shape = (*side, x.shape[2])
        if x.rounded:  # the greatest of whole numbers is one of them
            made = self.tensor(node.output[0], (1, *shape), "INT8", steps=x.steps)
            self.operator("MAX_POOL_2D", [self._whole(node.input[0])], made, version=2, **options)
            self._values[node.output[0]] = Value(made, shape, steps=x.steps, rounded=True)
        else:
            self._give(node.output[0], shape, "MAX_POOL_2D", [self._real(node.input[0])], **options)

    def _on_globalaveragepool(self, node: onnx.NodeProto) -> None:
        shape = self._values[node.input[0]].shape
        axes = self.tensor(f"{node.output[0]}/axes", (2,), "INT32", np.array([1, 2], np.int32))
        inputs = [self._real(node.input[0]), axes]
        self._give(node.output[0], (1, 1, shape[2]), "MEAN", inputs, keepDims=True)

    def _on_flatten(self, node: onnx.NodeProto) -> None:
        shape = self._values[node.input[0]].shape
        flat = (int(np.prod(shape)),)
        to = self.tensor(f"{node.output[0]}/shape", (2,), "INT32", np.array([1, *flat], np.int32))
        inputs = [self._real(node.input[0]), to]
        self._give(node.output[0], flat, "RESHAPE", inputs, newShape=[1, *flat])

    def _on_gemm(self, node: onnx.NodeProto) -> None:
        kernel, bias = (self._numbers(name) for name in node.input[1:])
        steps = self._values[node.input[1]].steps
        weights = self.tensor(
            node.input[1], kernel.T.shape, "FLOAT32" if steps is None else "INT8", kernel.T, steps
        )
        if steps is not None:
            values = self.tensor(f"{node.input[1]}/values", kernel.T.shape)
            weights = self.operator("DEQUANTIZE", [weights], values, version=2)
        # The bias and an activation stay on their own: OpenCV 4 leaves out what is part of this.
        product = self.tensor(f"{node.output[0]}/product", (1, *bias.shape))
        self.operator("FULLY_CONNECTED", [self._real(node.input[0]), weights, NOTHING], product)
        added = self.tensor(node.input[2], (1, *bias.shape), numbers=bias)
        self._give(node.output[0], bias.shape, "ADD", [product, added])


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}
