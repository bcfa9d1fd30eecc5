"""A run's network as others take it: pictures in, calibrated probabilities of all classes out.

With logits z and temperature T, two classes have the probabilities σ(−z/T) and σ(z/T); more have
the softmax of z/T, or of ln σ(z) / T in older networks of sigmoids. That is what
``predictor.to_probabilities`` and ``calibration.at_temperature`` compute, from logits instead of
outputs that single precision has rounded to one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tl_catdog.export.unsure import NOVELTY, add_novelty, bank_of, keras_novelty
from tl_catdog.models.graph import FEATURES
from tl_catdog.prediction.networks import load_keras, network_graph
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    import keras
    import onnx

PICTURES, PROBABILITIES = "pictures", "probabilities"


def keras_probabilities(run: Run) -> keras.Model:
    """Return a Keras model of stock layers; starts TensorFlow.

    Returns:
        From RGB in [0, 255], (B, S, S, 3), to probabilities, (B, C), each row summing to one.

    Raises:
        CatdogError: The network can't be read.
    """
    model = load_keras(run)
    import keras
    from keras import layers

    from tl_catdog.models.head import HEAD_LAYERS, activation_in

    hidden = model.get_layer(HEAD_LAYERS[0]).output
    kernel, bias = model.get_layer(HEAD_LAYERS[2]).get_weights()
    if len(run.classes) == 2:
        # A logit of 0 for the first class, and the temperature in the weights.
        top = layers.Dense(2, activation="softmax", name=PROBABILITIES)
        outputs = top(hidden)
        weights = (np.pad(kernel, ((0, 0), (1, 0))), np.pad(bias, (1, 0)))
        top.set_weights([values / run.temperature for values in weights])
    elif activation_in(model) == "softmax":
        top = layers.Dense(len(run.classes), activation="softmax", name=PROBABILITIES)
        outputs = top(hidden)
        top.set_weights([values / run.temperature for values in (kernel, bias)])
    else:
        top = layers.Dense(len(run.classes), activation="log_sigmoid", name=HEAD_LAYERS[2])
        x = top(hidden)
        top.set_weights([kernel, bias])
        x = layers.Rescaling(1 / run.temperature, name="temperature")(x)
        outputs = layers.Softmax(name=PROBABILITIES)(x)
    return keras.Model(model.input, outputs, name=model.name)


def serving_archive(
    model: Any, size: int, batch: int | None, *, network: Callable[[Any], Any] | None = None
) -> Any:
    """Return what writes a SavedModel whose first signature takes pictures.

    Args:
        model: As ``keras_probabilities`` or ``keras_answers`` gives it.
        size: S, of pictures (B, S, S, 3).
        batch: B; None for any.
        network: What calls the model, where other signatures call the same.
    """
    import tensorflow as tf
    from keras.export import ExportArchive

    untrained = {} if network else {"training": False}
    archive = ExportArchive()
    archive.add_endpoint(
        "pictures",
        lambda pictures: _named((network or model)(pictures, **untrained)),
        input_signature=[tf.TensorSpec((batch, size, size, 3), tf.float32, name=PICTURES)],
    )
    return archive


def _named(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {PROBABILITIES: found}


def keras_answers(run: Run) -> keras.Model:
    """Return ``keras_probabilities`` with the run's novelty beside, if it has one.

    Returns:
        From RGB in [0, 255], (B, S, S, 3), to a dictionary of ``probabilities``, (B, C), and, where
        the run can tell unfamiliar pictures, ``novelty``, (B,), 0 to 2.

    Raises:
        CatdogError: The network can't be read.
    """
    model = keras_probabilities(run)
    import keras

    from tl_catdog.models.head import features_of

    outputs = {PROBABILITIES: model.output}
    features = features_of(model)
    bank = bank_of(run, features.shape[-1])
    if bank is not None:
        outputs[NOVELTY] = keras_novelty(features, bank)
    return keras.Model(model.input, outputs, name=model.name)


def onnx_probabilities(run: Run, *, whole: bool = False) -> onnx.ModelProto:
    """Return an ONNX model; starts TensorFlow only for runs that have no ONNX graph.

    Args:
        run: The run.
        whole: Whether the pictures are given in bytes, as decoders give them, instead of numbers in
            single precision.

    Returns:
        From ``pictures``, RGB in [0, 255], (B, S, S, 3), to ``probabilities``, (B, C), and, where
        the run can tell unfamiliar pictures, ``novelty``, (B,), 0 to 2.

    Raises:
        CatdogError: The network can't be read.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(network_graph(run))
    graph = model.graph
    features, width = _features_in(graph)
    kinds = ("Sigmoid", "Softmax")
    # The last one: networks of keras.applications have more of them.
    *_, (place, output) = ((i, n) for i, n in enumerate(graph.node) if n.op_type in kinds)
    (logits,) = output.input
    above = [node for node in graph.node[place:] if node.op_type in (*kinds, "Identity")]
    below = [node for node in graph.node if node not in above]
    scale = numpy_helper.from_array(np.asarray(1 / run.temperature, np.float32), "per_temperature")
    graph.initializer.append(scale)

    def add(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        below.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    if len(run.classes) == 2:
        second = add("Mul", [logits, scale.name], "logit")
        both = [add("Neg", [second], "other"), second]
        add("Sigmoid", [add("Concat", both, "logits", axis=1)], PROBABILITIES)
    elif output.op_type == "Softmax":
        add("Softmax", [add("Mul", [logits, scale.name], "scaled")], PROBABILITIES, axis=1)
    else:
        x = add("Softplus", [add("Neg", [logits], "negated")], "softplus")
        x = add("Mul", [add("Neg", [x], "log_sigmoid"), scale.name], "scaled")
        add("Softmax", [x], PROBABILITIES, axis=1)
    del graph.node[:], graph.output[:]
    graph.node.extend(below)
    shape: list[str | int | None] = ["B", len(run.classes)]
    graph.output.append(helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, shape))
    bank = bank_of(run, width)
    if bank is not None:
        add_novelty(model, features, bank)
    if whole:
        _take_bytes(graph)
    onnx.checker.check_model(model)
    return model


def _features_in(graph: Any) -> tuple[str, int | None]:
    """Return the name and the width of what goes into a graph's head; no width if it has none."""
    for output in graph.output:
        if output.name == FEATURES:
            width = output.type.tensor_type.shape.dim[1].dim_value
            names = [n.input[0] for n in graph.node if n.output[0] == FEATURES]
            return (names or [FEATURES])[0], width
    return "", None


def _take_bytes(graph: Any) -> None:
    """Make a graph take whole numbers of one byte each, which it makes numbers of its own."""
    from onnx import TensorProto, helper

    (taken,) = graph.input
    single = f"{taken.name}/single"
    for node in graph.node:
        node.input[:] = [single if name == taken.name else name for name in node.input]
    graph.node.insert(0, helper.make_node("Cast", [taken.name], [single], to=TensorProto.FLOAT))
    taken.type.tensor_type.elem_type = TensorProto.UINT8
