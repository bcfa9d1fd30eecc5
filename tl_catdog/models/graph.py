"""Our networks as ONNX graphs, made from their weights: fast forward passes without TensorFlow.

The graphs take and give what the Keras models do; a test compares the two. See docs/adr/007, and
docs/adr/029 for those that compute a backbone in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from tl_catdog.architectures import BASELINE
from tl_catdog.config import FLOAT32, INT8
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec
from tl_catdog.models.graph_writer import GraphWriter
from tl_catdog.models.integer_writer import IntegerWriter
from tl_catdog.models.layout import POOLING, activation_of
from tl_catdog.models.weights import Weights

OUTPUT, FEATURES = "output", "features"


def extraction_graph(
    spec: BackboneSpec,
    weights: Weights,
    image_size: int,
    feature_layers: Sequence[str],
    precision: str = FLOAT32,
) -> bytes:
    """Return the graph of a backbone up to one or more feature layers.

    Args:
        spec: Which backbone; its blocks have to be known.
        weights: Its own.
        image_size: S, the height and width of the pictures in pixels.
        feature_layers: ``pooling``, or a block for what goes into it.
        precision: ``float32``; or ``int8``, which has ``pooling`` alone.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to an output for each feature layer,
        in order: (B, F) for ``pooling``, (B, h, w, C) for the others (see ``shape_at``).
    """
    graph = _writer(precision)(weights, image_size)
    tensors = graph.backbone(spec)
    return graph.finish(
        {name: (tensors[name], spec.shape_at(name, image_size)) for name in feature_layers}
    )


def inference_graph(
    arch: str,
    weights: Weights,
    image_size: int,
    activation: str | None = None,
    precision: str = FLOAT32,
) -> bytes:
    """Return the graph of a whole network.

    Args:
        arch: ``baseline``, or a backbone whose blocks are known.
        weights: Of the network, head included.
        image_size: S, the height and width of the pictures in pixels.
        activation: Of the output units, ``sigmoid`` or ``softmax``; None for what a new head has.
            Older networks have a sigmoid for each of many classes.
        precision: Of a backbone: ``float32`` or ``int8``; its head is in single precision.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to the outputs, (B, 1) or (B, C), and
        to the features that go into the head, (B, F).
    """
    graph = _writer(precision)(weights, image_size)
    features = graph.baseline() if arch == BASELINE else graph.backbone(backbone_of(arch))[POOLING]
    units = weights["head_output/1"].shape
    width = weights["head_dense/0"].shape[:1]
    softmax = (activation or activation_of(*units)) == "softmax"
    output = graph.head(features, softmax=softmax)
    return graph.finish({OUTPUT: (output, units), FEATURES: (features, width)})


def head_graph(content: bytes) -> bytes | None:
    """Return the part of a whole network's graph above the features that go into its head.

    Its nodes are the same ones, so that its outputs are the same bits.

    Args:
        content: What ``inference_graph`` returned, or a run keeps.

    Returns:
        A serialised model from features, (B, F), which are called what pictures are called in a
        whole network, to the outputs, (B, 1) or (B, C); None of an older network, which doesn't
        give its features.
    """
    model = onnx.load_from_string(content)
    graph = model.graph
    made = {name: node for node in graph.node for name in node.output}
    outputs = {item.name: item for item in graph.output}
    if set(outputs) != {OUTPUT, FEATURES} or FEATURES not in made:
        return None
    start = made[FEATURES].input[0]
    needed, kept = [OUTPUT], set[str]()
    while needed:
        name = needed.pop()
        if name == start or name not in made or name in kept:
            continue
        kept.update(made[name].output)
        needed.extend(made[name].input)
    nodes = [node for node in graph.node if kept & set(node.output)]
    used = {name for node in nodes for name in node.input}
    for node in nodes:
        node.input[:] = ["pictures" if name == start else name for name in node.input]
    features = onnx.ValueInfoProto()
    features.CopyFrom(outputs[FEATURES])
    features.name = "pictures"
    weights = [item for item in graph.initializer if item.name in used]
    found = onnx.helper.make_graph(nodes, graph.name, [features], [outputs[OUTPUT]], weights)
    return bytes(
        onnx.helper.make_model(
            found, opset_imports=model.opset_import, ir_version=model.ir_version
        ).SerializeToString()
    )


def smallest_graph() -> bytes:
    """Return a graph from a picture of one pixel to that picture scaled, to try whether it runs."""
    graph = GraphWriter({}, 1)
    return graph.finish({OUTPUT: (graph.scaled(1 / 127.5, -1.0), (3, 1, 1))})


def _writer(precision: str) -> type[GraphWriter]:
    return IntegerWriter if precision == INT8 else GraphWriter
