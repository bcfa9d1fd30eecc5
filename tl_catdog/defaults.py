"""What settings are where nobody says: by the architecture, and by the size of the set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tl_catdog.architectures import BASELINE, pretrained_of

HELD_OUT = 0.2
"""Part of an unsplit folder that is validated on by default."""

FEW = 40
"""With fewer training pictures of a class, a fifth of them tells too little to be worth losing:
out-of-fold predictions of all of them say more. And nothing that is trained by gradients from
random weights does better than a linear model (docs/adr/026)."""

TYPICAL = 2048
"""Training pictures of the video's set, for which the baseline's recipe was found."""

NARROWEST, UNITS_PER_CLASS = 128, 4
"""The hidden layer's width: of two classes, and for each of many; two units of the four can hold a
linear model of the class (``models.layout.linear_units``)."""


@dataclass(frozen=True)
class Length:
    """How long a first stage goes on: about as many steps for any set, within some epochs.

    Attributes:
        steps: Steps for ``TYPICAL`` pictures or fewer, at 32 pictures each.
        growth: With more pictures, steps grow as their number to this power, 0..1.
        fewest, most: Epochs, whatever the steps.
    """

    steps: int
    growth: float
    fewest: int
    most: int

    def epochs(self, images: int, batch_size: int) -> int:
        """Return the epochs for a number of training pictures, 1 or more."""
        steps: float = self.steps * max(1.0, images / TYPICAL) ** self.growth
        an_epoch = math.ceil(images / batch_size)
        return min(max(round(steps * 32 / batch_size / an_epoch), self.fewest), self.most)


BASELINE_LENGTH, HEAD_LENGTH = Length(5440, 0.5, 10, 400), Length(1500, 0.0, 5, 200)
"""The head's was measured with MobileNetV2 on sets of 200 to 2,000 pictures; the baseline's is that
of the video's set, and was compared on no other (docs/adr/026)."""


def length_of(arch: str) -> Length:
    """Return how long the first stage of an architecture goes on."""
    return BASELINE_LENGTH if arch == BASELINE else HEAD_LENGTH


_BASELINE = {
    "image_size": 64,
    "augment": "strong",
    "learning_rate": 1e-3,
    "warmup_epochs": 3,
    "final_learning_rate": 0.15,
    "weight_decay": 0.1,
    "label_smoothing": 0.05,
    "weight_average": 0.08,
    "patience": 0,
    "unfreeze_from": None,
    "backbone_weights": "packaged",
}
_PRETRAINED = {
    "augment": "light",
    "learning_rate": 3e-4,
    "warmup_epochs": 0,
    "final_learning_rate": 0.0,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "weight_average": 0.0,
    "patience": 0,
}


def arch_defaults(arch: str) -> dict[str, Any]:
    """Return the settings that an architecture chooses for itself.

    docs/evidence.md has their figures. All backbones share those of MobileNetV2's head; the picture
    size is the one that their weights were trained at.

    >>> arch_defaults("efficientnet-lite2")["image_size"]
    260
    """
    if arch == BASELINE:
        return _BASELINE
    known = pretrained_of(arch)
    return {
        **_PRETRAINED,
        "image_size": known.image_size,
        "unfreeze_from": known.unfreeze_from,
        "backbone_weights": known.weights,
    }
