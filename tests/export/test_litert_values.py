"""What names of a graph are as tensors of a file."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.export.test_litert_writer import answers, operators, pictures
from tl_catdog.export.litert_values import UnknownNodeError
from tl_catdog.export.litert_writer import LiteRTWriter


def graph_of(*nodes: onnx.NodeProto, **constants: Any) -> onnx.ModelProto:
    """Return a graph from pictures of 2 × 2 to the last node's output."""
    return helper.make_model(
        helper.make_graph(
            nodes,
            "few",
            [helper.make_tensor_value_info("pictures", 1, ["B", 2, 2, 3])],
            [helper.make_tensor_value_info(nodes[-1].output[0], 1, None)],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        )
    )


STEPS = {"step": np.float32(3), "zero": np.uint8(10)}


def test_signless_numbers_get_a_sign() -> None:
    """0 to 255 become −128 to 127, and what they stand for stays."""
    model = graph_of(
        helper.make_node("QuantizeLinear", ["pictures", "step", "zero"], ["whole"]),
        helper.make_node("DequantizeLinear", ["whole", "step", "zero"], ["values"]),
        **STEPS,
    )
    given = pictures(4, 2)
    found = answers(LiteRTWriter().write(model, whole=False), given)
    assert np.abs(found - given).max() <= 1.5
    assert set((found % 3).reshape(-1)) == {0.0}


def test_values_of_whole_numbers_are_made_once_for_all_who_take_them() -> None:
    model = graph_of(
        helper.make_node("QuantizeLinear", ["pictures", "step", "zero"], ["whole"]),
        helper.make_node("DequantizeLinear", ["whole", "step", "zero"], ["values"]),
        helper.make_node("Mul", ["values", "values"], ["squares"]),
        helper.make_node("Sub", ["squares", "values"], ["given"]),
        **STEPS,
    )
    kinds = operators(LiteRTWriter().write(model, whole=True))
    assert kinds == ["CAST", "ABS", "QUANTIZE", "DEQUANTIZE", "MUL", "SUB"]


def test_an_activation_that_another_node_takes_too_stays_on_its_own() -> None:
    kernel = np.ones((3, 3, 1, 1), np.float32)
    convolution = helper.make_node(
        "Conv", ["x", "kernel", "bias"], ["c"], kernel_shape=[1, 1], strides=[1, 1]
    )
    begin = helper.make_node("Transpose", ["pictures"], ["x"], perm=[0, 3, 1, 2])
    relu = helper.make_node("Relu", ["c"], ["on"])
    constants = {"kernel": kernel, "bias": np.zeros(3, np.float32)}
    alone = graph_of(begin, convolution, relu, **constants)
    assert operators(LiteRTWriter().write(alone, whole=False)) == ["CONV_2D"]
    shared = graph_of(
        begin, convolution, relu, helper.make_node("Add", ["on", "c"], ["both"]), **constants
    )
    assert operators(LiteRTWriter().write(shared, whole=False)) == ["CONV_2D", "RELU", "ADD"]


def test_steps_that_are_computed_are_unknown() -> None:
    model = graph_of(
        helper.make_node("QuantizeLinear", ["pictures", "pictures", "zero"], ["whole"]),
        zero=np.uint8(0),
    )
    with pytest.raises(UnknownNodeError, match="isn't constant"):
        LiteRTWriter().write(model, whole=False)
