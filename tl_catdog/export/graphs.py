"""A run's network as others take it: pictures in, calibrated probabilities of all classes out.

With logits z and temperature T, two classes have the probabilities σ(−z/T) and σ(z/T); more have
the softmax of z/T, or of ln σ(z) / T in older networks of sigmoids. That is what
``predictor.to_probabilities`` and ``calibration.at_temperature`` compute, from logits instead of
outputs that single precision has rounded to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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


def serving_archive(model: Any, size: int, batch: int | None) -> Any:
    """Return what writes a SavedModel whose first signature takes pictures.

    Args:
        model: As ``keras_probabilities`` gives it.
        size: S, of pictures (B, S, S, 3).
        batch: B; None for any.
    """
    import tensorflow as tf
    from keras.export import ExportArchive

    archive = ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "pictures",
        lambda pictures: {PROBABILITIES: model(pictures, training=False)},
        input_signature=[tf.TensorSpec((batch, size, size, 3), tf.float32, name=PICTURES)],
    )
    return archive


def onnx_probabilities(run: Run) -> onnx.ModelProto:
    """Return an ONNX model; starts TensorFlow only for runs that have no ONNX graph.

    Returns:
        From ``pictures``, RGB in [0, 255], (B, S, S, 3), single precision, to ``probabilities``,
        (B, C).

    Raises:
        CatdogError: The network can't be read.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(network_graph(run))
    graph = model.graph
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
    onnx.checker.check_model(model)
    return model
