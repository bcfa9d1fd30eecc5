"""Our networks as ONNX graphs, made from their weights: fast forward passes without TensorFlow.

The graphs take and give what the Keras models do; a test compares the two. See docs/adr/007, and
docs/adr/029 for those that compute a backbone in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def smallest_graph() -> bytes:
    """Return a graph from a picture of one pixel to that picture scaled, to try whether it runs."""
    graph = GraphWriter({}, 1)
    return graph.finish({OUTPUT: (graph.scaled(1 / 127.5, -1.0), (3, 1, 1))})


def _writer(precision: str) -> type[GraphWriter]:
    return IntegerWriter if precision == INT8 else GraphWriter
