"""The ONNX graphs that LiteRT files are written from: in single precision, and in whole numbers.

Both end with one softmax of as many units as there are classes, with the temperature in the
weights before it, so that no runtime meets a rarer function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tl_catdog.architectures import BASELINE
from tl_catdog.config import INT8
from tl_catdog.data.images import Pixels
from tl_catdog.export.graphs import PICTURES, PROBABILITIES
from tl_catdog.export.litert_baseline import BaselineWriter, seen_in
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.graph import OUTPUT, inference_graph
from tl_catdog.models.graph_writer import GraphWriter
from tl_catdog.models.integer_writer import IntegerWriter
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import weights_of
from tl_catdog.prediction.networks import load_keras, network_graph
from tl_catdog.runs.folder import Run

FINER = 6
"""So many of the first blocks stay in single precision where a run computes in it: it has no
decisions in whole numbers to agree with, and each such block takes noise from the others'
(docs/adr/034)."""


class _Finer(IntegerWriter):
    single = FINER


def knows(run: Run) -> bool:
    """Whether the layers of a run's network are known, one by one."""
    arch = run.config["arch"]
    return arch == BASELINE or bool(backbone_of(arch).blocks)


def needs_pictures(run: Run) -> bool:
    """Whether pictures set the ranges of a run's network in whole numbers."""
    return run.config["arch"] == BASELINE or not knows(run)


def single_graph(run: Run) -> bytes:
    """Return a network's graph in single precision, whichever the run computes in.

    Raises:
        CatdogError: The network can't be read.
    """
    model = load_keras(run)
    return inference_graph(
        run.config["arch"], weights_of(model), run.image_size, _activation(model)
    )


def whole_graph(run: Run, pictures: Sequence[Pixels]) -> bytes:
    """Return a network's graph in whole numbers.

    It is the run's own where that computes so. Otherwise a backbone's ranges are what its
    BatchNorm layers know, and the baseline's, which has none, are those of pictures.

    Args:
        run: The run.
        pictures: (S, S, 3) each, for a baseline.

    Raises:
        CatdogError: The network can't be read.
    """
    if run.compute == INT8:
        return network_graph(run)
    model = load_keras(run)
    weights, arch = weights_of(model), run.config["arch"]
    softmax = _activation(model) == "softmax"
    if arch == BASELINE:
        single = inference_graph(arch, weights, run.image_size, _activation(model))
        graph: IntegerWriter = BaselineWriter(weights, run.image_size, seen_in(single, pictures))
        features = graph.baseline()
    else:
        graph = _Finer(weights, run.image_size)
        features = graph.backbone(backbone_of(arch))[POOLING]
    return graph.finish(
        {OUTPUT: (graph.head(features, softmax=softmax), weights["head_output/1"].shape)}
    )


def head_graph(model: Any) -> bytes:
    """Return the graph of a Keras network's head alone; it takes features as its ``pictures``."""
    graph = GraphWriter(weights_of(model), 1)
    output = graph.head(PICTURES, softmax=_activation(model) == "softmax")
    return graph.finish({OUTPUT: (output, graph.weights["head_output/1"].shape)})


def with_probabilities(graph: bytes, run: Run) -> onnx.ModelProto:
    """Return a graph that ends with the calibrated probabilities of all classes, (B, C).

    Two classes get a logit of 0 for the first one. Older networks of many sigmoids get the softmax
    of ln σ(z) / T, where ln σ(z) = min(z, 0) − ln(1 + exp(−|z|)), which never leaves single
    precision.
    """
    model = onnx.load_from_string(graph)
    nodes = model.graph.node
    constants = {item.name: item for item in model.graph.initializer}
    *_, output = (node for node in nodes if node.op_type in ("Sigmoid", "Softmax"))
    (dense,) = (node for node in nodes if node.output[0] == output.input[0])
    kept = [node for node in nodes if node is not output and node.op_type != "Identity"]

    def constant(name: str, value: npt.NDArray[Any] | float) -> str:
        item = constants.get(name)
        if item is None:
            item = model.graph.initializer.add()
        item.CopyFrom(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def add(kind: str, inputs: list[str], output: str) -> str:
        kept.append(helper.make_node(kind, inputs, [output]))
        return output

    x = dense.output[0]
    if output.op_type == "Softmax" or len(run.classes) == 2:
        for name in dense.input[1:]:
            value = numpy_helper.to_array(constants[name])
            if len(run.classes) == 2:
                value = np.pad(value, ((0, 0), (1, 0)) if value.ndim == 2 else (1, 0))
            constant(name, value / run.temperature)
    else:
        one, none = constant("one", 1.0), constant("none", 0.0)
        tail = add("Exp", [add("Neg", [add("Abs", [x], "sizes")], "falling")], "tails")
        tail = add("Log", [add("Add", [tail, one], "sums")], "logarithms")
        x = add("Sub", [add("Min", [x, none], "below"), tail], "log_sigmoids")
        x = add("Mul", [x, constant("per_temperature", 1 / run.temperature)], "scaled")
    add("Softmax", [x], PROBABILITIES)
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del nodes[:], model.graph.output[:]
    nodes.extend(copies)
    shape: list[str | int | None] = ["B", len(run.classes)]
    made = helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, shape)
    model.graph.output.append(made)
    return model


def _activation(model: Any) -> str:
    from tl_catdog.models.head import activation_in

    return activation_in(model)
