"""The classifier head that both architectures share: dense + ReLU → dropout → dense sigmoid."""

from __future__ import annotations

import keras
from keras import layers

HEAD_LAYERS = ("head_dense", "head_dropout", "head_output")


def units_for(class_count: int) -> int:
    """Return how many sigmoid units tell the classes apart: one for two classes, else one each."""
    return 1 if class_count == 2 else class_count


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
        Sigmoid outputs of shape (B, 1) for two classes, the probability of the second one, or
        (B, C), each class against all others.
    """
    hidden = layers.Dense(  # (B, D)
        dense_units, activation="relu", kernel_initializer="he_uniform", name=HEAD_LAYERS[0]
    )(features)
    hidden = layers.Dropout(dropout, name=HEAD_LAYERS[1])(hidden)
    units = units_for(class_count)
    return layers.Dense(units, activation="sigmoid", name=HEAD_LAYERS[2])(hidden)  # (B, 1 or C)
