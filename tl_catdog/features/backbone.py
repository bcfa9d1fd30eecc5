"""The forward pass of a frozen backbone, up to the layers whose outputs are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tl_catdog.config import ResolvedConfig
from tl_catdog.models.engine import Forward, KerasForward, OnnxForward, onnx_works
from tl_catdog.models.weights import read_backbone_weights, weights_digest
from tl_catdog.version import version_of

VERSION = 1
"""Part of every key in the store; raise it when decoding or views change."""


@cache
def versions_key(*packages: str) -> str:
    """Return the versions of packages that numbers in the store depend on."""
    return " ".join(f"{package} {version_of(package)}" for package in packages)


@dataclass(frozen=True)
class Backbone:
    """A frozen backbone's forward pass.

    Attributes:
        load: Gives the forward pass, from pictures to the numbers at each cut; not called where
            all numbers are known already.
        engine: Name and version of what computes it.
        cuts: The cuts, as in ``models.layout``.
        image_size: Height and width of the pictures in pixels.
        weights: The digest of its weights.
    """

    load: Callable[[], Forward]
    engine: str
    feature_layers: tuple[str, ...]
    image_size: int
    weights: str

    @property
    def identity(self) -> str:
        """What the numbers depend on besides the picture, the view and the cut."""
        decoder = versions_key("pillow")
        return f"{VERSION}|{self.weights}|{self.engine}|{decoder}|{self.image_size}"


def frozen_backbone(
    config: ResolvedConfig, feature_layers: Sequence[str], build: Callable[[], Any]
) -> Backbone:
    """Return the forward pass of the backbone that resolved settings name, up to some cuts.

    Args:
        config: The settings.
        cuts: As in ``models.layout``.
        build: Makes the whole Keras network; called only where ONNX Runtime doesn't work.
    """
    size = config.image_size
    numbers = read_backbone_weights(config.backbone_weights)
    uses_onnx = onnx_works()

    @cache
    def load() -> Forward:
        if uses_onnx:
            from tl_catdog.models.graph import extraction_graph

            return OnnxForward(extraction_graph(numbers, size, feature_layers))
        from tl_catdog.models.mobilenet import part_below

        return KerasForward(part_below(build(), feature_layers))

    engine = (OnnxForward if uses_onnx else KerasForward).name()
    return Backbone(load, engine, tuple(feature_layers), size, weights_digest(numbers))
