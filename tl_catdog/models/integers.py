"""Whether ONNX Runtime's integer kernels are exact on this processor.

Processors of Intel's and AMD's without VNNI add products of a byte without sign and one with it in
pairs, in 16 bits that saturate: two products of 255 and 127 already don't fit. No message tells of
it, so a graph whose right answer is known is tried. Where kernels aren't exact, graphs of integers
are computed as what they say in single precision, which is slower, and right.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

INPUTS, SIDE = 64, 8
FULL = 200
"""What a whole sum is rounded to; saturated, it would be half of that."""
IN_SINGLE_PRECISION = ("session.disable_quant_qdq", "1")
"""The entry of a session's configuration that leaves integer kernels out."""


def has_integers(graph: bytes) -> bool:
    """Return whether a serialised graph rounds anything to integers."""
    return b"QuantizeLinear" in graph


@cache
def exact_integers() -> bool:
    """Return whether integer kernels give here what a graph says.

    Also where none can be tried, because ``onnx`` or ONNX Runtime are missing, it isn't so.
    """
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            _full_sums(), options, providers=["CPUExecutionProvider"]
        )
        pictures = np.full((1, INPUTS, SIDE, SIDE), 255, np.float32)
        pointwise, depthwise = session.run(None, {"pictures": pictures})
    except Exception:  # not installed, too old, or its library doesn't load
        return False
    return bool((pointwise == FULL).all() and (depthwise[..., 1:-1, 1:-1] == FULL).all())


def _full_sums() -> bytes:
    """Return a graph of two convolutions whose every input and weight is the greatest there is.

    Each, pointwise and depthwise, is rounded in steps of its whole sum's ``FULL``-th part.
    """
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        "one": np.float32(1),
        "none": np.uint8(0),
        "steps": np.ones(INPUTS, np.float32),
        "zeros": np.zeros(INPUTS, np.int8),
        "pointwise": np.full((INPUTS, INPUTS, 1, 1), 127, np.int8),
        "depthwise": np.full((INPUTS, 1, 3, 3), 127, np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["pictures", "one", "none"], ["bytes"]),
        helper.make_node("DequantizeLinear", ["bytes", "one", "none"], ["values"]),
    ]
    depthwise: dict[str, Any] = {"group": INPUTS, "pads": [1, 1, 1, 1]}
    for kind, terms, attributes in (("pointwise", INPUTS, {}), ("depthwise", 9, depthwise)):
        constants[f"{kind}_sum"] = np.float32(255 * 127 * terms / FULL)
        for op, inputs, output in (
            ("DequantizeLinear", [kind, "steps", "zeros"], f"{kind}_weights"),
            ("Conv", ["values", f"{kind}_weights"], f"{kind}_map"),
            ("QuantizeLinear", [f"{kind}_map", f"{kind}_sum", "none"], f"{kind}_rounded"),
            ("DequantizeLinear", [f"{kind}_rounded", "one", "none"], f"{kind}_found"),
        ):
            named: dict[str, Any] = {"axis": 0} if output.endswith("weights") else {}
            named = attributes if op == "Conv" else named
            nodes.append(helper.make_node(op, inputs, [output], **named))
    shape: list[str | int | None] = ["B", INPUTS, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "full-sums",
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(f"{kind}_found", TensorProto.FLOAT, shape)
            for kind in ("pointwise", "depthwise")
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
