"""The classifier head that both architectures share: dense + ReLU → dropout → dense.

Two classes have one sigmoid unit, more have a softmax unit each (docs/adr/026).

A ReLU layer can hold a linear model exactly: a logit z is relu(z) − relu(−z). Some of the hidden
units are kept for that: ``empty_linear`` leaves them at zero, where no gradient reaches them, and
``put_linear`` writes a model into them.
"""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from tl_catdog.models.layout import activation_of, linear_units, units_for

HEAD_LAYERS = ("head_dense", "head_dropout", "head_output")


def activation_in(model: keras.Model) -> str:
    """Return the activation of a network's output units."""
    return str(model.get_layer(HEAD_LAYERS[2]).activation.__name__)


def with_features(model: keras.Model) -> keras.Model:
    """Return the network with a second output: the features that go into its head, (B, F)."""
    return keras.Model(model.inputs, [model.output, features_of(model)])


def features_of(model: keras.Model) -> keras.KerasTensor:
    """Return the features that go into the network's head, (B, F)."""
    return model.get_layer(HEAD_LAYERS[0]).input


def add_head(
    features: keras.KerasTensor, *, class_count: int, dense_units: int, dropout: float
) -> keras.KerasTensor:
    """Put the head on a feature vector.

    Args:
        features: Shape (B, F).
        class_count: Number of classes, 2 or more.
        dense_units: Width of the hidden layer.
        dropout: Part of the hidden activations dropped in training, 0 ≤ dropout < 1.

    Returns:
        Outputs of shape (B, 1) for two classes, the probability of the second one, or (B, C), the
        probability of each class.
    """
    hidden = layers.Dense(  # (B, D)
        dense_units, activation="relu", kernel_initializer="he_uniform", name=HEAD_LAYERS[0]
    )(features)
    hidden = layers.Dropout(dropout, name=HEAD_LAYERS[1])(hidden)
    units = units_for(class_count)
    output = layers.Dense(units, activation=activation_of(units), name=HEAD_LAYERS[2])
    return output(hidden)  # (B, 1 or C)


def empty_linear(model: keras.Model) -> int:
    """Set the hidden units for a linear model to zero; return how many there are."""
    dense, output = (model.get_layer(name) for name in (HEAD_LAYERS[0], HEAD_LAYERS[2]))
    kept = linear_units(dense.units, output.units)
    if kept:
        inner, offset = dense.get_weights()
        outer, bias = output.get_weights()
        inner[:, -kept:], offset[-kept:], outer[-kept:] = 0.0, 0.0, 0.0
        dense.set_weights([inner, offset])
        output.set_weights([outer, bias])
    return kept


def put_linear(
    model: keras.Model,
    kernel: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    *,
    share: float,
    rest: float,
) -> None:
    """Make the logits ``share`` times those of a linear model and ``rest`` times those there are.

    Args:
        model: Any network with the head, whose units for a linear model are empty; changed.
        kernel: The linear model's, (F, U), U being the output units.
        bias: The linear model's, (U,).
        share: The linear model's part of each logit.
        rest: The part of the logits that the network gives by now.

    Raises:
        ValueError: The hidden layer has no room for it.
    """
    dense, output = (model.get_layer(name) for name in (HEAD_LAYERS[0], HEAD_LAYERS[2]))
    units = output.units
    kept = linear_units(dense.units, units)
    if not kept:
        raise ValueError(f"no room for a linear model in {dense.units} hidden units")
    inner, offset = dense.get_weights()
    outer, constant = output.get_weights()
    outer, constant = rest * outer, rest * constant
    copies = kept // (2 * units)
    signs = np.repeat([1.0, -1.0], units)  # relu(z) of each logit, then relu(−z)
    inner[:, -kept:] = np.tile(np.hstack([kernel, -kernel]), copies)
    offset[-kept:] = np.tile(np.concatenate([bias, -bias]), copies)
    outer[-kept:] = np.tile(
        share / copies * signs[:, None] * np.tile(np.eye(units), (2, 1)), (copies, 1)
    )
    dense.set_weights([inner, offset])
    output.set_weights([outer, constant])
