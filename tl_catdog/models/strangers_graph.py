"""An ONNX graph from a stranger: only what ours are made of, and no more than it holds.

ONNX Runtime believes what a graph says: it makes constants of any size while it loads, and reads
weights from any file that the graph names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import onnx

from tl_catdog.architectures import KERAS

OPERATIONS = frozenset((
    "Add", "Clip", "Conv", "Flatten", "Gemm", "GlobalAveragePool", "Identity", "MaxPool", "Mul",
    "Relu", "Sigmoid", "Softmax", "Transpose",
    "DequantizeLinear", "QuantizeLinear",
))  # fmt: skip
"""What the graphs of all versions are made of."""
LARGEST = 2**26
"""Numbers in a tensor of one picture: 1,024 pixels in the widest layer have 34 million."""
MOST_PADS, MOST_STEPS = 64, 4096
WIDTHS: dict[int, int] = {
    onnx.TensorProto.FLOAT: 4,
    onnx.TensorProto.INT32: 4,
    onnx.TensorProto.INT8: 1,
    onnx.TensorProto.UINT8: 1,
}
"""Bytes of a number of each kind that weights may have."""
BATCH = "B"

KERAS_OPERATIONS = OPERATIONS | {"AveragePool", "Concat", "Erf", "LayerNormalization"}
"""What the graphs of keras.applications are made of besides; see ``keras_writer``."""


def check_graph(content: bytes, image_size: int, classes: int, arch: str = "") -> None:
    """Make sure that a graph is a network of ours, before anything else reads it.

    Args:
        content: The serialised graph.
        image_size: Height and width in pixels of the pictures that it takes.
        classes: How many it tells apart.
        arch: Its architecture: ``keras:NAME`` may have more kinds of operations.

    Raises:
        ValueError: It isn't; the error says what was found.
    """
    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf's own, of several kinds
        raise ValueError(f"no ONNX graph ({type(error).__name__})") from None
    graph = model.graph
    if model.functions or model.training_info or graph.sparse_initializer:
        raise ValueError("functions, or weights of another kind")
    for node in graph.node:
        _check_node(node, KERAS_OPERATIONS if arch.startswith(KERAS) else OPERATIONS)
    names = [_check_weight(weight) for weight in graph.initializer]
    weights = set(names)
    kinds = {item.name: item.data_type for item in graph.initializer}
    for node in graph.node:
        _check_kinds(node, kinds)
    inputs = [item for item in graph.input if item.name not in weights]
    wanted = (BATCH, image_size, image_size, 3)
    if [_shape(item) for item in inputs] != [wanted]:
        found = ", ".join(str(_shape(item)) for item in inputs)
        raise ValueError(f"inputs of {found or 'none'} instead of {wanted}")
    shapes = _shapes(model)
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in weights:
            continue  # as large as what it is in the file
        for name in node.output:
            batch, *sides = shapes.get(name, (0,))
            if batch != BATCH or not all(isinstance(side, int) and side > 0 for side in sides):
                raise ValueError(f"a {node.op_type} whose shape nobody knows")
            if math.prod(int(side) for side in sides) > LARGEST:
                raise ValueError(f"a {node.op_type} of {tuple(sides)}")
    outputs = [shapes.get(item.name) for item in graph.output]
    units = 1 if classes == 2 else classes
    if not 1 <= len(outputs) <= 2 or outputs[0] != (BATCH, units):
        raise ValueError(f"outputs of {outputs} instead of {(BATCH, units)}")
    if any(shape is None or len(shape) != 2 for shape in outputs):
        raise ValueError(f"outputs of {outputs}")


def _check_node(node: onnx.NodeProto, known: frozenset[str]) -> None:
    if node.op_type not in known or node.domain not in ("", "ai.onnx"):
        raise ValueError(f"the operation {node.op_type[:40]!r}")
    for item in node.attribute:
        most = MOST_PADS if item.name == "pads" else MOST_STEPS
        values = [*item.ints, item.i]
        if item.g.ByteSize() or item.graphs or any(not -1 <= value <= most for value in values):
            raise ValueError(f"a {node.op_type} with {item.name[:40]} of {values[:4]}")


def _check_kinds(node: onnx.NodeProto, kinds: Mapping[str, int]) -> None:
    """Make sure that whole numbers stand only where ours do, and as ours do."""
    single = onnx.TensorProto.FLOAT
    found = [kinds.get(name, single) for name in node.input]
    if node.op_type == "QuantizeLinear":
        allowed = [[single, single, onnx.TensorProto.UINT8]]
    elif node.op_type == "DequantizeLinear" and node.input[0] in kinds:
        integers = (onnx.TensorProto.INT8, onnx.TensorProto.INT32)
        allowed = [[kind, single, kind] for kind in integers]
    elif node.op_type == "DequantizeLinear":
        allowed = [[single, single, onnx.TensorProto.UINT8]]  # what QuantizeLinear gave
    else:
        allowed = [[single] * len(found)]
    if found not in allowed:
        raise ValueError(f"a {node.op_type} of other numbers")


def _check_weight(weight: onnx.TensorProto) -> str:
    count = math.prod(weight.dims)
    width = WIDTHS.get(weight.data_type, 0)
    there = len(weight.float_data)
    if weight.raw_data or weight.data_type != onnx.TensorProto.FLOAT:
        there = len(weight.raw_data) // (width or 1)
    if (
        not width
        or weight.data_location != onnx.TensorProto.DEFAULT
        or weight.external_data
        or any(side < 0 for side in weight.dims)
        or there != count
        or len(weight.raw_data) % width
    ):
        raise ValueError(f"weights {weight.name[:40]!r} that aren't in it")
    return str(weight.name)


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int | str, ...]]:
    """Return the shape of each tensor, as far as it can be told without computing anything."""
    bare = onnx.ModelProto()
    bare.ir_version = model.ir_version
    bare.opset_import.extend(model.opset_import)
    bare.graph.name = "shapes"
    bare.graph.node.extend(model.graph.node)
    bare.graph.input.extend(model.graph.input)
    there = {item.name for item in model.graph.input}
    for weight in model.graph.initializer:  # their values would be copied several times
        if weight.name not in there:
            bare.graph.input.append(
                onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
            )
    bare.graph.output.extend(model.graph.output)
    try:
        graph = onnx.shape_inference.infer_shapes(bare, strict_mode=True).graph
    except Exception as error:  # its own, and protobuf's
        raise ValueError(f"layers that don't fit together ({type(error).__name__})") from None
    return {item.name: _shape(item) for item in (*graph.input, *graph.value_info, *graph.output)}


def _shape(item: onnx.ValueInfoProto) -> tuple[int | str, ...]:
    sides = item.type.tensor_type.shape.dim
    return tuple(BATCH if side.dim_param == BATCH else int(side.dim_value) for side in sides)
