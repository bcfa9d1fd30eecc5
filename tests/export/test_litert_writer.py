"""A LiteRT file says what the graph says that it was written from."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import numpy_helper

from tests.support.made_up import small_network
from tests.support.small_backbone import SMALL, small_weights
from tl_catdog import runtime
from tl_catdog.export.litert_values import UnknownNodeError
from tl_catdog.export.litert_writer import LiteRTWriter
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.graph import extraction_graph

Pictures = npt.NDArray[np.uint8]


def pictures(count: int, size: int) -> Pictures:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3)).astype(np.uint8)


def interpreter(content: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    with runtime.silence_stderr():
        loaded = Interpreter(model_content=content, num_threads=1)
        loaded.allocate_tensors()
    return loaded


def answers(content: bytes, given: Pictures) -> npt.NDArray[np.float64]:
    """Ask a file about pictures, one at a time."""
    loaded = interpreter(content)
    (taken,), (told,) = loaded.get_input_details(), loaded.get_output_details()
    rows = []
    for picture in given:
        loaded.set_tensor(taken["index"], picture[None].astype(taken["dtype"]))
        loaded.invoke()
        rows.append(loaded.get_tensor(told["index"])[0])
    return np.array(rows, np.float64)


def operators(content: bytes) -> list[str]:
    details = interpreter(content)._get_ops_details()
    return [item["op_name"] for item in details if item["op_name"] != "DELEGATE"]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("pool", [0, 4])
def test_a_network_in_single_precision(units: int, pool: int, whole: bool) -> None:
    graph, _ = small_network(units=units, pool=pool, pads=(0, 0, 1, 1), seed=2)
    given = pictures(5, 32)
    said = OnnxForward(graph)(given)[0]
    content = LiteRTWriter().write(onnx.load_from_string(graph), whole=whole)
    np.testing.assert_allclose(answers(content, given), said, atol=1e-5)
    assert said.std() > 5e-4


@pytest.mark.parametrize("size", [64, 75])
def test_a_backbone_in_whole_numbers(size: int) -> None:
    """Integer kernels with the graph's own weights: what differs are roundings of half a step."""
    graph = extraction_graph(SMALL, small_weights(), size, ("pooling",), "int8")
    given = pictures(8, size)
    (said,) = OnnxForward(graph)(given)
    content = LiteRTWriter().write(onnx.load_from_string(graph), whole=True)
    single = extraction_graph(SMALL, small_weights(), size, ("pooling",))
    rounding = np.abs(OnnxForward(single)(given)[0] - said).mean()
    assert np.abs(answers(content, given) - said).mean() < 0.2 * rounding
    found = interpreter(content)
    types = {item["name"]: np.dtype(item["dtype"]).name for item in found.get_tensor_details()}
    assert types["top/kernel"] == "int8"
    assert types["top/bias"] == "int32"
    assert types["stem/kernel"] == "float32"  # the first three blocks stay in single precision


def test_its_numbers_go_by_names_and_sizes_that_no_one_has_to_guess() -> None:
    graph, _ = small_network(units=3, pads=(0, 0, 1, 1))
    for whole, kind in ((False, np.float32), (True, np.uint8)):
        found = interpreter(LiteRTWriter().write(onnx.load_from_string(graph), whole=whole))
        (taken,), (given,) = found.get_input_details(), found.get_output_details()
        assert (taken["name"], given["name"]) == ("pictures", "probabilities")
        assert taken["shape_signature"].tolist() == [1, 32, 32, 3]
        assert given["shape_signature"].tolist() == [1, 3]
        assert (taken["dtype"], given["dtype"]) == (kind, np.float32)
        assert taken["quantization"] == ((1.0, 0) if whole else (0.0, 0))
        signature = found.get_signature_list()["serving_default"]
        assert signature == {"inputs": ["pictures"], "outputs": ["probabilities"]}


def test_what_opencv_would_leave_out_or_make_other_numbers_of_is_written_otherwise() -> None:
    graph, _ = small_network(units=3, pads=(0, 0, 1, 1))
    single = LiteRTWriter().write(onnx.load_from_string(graph), whole=False)
    assert not {"ABS", "CAST", "QUANTIZE"} & set(operators(single))
    kinds = operators(LiteRTWriter().write(onnx.load_from_string(graph), whole=True))
    assert kinds[:2] == ["CAST", "ABS"]
    place = kinds.index("FULLY_CONNECTED")
    assert kinds[place : place + 3] == ["FULLY_CONNECTED", "ADD", "RELU"]


def pad_otherwise(graph: Any) -> None:
    (pads,) = (item for item in graph.node[1].attribute if item.name == "pads")
    pads.ints[0] = 2


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda graph: setattr(graph.node[2], "op_type", "Tanh"), "a node Tanh"),
        (pad_otherwise, "padding"),
        (
            lambda graph: graph.node[0].attribute[0].ints.__setitem__(slice(None), [0, 2, 1, 3]),
            "axes",
        ),
    ],
)
def test_a_node_that_it_does_not_know_is_named(change: Any, found: str) -> None:
    model = onnx.load_from_string(small_network(pads=(0, 0, 1, 1))[0])
    change(model.graph)
    with pytest.raises(UnknownNodeError, match=found):
        LiteRTWriter().write(model, whole=False)


def test_a_constant_for_each_channel_lies_along_the_channels() -> None:
    model = onnx.load_from_string(small_network(pads=(0, 0, 1, 1))[0])
    scale = numpy_helper.from_array(np.array([0.5, 1, 2], np.float32).reshape(3, 1, 1), "scale")
    model.graph.initializer.append(scale)
    model.graph.node[1].input[0] = "scaled"
    model.graph.node.insert(1, onnx.helper.make_node("Mul", ["x", "scale"], ["scaled"]))
    given = pictures(3, 32)
    said = OnnxForward(model.SerializeToString())(given)[0]
    content = LiteRTWriter().write(model, whole=False)
    np.testing.assert_allclose(answers(content, given), said, atol=1e-5)
