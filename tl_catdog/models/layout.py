"""What networks of every architecture share: the pooled features' name, and the head's units."""

from __future__ import annotations

POOLING = "pooling"
"""The feature layer above a whole backbone: its output averaged over the picture, (B, F)."""


def units_for(class_count: int) -> int:
    """Return how many output units tell the classes apart: one for two classes, else one each."""
    return 1 if class_count == 2 else class_count


def activation_of(units: int) -> str:
    """Return the activation of that many output units."""
    return "sigmoid" if units == 1 else "softmax"


def linear_units(dense_units: int, units: int) -> int:
    """Return how many of the hidden units are kept for a linear model: about a quarter.

    Each logit needs two; more of them share it where there is room, so that dropout in a later
    fine-tuning doesn't take it away at once.

    Args:
        dense_units: Width of the hidden layer.
        units: Output units.

    Returns:
        A multiple of 2 · ``units``; 0 where as many more wouldn't be left.
    """
    pair = 2 * units
    if dense_units < 2 * pair:
        return 0
    return pair * max(1, dense_units // 4 // pair)
