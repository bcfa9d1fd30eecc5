"""Writes a backbone as an ONNX graph that computes in whole numbers: activations in 8 bits without
sign, weights in 8 bits with one, sums in 32.

What ONNX Runtime joins to integer kernels are convolutions between DequantizeLinear and
QuantizeLinear. The same graph has a meaning without such kernels, so that other runtimes, and
processors whose integer instructions saturate, compute the same answers in single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.models.backbones.spec import BackboneSpec, Block
from tl_catdog.models.graph_writer import GraphWriter
from tl_catdog.models.layout import POOLING
from tl_catdog.models.quantisation import SIX, Moments, Steps, folded, steps_of, whole

Array = npt.NDArray[Any]

SINGLE = 3
"""So many of the first blocks stay in single precision. Their depthwise kernels weigh small
differences of neighbouring pixels so much that rounding shows, and with three channels, or one for
each kernel, whole numbers gain little there (docs/adr/029)."""


class IntegerWriter(GraphWriter):
    """As ``GraphWriter``; of a backbone's feature layers it has ``pooling`` alone.

    Attributes:
        single: How many of the first blocks stay in single precision.
    """

    single = SINGLE

    def backbone(self, spec: BackboneSpec) -> dict[str, str]:
        """A backbone; returns the tensor at ``pooling``."""
        side = self.size
        x = self.scaled(spec.scale, spec.offset)
        for block in spec.blocks[: self.single]:
            x, side = self.block(x, block, side)
        last = spec.blocks[self.single - 1].convolutions[-1]
        moments = folded(self.weights, last).moments
        x, steps = self._rounded(x, f"{last.layer}/output", moments, relu6=last.relu6)
        for block in spec.blocks[self.single :]:
            x, steps, moments, side = self._integer_block(x, steps, moments, block, side)
        x = self._add("GlobalAveragePool", [x])  # its mean in single precision
        return {POOLING: self._add("Flatten", [x], axis=1)}  # (B, F)

    def _integer_block(
        self, x: str, steps: Steps, moments: Moments, block: Block, side: int
    ) -> tuple[str, Steps, Moments, int]:
        """A block on maps whose steps, moments and side are known; returns the same above it."""
        entry, below = x, moments
        for item in block.convolutions:
            found = folded(self.weights, item)
            numbers = whole(found, steps, moments.mean)
            kernel = self._values(f"{item.layer}/kernel", numbers.kernel, numbers.steps)
            bias = self._values(f"{item.layer}/bias", numbers.bias, numbers.bias_steps)
            x = self._convolve([x, kernel, bias], item, side)
            x, steps = self._rounded(x, f"{item.layer}/output", found.moments, relu6=item.relu6)
            moments = found.moments.relu6() if item.relu6 else found.moments
            side = -(-side // item.stride)
        if block.shortcut:
            moments = below + moments
            x = self._add("Add", [entry, x])
            x, steps = self._rounded(x, f"{block.name}/sum", moments, relu6=False)
        return x, steps, moments, side

    def _rounded(self, x: str, name: str, moments: Moments, *, relu6: bool) -> tuple[str, Steps]:
        """Round a tensor to 8 bits, which clips it as ReLU6 would where that is its range."""
        steps = steps_of(*((0.0, SIX) if relu6 else moments.reach))
        names = [
            self._constant(f"{name}/step", steps.step),
            self._constant(f"{name}/zero", steps.zero),
        ]
        whole_numbers = self._add("QuantizeLinear", [x, *names])
        return self._add("DequantizeLinear", [whole_numbers, *names]), steps

    def _values(self, name: str, numbers: Array, steps: Array) -> str:
        """Whole numbers of channels, (out, …), as the values that they stand for."""
        names = [
            self._constant(name, numbers),
            self._constant(f"{name}/steps", steps),
            self._constant(f"{name}/zeros", np.zeros(len(steps), numbers.dtype)),
        ]
        return self._add("DequantizeLinear", names, axis=0)
