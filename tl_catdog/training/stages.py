"""Which stages a training has: their epochs, learning rates, and what of the network they train."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tl_catdog.config import TrainConfig
from tl_catdog.models.layout import POOLING, feature_layer_below, shape_at

SCRATCH, FROZEN, FINETUNE = "scratch", "frozen", "finetune"


@dataclass(frozen=True)
class Stage:
    """A part of a training with its own learning rate and its own set of trainable weights.

    ``cut`` is where the part of the network ends that no picture's view changes in: only what is
    above is trained, on what the part below made of the pictures. None: there is no such part.
    """

    name: str
    epochs: int
    learning_rate: float
    unfreeze_from: str | None = None
    feature_layer: str | None = None


def stages_of(config: TrainConfig) -> tuple[Stage, ...]:
    """Return the stages that resolved settings ask for.

    Raises:
        UsageError: The backbone has no block of the name to unfreeze from.
    """
    assert config.epochs is not None
    assert config.image_size is not None
    assert config.learning_rate is not None
    if config.arch == "baseline":
        return (Stage(SCRATCH, config.epochs, config.learning_rate),)
    frozen = Stage(FROZEN, config.epochs, config.learning_rate, feature_layer=POOLING)
    if not config.finetune:
        return (frozen,)
    feature_layer = feature_layer_below(config.unfreeze_from)
    if feature_layer is not None and _is_larger_than_an_image(feature_layer, config.image_size):
        feature_layer = None
    top = Stage(
        FINETUNE,
        config.finetune_epochs,
        config.finetune_learning_rate,
        config.unfreeze_from,
        feature_layer,
    )
    return (frozen, top)


def _is_larger_than_an_image(feature_layer: str, image_size: int) -> bool:
    """Tell whether keeping what is at a cut, in half precision, costs more than the pictures do."""
    return 2 * math.prod(shape_at(feature_layer, image_size)) > 3 * image_size**2
