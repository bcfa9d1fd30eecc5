"""The three-block network in whole numbers, by what it makes of some pictures.

It has no BatchNorm layers that would know its ranges, so training pictures are sent through it.
The first convolution, of three channels, stays in single precision, and so does what the head
computes. Most of the network's weights are the hidden layer's, which are kept in 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from tl_catdog.data.images import Pixels
from tl_catdog.models.backbones.spec import Convolution
from tl_catdog.models.integer_writer import IntegerWriter
from tl_catdog.models.quantisation import MOST, Folded, Moments, Numbers, Steps, steps_of, whole
from tl_catdog.models.weights import Weights

HIDDEN, OUTPUT = "head_dense", "head_output"


@dataclass(frozen=True)
class Seen:
    """What some pictures leave above one of the poolings.

    Attributes:
        mean: At each place, (C, h, w).
        greatest: Of all.
    """

    mean: Numbers
    greatest: float


def seen_in(graph: bytes, pictures: Sequence[Pixels]) -> list[Seen]:
    """Return what pictures, (S, S, 3) each, leave above each pooling of a graph of the network."""
    import onnxruntime

    model = onnx.load_from_string(graph)
    names = [node.output[0] for node in model.graph.node if node.op_type == "MaxPool"]
    for name in names:
        made = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        model.graph.output.append(made)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    sums: list[Numbers] = []
    greatest = np.zeros(len(names))
    for picture in pictures:
        found = session.run(names, {"pictures": picture[None].astype(np.float32)})
        values = [item[0].astype(np.float64) for item in found]
        sums = [a + b for a, b in zip(sums, values, strict=True)] if sums else values
        greatest = np.maximum(greatest, [item.max() for item in values])
    return [
        Seen(total / len(pictures), float(most)) for total, most in zip(sums, greatest, strict=True)
    ]


class BaselineWriter(IntegerWriter):
    """Adds the nodes of the network, given what pictures leave above its poolings."""

    def __init__(self, weights: Weights, image_size: int, seen: Sequence[Seen]) -> None:
        super().__init__(weights, image_size)
        self._seen = seen

    def baseline(self) -> str:
        """The network up to its flattened features."""
        from tl_catdog.models.baseline import POOLS  # which imports Keras

        x, steps = self.scaled(1 / 127.5, -1.0), None
        for number, (pool, above) in enumerate(zip(POOLS, self._seen, strict=True), start=1):
            layer = f"block{number}_conv"
            kernel, bias = (self.weights[f"{layer}/{index}"].astype(np.float64) for index in (0, 1))
            item = Convolution(layer, "", len(bias), kernel=3)
            none = np.zeros(len(bias))
            found = Folded(kernel.transpose(3, 2, 0, 1), bias, Moments(none, none))
            if steps is None:
                names = self._weights_of(layer, found.kernel, found.bias)
                x = self._add("Relu", [self._convolve([x, *names], item, self.size)])
            else:
                mean = self._seen[number - 2].mean.mean(axis=(1, 2))
                numbers = whole(found, steps, mean)
                names = (
                    self._values(f"{layer}/kernel", numbers.kernel, numbers.steps),
                    self._values(f"{layer}/bias", numbers.bias, numbers.bias_steps),
                )
                x = self._convolve([x, *names], item, self.size)
            x, steps = self._clipped(x, layer, above.greatest)
            x = self._add("MaxPool", [x], kernel_shape=[pool, pool], strides=[pool, pool])
        x = self._add("Transpose", [x], perm=[0, 2, 3, 1])  # Keras flattens channels last
        self._round_hidden(self._seen[-1].mean.transpose(1, 2, 0).reshape(-1))
        return self._add("Flatten", [x], axis=1)

    def _clipped(self, x: str, layer: str, greatest: float) -> tuple[str, Steps]:
        """Round a tensor to 8 bits from 0, which does what a ReLU would."""
        steps = steps_of(0.0, greatest)
        names = [
            self._constant(f"{layer}/output/step", steps.step),
            self._constant(f"{layer}/output/zero", steps.zero),
        ]
        return self._add(
            "DequantizeLinear", [self._add("QuantizeLinear", [x, *names]), *names]
        ), steps

    def _round_hidden(self, mean: Numbers) -> None:
        """Make the hidden layer's weights whole numbers, and the next layer's carry their steps.

        relu(s · h) is s · relu(h). The mean of what rounding moves is taken from the bias.
        """
        kernel, bias = (self.weights[f"{HIDDEN}/{i}"].astype(np.float64) for i in (0, 1))
        most = np.abs(kernel).max(axis=0)
        steps = np.where(most > 0, most, MOST) / MOST
        rounded = np.rint(kernel / steps)
        moved = mean @ (rounded * steps - kernel)
        self.weights = {
            **self.weights,
            f"{HIDDEN}/0": rounded.astype(np.int8),
            f"{HIDDEN}/1": ((bias - moved) / steps).astype(np.float32),
            f"{OUTPUT}/0": (steps[:, None] * self.weights[f"{OUTPUT}/0"]).astype(np.float32),
        }

    def _dense(self, x: str, layer: str) -> str:
        if layer != HIDDEN:
            return super()._dense(x, layer)
        kernel, bias = (
            self._constant(f"{layer}/{index}", self.weights[f"{layer}/{index}"]) for index in (0, 1)
        )
        step = [
            self._constant(f"{layer}/step", np.float32(1)),
            self._constant(f"{layer}/zero", np.int8(0)),
        ]
        return self._add("Gemm", [x, self._add("DequantizeLinear", [kernel, *step]), bias])
