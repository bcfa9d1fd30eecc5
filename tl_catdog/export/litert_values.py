"""What the names of an ONNX graph stand for while its LiteRT file is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from tl_catdog.export.litert_file import LiteRTFile, Steps

Array = npt.NDArray[Any]

SIGN = 128
"""What whole numbers move by: 0..255 in the graph, −128..127 in the file."""


class UnknownNodeError(Exception):
    """A node that the writer doesn't know, or not as it is used."""


@dataclass(frozen=True)
class Value:
    """What a name of the graph stands for while its file is written.

    Attributes:
        index: The file's tensor; None for constants, which get theirs where they are used.
        shape: Of the tensor, channels last, of one picture.
        numbers: What a constant is, with the graph's axes.
        steps: For whole numbers.
        rounded: Whether the tensor has whole numbers.
        name: What a constant is called.
    """

    index: int | None = None
    shape: tuple[int, ...] = ()
    numbers: Array | None = None
    steps: Steps | None = None
    rounded: bool = False
    name: str = ""


class GraphValues(LiteRTFile):
    """A file that is written from a graph: which tensors its names are, and whose they are."""

    def __init__(self, content: bytes | None = None) -> None:
        super().__init__(content)
        self._values: dict[str, Value] = {}
        self._takers: dict[str, list[onnx.NodeProto]] = {}
        self._done: set[str] = set()

    def _numbers(self, name: str) -> Array:
        """Return what a constant is."""
        value = self._values[name]
        if value.numbers is None:
            raise UnknownNodeError(f"{name}, which isn't constant")
        return value.numbers

    def _real(self, name: str) -> int:
        """Return a tensor of values in single precision."""
        value = self._values[name]
        if value.index is None:
            numbers = _channels_last(self._numbers(name))
            return self.tensor(name, numbers.shape, numbers=numbers)
        if not value.rounded:
            return value.index
        made = self.tensor(f"{name}/values", (1, *value.shape))
        if self.tensors[value.index].type == self.schema.TensorType.UINT8:
            # Bytes are what they stand for, and never below 0: ABS changes nothing. But OpenCV
            # refuses a file with it. It would load the others, and answer wrongly without a word,
            # since its QUANTIZE makes other numbers (docs/adr/034).
            single = self.tensor(f"{name}/single", (1, *value.shape))
            self.operator("ABS", [self.operator("CAST", [value.index], single)], made)
        else:
            self.operator("DEQUANTIZE", [value.index], made, version=2)
        self._values[name] = Value(made, value.shape)
        return made

    def _whole(self, name: str) -> int:
        """Return the tensor of whole numbers that a name stands for."""
        index = self._values[name].index
        if index is None:
            raise UnknownNodeError(f"{name}, which is constant")
        return index

    def _steps(self, node: onnx.NodeProto) -> Steps:
        step, zero = (self._numbers(name) for name in node.input[1:])
        moved = SIGN if zero.dtype == np.uint8 else 0
        return Steps(step.reshape(-1).astype(np.float32), zero.reshape(-1).astype(np.int64) - moved)

    def _only(self, name: str, *kinds: str) -> onnx.NodeProto | None:
        """Return the node that alone takes a tensor, if it is of one of the kinds."""
        found = self._takers.get(name, [])
        return found[0] if len(found) == 1 and found[0].op_type in kinds else None

    def _activated(self, name: str) -> tuple[str, int]:
        """Return what alone follows a node as the activation of its operator, if it is one."""
        kinds, after = self.schema.ActivationFunctionType, self._only(name, "Clip", "Relu")
        if after is None or (after.op_type == "Clip" and not self._is_relu6(after)):
            return name, kinds.NONE
        self._done.add(after.output[0])
        return after.output[0], kinds.RELU if after.op_type == "Relu" else kinds.RELU6

    def _is_relu6(self, node: onnx.NodeProto) -> bool:
        return [float(self._numbers(name)) for name in node.input[1:]] == [0.0, 6.0]

    def _give(
        self, name: str, shape: tuple[int, ...], kind: str, inputs: list[int], **options: Any
    ) -> None:
        """Write an operator in single precision."""
        made = self.tensor(name, (1, *shape))
        self.operator(kind, inputs, made, **options)
        self._values[name] = Value(made, shape)

    def _give_whole(
        self,
        node: onnx.NodeProto,
        shape: tuple[int, ...],
        kind: str,
        inputs: list[int],
        **options: Any,
    ) -> None:
        """Write an operator whose output is rounded by the node after it."""
        rounding = self._only(node.output[0], "QuantizeLinear")
        assert rounding is not None
        name = rounding.output[0]
        self._done.add(name)
        steps = self._steps(rounding)
        made = self.tensor(name, (1, *shape), "INT8", steps=steps)
        self.operator(kind, inputs, made, **options)
        self._values[name] = Value(made, shape, steps=steps, rounded=True)

    def _all_whole(self, node: onnx.NodeProto, inputs: Sequence[str]) -> bool:
        """Whether a node takes whole numbers in 8 bits, and gives such."""
        values = [self._values[name] for name in inputs]
        kinds = self.schema.TensorType
        return self._only(node.output[0], "QuantizeLinear") is not None and all(
            item.index is not None and item.rounded and self.tensors[item.index].type == kinds.INT8
            for item in values
        )


def _channels_last(numbers: Array) -> Array:
    """Return a constant of channels, (C, 1, 1), as it is beside tensors with channels last."""
    return numbers.reshape(-1) if numbers.ndim == 3 and numbers.shape[1:] == (1, 1) else numbers
