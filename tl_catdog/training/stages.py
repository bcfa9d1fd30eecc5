"""Which stages a training has: their epochs, learning rates, and what of the network they train."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tl_catdog.architectures import BASELINE
from tl_catdog.config import ResolvedConfig
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.layout import POOLING

SCRATCH, LINEAR, FROZEN, FINETUNE = "scratch", "linear", "frozen", "finetune"
"""A network without pretrained weights; logistic regression, where the head begins; the head on a
frozen backbone; the backbone's top too."""

COMPLETED, STOPPED_EARLY, INTERRUPTED = "completed", "stopped early", "interrupted"
"""How a stage ends."""


@dataclass(frozen=True)
class Stage:
    """A part of a training with its own learning rate and its own set of trainable weights.

    Attributes:
        name: ``scratch``, ``linear``, ``frozen`` or ``finetune``.
        epochs: At most so many.
        learning_rate: At its highest.
        unfreeze_from: The block or layer of the backbone from which on its layers are trained to
            fine-tune; None for the last fifth of them, and in other stages.
        feature_layer: Where the frozen part ends, as in ``models.layout``: it runs once for each
            picture, and the stage trains what is above on its features. None: the stage trains on
            the pictures themselves.
    """

    name: str
    epochs: int
    learning_rate: float
    unfreeze_from: str | None = None
    feature_layer: str | None = None


@dataclass(frozen=True)
class StageResult:
    """What a stage did. ``best_epoch`` 0 means that none was better than the stage before.

    ``devices`` is how many shared its steps; several numbers, in order, where it went on on others.
    """

    name: str
    reason: str
    epochs: int
    best_epoch: int
    val_accuracy: float
    val_loss: float
    learning_rate: float
    seconds: float
    trainable_params: int
    trainable_layers: tuple[str, ...]
    devices: tuple[int, ...] = (1,)


def stages_of(config: ResolvedConfig, *, few: bool = False) -> tuple[Stage, ...]:
    """Return the stages that resolved settings ask for.

    A training that begins with another run's weights goes on with its head, or, to fine-tune, with
    what is above ``unfreeze_from`` at once.

    Args:
        config: The settings.
        few: Whether a class has so few pictures that hidden units learn nothing that a linear
            model doesn't: the head then stays that model.

    Raises:
        UsageError: The backbone has no block of the name to unfreeze from.
    """
    if config.arch == BASELINE:
        return (Stage(SCRATCH, config.epochs, config.learning_rate),)
    begun = config.from_run is not None
    linear = Stage(LINEAR, 1, 0.0, feature_layer=POOLING)
    frozen = Stage(FROZEN, config.epochs, config.learning_rate, feature_layer=POOLING)
    alone = few or config.head == LINEAR
    head: tuple[Stage, ...] = (linear,) if alone else (linear, frozen)
    if begun:  # there is a head already: it is trained on, or left for the backbone's top
        head = () if config.finetune else (frozen,)
    if not config.finetune:
        return head
    spec = backbone_of(config.arch)
    feature_layer = spec.feature_layer_below(config.unfreeze_from)
    if feature_layer is not None and _is_larger_than_an_image(
        spec.shape_at(feature_layer, config.image_size), config.image_size
    ):
        feature_layer = None
    top = Stage(
        FINETUNE,
        config.finetune_epochs,
        config.finetune_learning_rate,
        config.unfreeze_from,
        feature_layer,
    )
    return (*head, top)


def _is_larger_than_an_image(shape: tuple[int, ...], image_size: int) -> bool:
    """Tell whether an image's features, in half precision, take more room than its pixels."""
    return 2 * math.prod(shape) > 3 * image_size**2
