"""ONNX graphs of networks whose blocks aren't known: made layer by layer, proven, or not used.

A Keras network is run with names in the place of its tensors, and each of its layers adds the nodes
that compute the same. What comes of it is compared with Keras on some pictures before anything uses
it: where a layer isn't known here, or one number too many differs, TensorFlow computes, and that is
said. See docs/adr/028 for why it isn't Keras' own export.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import keras
import numpy as np
import numpy.typing as npt

from tl_catdog.architectures import KERAS
from tl_catdog.config import FLOAT32
from tl_catdog.errors import CatdogWarning
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.engine import KerasForward, OnnxForward, Outputs
from tl_catdog.models.graph import FEATURES, OUTPUT, inference_graph
from tl_catdog.models.head import activation_in, features_of, with_features
from tl_catdog.models.keras_nodes import UnknownLayerError
from tl_catdog.models.keras_writer import KerasWriter
from tl_catdog.models.layout import POOLING
from tl_catdog.models.pretrained import arch_of
from tl_catdog.models.weights import weights_of

TOLERANCE, OF_ANSWERS = 1e-4, 1e-2
"""By how much features may differ from Keras', times the greatest there is, and probabilities: a
hundred times what the rounding of single precision does. A head whose logits go into the thousands
makes as much more of it."""


def pooled_graph(model: keras.Model) -> bytes | None:
    """Return the proven graph of a frozen backbone.

    Args:
        model: What ``build_pretrained`` returned.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to ``pooling``, (B, F). None, with a
        warning, where there is none.
    """
    pooled = keras.Model(model.inputs, features_of(model))
    return _proven(model, pooled, lambda graph, features, shape: {POOLING: (features, shape)})


def graph_of_model(arch: str, model: keras.Model, precision: str = FLOAT32) -> bytes | None:
    """Return the graph of a whole network of any architecture; see ``inference_graph``.

    Args:
        arch: Its architecture.
        model: What ``build`` returned, or a run keeps.
        precision: As in ``inference_graph``.

    Returns:
        None, with a warning, where there is none.
    """
    if arch.startswith(KERAS):
        return whole_graph(model)
    size = model.input_shape[1]
    return inference_graph(arch, weights_of(model), size, activation_in(model), precision)


def whole_graph(model: keras.Model) -> bytes | None:
    """Return the proven graph of a whole network.

    Args:
        model: What ``build_pretrained`` returned, trained or not.

    Returns:
        A serialised model from RGB in [0, 255], (B, S, S, 3), to the outputs, (B, 1) or (B, C), and
        to the features that go into the head, (B, F). None, with a warning, where there is none.
    """
    softmax = activation_in(model) == "softmax"
    units = tuple(model.output_shape[1:])

    def outputs(graph: KerasWriter, features: str, shape: tuple[int, ...]) -> _Outputs:
        return {OUTPUT: (graph.head(features, softmax=softmax), units), FEATURES: (features, shape)}

    return _proven(model, with_features(model), outputs)


_Outputs = dict[str, tuple[str, Sequence[int]]]


def _proven(
    model: keras.Model,
    wanted: keras.Model,
    outputs: Callable[[KerasWriter, str, tuple[int, ...]], _Outputs],
) -> bytes | None:
    title = backbone_of(arch_of(model)).title
    try:
        graph = KerasWriter(model)
        features, shape = graph.features()
        content = graph.finish(outputs(graph, features, shape))
        found = compared(content, wanted)
    except UnknownLayerError as error:
        found = str(error)
    except Exception as error:  # of Keras, whose inside may change, of onnx and of ONNX Runtime
        found = type(error).__name__
    if not found:
        return content
    warnings.warn(
        f"{title} is computed by TensorFlow, which is slower: expected an ONNX graph that says "
        f"what Keras says, found {found}.",
        CatdogWarning,
        stacklevel=3,
    )
    return None


def compared(content: bytes, model: keras.Model) -> str:
    """Return in words by how much a graph differs from a Keras model; nothing if it doesn't."""
    size = model.input_shape[1]
    pictures = samples(size)
    forward = OnnxForward(content)
    ours: Outputs = forward(pictures)
    theirs: Outputs = KerasForward(model)(pictures)
    *answers, features = zip(ours, theirs, strict=True)
    limits = [(*pair, OF_ANSWERS) for pair in answers]
    limits.append((*features, TOLERANCE * float(np.abs(features[1]).max())))
    for mine, right, limit in limits:
        off = float(np.abs(mine - right).max()) if mine.shape == right.shape else np.inf
        if not off <= limit:  # nor where either is no number
            return f"values up to {off:.2g} from its {np.abs(right).max():.2g}"
    return ""


def samples(size: int) -> npt.NDArray[np.float32]:
    """Return pictures to compare on, (3, S, S, 3), 0..255: noise, and colours that flow."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (size, size, 3))
    rows, columns = np.mgrid[:size, :size] / max(size - 1, 1)
    flow = np.stack([rows, columns, 1 - rows], axis=-1) * 255
    waves = 127.5 + 127.5 * np.sin(12 * np.stack([columns, rows + columns, rows], axis=-1))
    return np.stack([noise, flow, waves]).astype(np.float32)
