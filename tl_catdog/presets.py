"""Named combinations of settings that did best on all sets (docs/adr/031)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["fast", "balanced", "best"]

BEST_ARCH = "efficientnet-lite2"

PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"arch": "mobilenet", "head": "linear", "mirror": "no"},
    "balanced": {},
    "best": {"arch": BEST_ARCH, "finetune": None, "mirror": "yes"},
}
"""What each preset sets. ``finetune`` None: where there are enough pictures (``defaults.FEW``)."""

PRESET_HELP = (
    "Settings that go together, below what is given beside them. fast: a linear model on "
    "MobileNetV2 (five sets: 84.9 % right, 0.6 x the time); balanced: 85.2 %; best: "
    "EfficientNet-Lite2 at 300 px, fine-tuned where pictures are enough (89.1 %, 6 x the time)."
)
"""Said by ``train --help``; the figures are those of docs/adr/031."""

OF_ARCH: dict[str, dict[str, Any]] = {
    "best": {
        "image_size": 300,
        "finetune_epochs": 6,
        "finetune_learning_rate": 1e-4,
        "unfreeze_from": "block_19",
    },
}
"""What each preset sets besides where its architecture is taken."""


def expanded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with those of the preset that they name, below what they say themselves.

    >>> expanded({"preset": "best", "arch": "mobilenet"})["arch"]
    'mobilenet'
    """
    preset = values.get("preset")
    if not isinstance(preset, str) or preset not in PRESETS:
        return dict(values)  # what it is instead is said where values are checked
    below = dict(PRESETS[preset])
    if values.get("arch", below.get("arch")) == below.get("arch"):
        below |= OF_ARCH.get(preset, {})
    return below | dict(values)
