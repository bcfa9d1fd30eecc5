"""The parts of a LiteRT file, and the file made of them.

Its form is LiteRT's schema, version 3, a flatbuffer; TensorFlow brings the classes that pack it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime

Array = npt.NDArray[Any]

IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Steps:
    """How whole numbers stand for values: value = step · (number − zero), by channel or for all.

    Attributes:
        step: One, or one for each channel.
        zero: Likewise.
        axis: Which axis the channels are; 0 where there is one step.
    """

    step: npt.NDArray[np.float32]
    zero: npt.NDArray[np.int64]
    axis: int = 0


class LiteRTFile:
    """Collects tensors and operators; starts TensorFlow.

    Attributes:
        schema: The classes of LiteRT's schema.
        taken: The tensor of the pictures, where the file begins with another's content.
        given: What that gives.
    """

    def __init__(self, content: bytes | None = None) -> None:
        self.schema = schema_of_files()
        self.taken: int | None = None
        self.given: int | None = None
        if content is None:
            self._model = self.schema.ModelT()
            self._model.version, self._model.description = 3, b"tl-catdog"
            # The first buffer is empty, by the schema.
            self._model.buffers, self._model.operatorCodes = [self.schema.BufferT()], []
            self._graph = self.schema.SubGraphT()
            self._graph.name, self._graph.tensors, self._graph.operators = b"main", [], []
            self._model.subgraphs = [self._graph]
        else:
            self._model = self.schema.ModelT.InitFromObj(self.schema.Model.GetRootAs(content, 0))
            (self._graph,) = self._model.subgraphs
            (self.taken,), (self.given,) = self._graph.inputs, self._graph.outputs
        self.tensors: list[Any] = self._graph.tensors
        self.operators: list[Any] = self._graph.operators

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        kind: str = "FLOAT32",
        numbers: Array | None = None,
        steps: Steps | None = None,
    ) -> int:
        """Add a tensor, with what it holds if it is constant; return its place."""
        made = self.schema.TensorT()
        made.name, made.shape, made.buffer = name.encode(), list(shape), 0
        made.type = getattr(self.schema.TensorType, kind)
        if numbers is not None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(numbers).tobytes(), np.uint8)
            made.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        if steps is not None:
            made.quantization = self.schema.QuantizationParametersT()
            made.quantization.scale = steps.step.reshape(-1).astype(np.float32)
            made.quantization.zeroPoint = steps.zero.reshape(-1).astype(np.int64)
            made.quantization.quantizedDimension = steps.axis
        self.tensors.append(made)
        return len(self.tensors) - 1

    def operator(
        self, kind: str, inputs: list[int], output: int, version: int = 1, **options: Any
    ) -> int:
        """Add an operator of the schema's name; return its output."""
        made = self.schema.OperatorT()
        made.opcodeIndex = self._code(kind, version)
        made.inputs, made.outputs = inputs, [output]
        name = _OPTIONS.get(kind)
        if name is not None:
            made.builtinOptionsType = getattr(self.schema.BuiltinOptions, name)
            made.builtinOptions = getattr(self.schema, f"{name}T")()
            for key, value in options.items():
                setattr(made.builtinOptions, key, value)
        self.operators.append(made)
        return output

    def _code(self, kind: str, version: int) -> int:
        number = getattr(self.schema.BuiltinOperator, kind)
        for place, code in enumerate(self._model.operatorCodes):
            if (code.builtinCode, code.version) == (number, version):
                return place
        made = self.schema.OperatorCodeT()
        made.builtinCode, made.version = number, version
        made.deprecatedBuiltinCode = min(number, 127)
        self._model.operatorCodes.append(made)
        return len(self._model.operatorCodes) - 1

    def finish(self, first: int, last: int) -> bytes:
        """Return the file from a tensor to another."""
        self._graph.inputs, self._graph.outputs = [first], [last]
        self._model.signatureDefs = [self._signature(first, last)]
        return packed(self._model)

    def _signature(self, first: int, last: int) -> Any:
        found = self.schema.SignatureDefT()
        found.signatureKey, found.subgraphIndex = b"serving_default", 0
        maps = []
        for index in (first, last):
            one = self.schema.TensorMapT()
            one.name, one.tensorIndex = self.tensors[index].name, index
            maps.append([one])
        found.inputs, found.outputs = maps
        return found


_OPTIONS = {
    "ABS": "AbsOptions",
    "CAST": "CastOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "ADD": "AddOptions",
    "MUL": "MulOptions",
    "EXP": "ExpOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "NEG": "NegOptions",
    "SUB": "SubOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "RESHAPE": "ReshapeOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "SOFTMAX": "SoftmaxOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
}
"""The schema's options of each operator that has some."""


def packed(model: Any) -> bytes:
    """Return a file of the schema's ``ModelT``."""
    import flatbuffers

    builder = flatbuffers.Builder(2**20)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def schema_of_files() -> Any:
    """Return the classes of LiteRT's schema; starts TensorFlow."""
    runtime.start()
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated
