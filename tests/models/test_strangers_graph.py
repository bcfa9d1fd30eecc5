"""A stranger's graph: ours pass, what claims, computes or names anything else is refused."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.support.backbones import MOBILENET
from tests.support.made_up import small_network
from tl_catdog.models.graph import inference_graph
from tl_catdog.models.strangers_graph import check_graph
from tl_catdog.models.weights import packaged_weights

SIZE = 32
Change = Callable[[onnx.ModelProto], None]


@pytest.mark.parametrize(("units", "classes"), [(1, 2), (3, 3)])
def test_networks_of_ours_pass(units: int, classes: int) -> None:
    for pool in (0, 4):
        check_graph(small_network(units=units, pool=pool, size=SIZE)[0], SIZE, classes)


def integers() -> bytes:
    """Return a network of ours in whole numbers, for two classes."""
    weights = dict(packaged_weights(MOBILENET))
    for layer, shape in (("head_dense", (1280, 8)), ("head_output", (8, 1))):
        weights[f"{layer}/0"] = np.zeros(shape, np.float32)
        weights[f"{layer}/1"] = np.zeros(shape[1], np.float32)
    return inference_graph("mobilenet", weights, SIZE, precision="int8")


def test_networks_in_whole_numbers_pass() -> None:
    check_graph(integers(), SIZE, 2)


def _initializer(model: onnx.ModelProto, kind: int) -> onnx.TensorProto:
    found: onnx.TensorProto
    for found in model.graph.initializer:
        if found.data_type == kind and found.dims:
            break
    return found


def fewer(model: onnx.ModelProto) -> None:
    """Claim more whole numbers than there are."""
    _initializer(model, TensorProto.INT32).dims[0] += 1


def elsewhere(model: onnx.ModelProto) -> None:
    """Keep them in another field, which counts differently."""
    item = _initializer(model, TensorProto.INT8)
    item.ClearField("raw_data")
    item.int32_data.extend([1] * 8)


def of_another_kind(model: onnx.ModelProto) -> None:
    _initializer(model, TensorProto.INT8).data_type = TensorProto.INT4


def other_types(model: onnx.ModelProto) -> None:
    """Take bytes without sign for those with one: kernels would read them wrongly."""
    _initializer(model, TensorProto.INT8).data_type = TensorProto.UINT8


def grown(model: onnx.ModelProto) -> None:
    """Spread what came out of weights over something as large as both."""
    side = 60_000
    for name, dims in (("row", (1, side, 1)), ("column", (1, 1, side))):
        numbers = numpy_helper.from_array(np.zeros(dims, np.int8), name)
        step = numpy_helper.from_array(np.asarray(1, np.float32), f"{name}_step")
        zero = numpy_helper.from_array(np.asarray(0, np.int8), f"{name}_zero")
        model.graph.initializer.extend([numbers, step, zero])
        taken = [name, step.name, zero.name]
        model.graph.node.append(helper.make_node("DequantizeLinear", taken, [f"{name}_values"]))
    model.graph.node.append(helper.make_node("Add", ["row_values", "column_values"], ["wide"]))


@pytest.mark.parametrize("change", [fewer, elsewhere, of_another_kind, other_types, grown])
def test_whole_numbers_that_ours_never_are_are_refused(change: Change) -> None:
    model = onnx.load_from_string(integers())
    change(model)
    with pytest.raises(ValueError, match=r"."):
        check_graph(model.SerializeToString(), SIZE, 2)


def shape_constant(model: onnx.ModelProto) -> None:
    """Fill a tensor of a terabyte while the graph is loaded."""
    sides = numpy_helper.from_array(np.array([10**6, 10**6], np.int64), "sides")
    model.graph.initializer.append(sides)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["sides"], ["huge"]))


def outside(model: onnx.ModelProto) -> None:
    """Take weights from another file."""
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")


def claimed(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] = 10**9


def padded(model: onnx.ModelProto) -> None:
    (conv,) = (node for node in model.graph.node if node.op_type == "Conv")
    (pads,) = (item for item in conv.attribute if item.name == "pads")
    pads.ints[:] = [10**6] * 4


def spread(model: onnx.ModelProto) -> None:
    """Add a row to a column: as many numbers as both have times each other."""
    side = 60_000
    for name, dims in (("row", (1, side, 1)), ("column", (1, 1, side))):
        model.graph.initializer.append(numpy_helper.from_array(np.zeros(dims, np.float32), name))
    model.graph.node.append(helper.make_node("Add", ["features", "row"], ["tall"]))
    model.graph.node.append(helper.make_node("Add", ["tall", "column"], ["wide"]))


def foreign(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.example"


def other_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 64


def no_output(model: onnx.ModelProto) -> None:
    del model.graph.output[:]


def ints(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_type = TensorProto.INT32


@pytest.mark.parametrize(
    "change",
    [shape_constant, outside, claimed, padded, spread, foreign, other_input, no_output, ints],
)
def test_what_ours_never_are_is_refused(change: Change) -> None:
    model = onnx.load_from_string(small_network(size=SIZE)[0])
    change(model)
    with pytest.raises(ValueError, match=r"."):
        check_graph(model.SerializeToString(), SIZE, 2)


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08" * 100])
def test_what_is_no_graph_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_graph(content, SIZE, 2)


def test_a_network_of_other_classes_or_pictures_is_refused() -> None:
    content = small_network(units=3, size=SIZE)[0]
    with pytest.raises(ValueError, match="outputs of"):
        check_graph(content, SIZE, 4)
    with pytest.raises(ValueError, match="inputs of"):
        check_graph(content, 64, 3)
