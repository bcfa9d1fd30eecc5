"""A backbone that counts the pictures it sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tl_catdog.config import TrainConfig
from tl_catdog.features import extraction as module
from tl_catdog.features.backbone import Backbone, frozen_backbone
from tl_catdog.features.views import Views

FEATURE_LAYERS = ("pooling", "block_13")
CONFIG = TrainConfig(image_size=32).resolved()
ALL = Views(mirror=True, augmented=2, recipe="light", seed=3)


class Counting:
    """Counts the pictures that go through a network."""

    def __init__(self, forward: Any) -> None:
        self.forward = forward
        self.engine = forward.engine
        self.batch = forward.batch
        self.count = 0

    def __call__(self, images: np.ndarray) -> Any:
        self.count += len(images)
        return self.forward(images)


def counted() -> tuple[Backbone, Counting]:
    backbone = frozen_backbone(CONFIG, FEATURE_LAYERS, lambda: None)
    forward = Counting(backbone.load())
    return replace(backbone, load=lambda: forward), forward


def everything(found: module.Features, feature_layer: str = "pooling") -> np.ndarray:
    """Return all features, (pictures, views, …)."""
    samples = found.samples[feature_layer]
    indices = np.arange(len(samples.examples))
    columns = [samples.gather(indices, np.full_like(indices, v)) for v in range(samples.views)]
    return np.stack(columns, axis=1)
