"""The forward pass of a frozen backbone, up to the layers whose outputs are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tl_catdog.config import FLOAT32, INT8, ResolvedConfig
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec
from tl_catdog.models.engine import Forward, engine_name, forward_of
from tl_catdog.models.integers import exact_integers
from tl_catdog.models.layout import POOLING
from tl_catdog.models.precision import precision_of
from tl_catdog.models.weights import Weights, read_backbone_weights, weights_digest
from tl_catdog.version import version_of

VERSION = 3
"""Part of every key in the cache; to be raised when decoding or views change."""

INTEGERS = 1
"""Part of the keys of int8 features; to be raised when their graphs change."""

KERAS_VERSION = 1
"""Part of the keys of networks of keras.applications; to be raised when their graphs change."""


@cache
def versions_key(*packages: str) -> str:
    """Return the versions of packages that cached features depend on."""
    return " ".join(f"{package} {version_of(package)}" for package in packages)


def decoder_key() -> str:
    """Return the versions of whatever decides about a decoded picture's pixels."""
    return f"{VERSION} {versions_key('pillow', 'simplejpeg', 'pi-heif')}"


@dataclass(frozen=True)
class Backbone:
    """A frozen backbone's forward pass.

    Attributes:
        spec: What it is.
        load: Gives the forward pass, from RGB in [0, 255], (B, S, S, 3), to the features at each
            feature layer, (B, F) or (B, h, w, C); not called where all of them are cached.
        engine: Name and version of what computes it.
        feature_layers: Some of its spec's.
        image_size: S, the height and width of the pictures in pixels.
        weights: The digest of its weights.
        precision: ``float32`` or ``int8``.
    """

    spec: BackboneSpec
    load: Callable[[], Forward]
    engine: str
    feature_layers: tuple[str, ...]
    image_size: int
    weights: str
    precision: str = FLOAT32

    def shape_at(self, feature_layer: str) -> tuple[int, ...]:
        """Return the shape of one picture's features there, (F,) or (h, w, C)."""
        return self.spec.shape_at(feature_layer, self.image_size)

    @property
    def identity(self) -> str:
        """What features depend on besides the picture, the view and the feature layer."""
        decoder = versions_key("pillow")
        if self.precision == INT8:
            kernels = "" if exact_integers() else " in float32"
            decoder = f"{decoder}|{INT8} {INTEGERS}{kernels}"
        found = f"{VERSION}|{self.weights}|{self.engine}|{decoder}|{self.image_size}"
        if self.spec.blocks:
            return found
        # What computes depends on whether a graph is proven here, and so on what is compared.
        versions = versions_key("keras", "tensorflow", "onnxruntime", "onnx")
        return f"{found}|{self.spec.arch}|{KERAS_VERSION}|{versions}"


def frozen_backbone(
    config: ResolvedConfig,
    feature_layers: Sequence[str],
    build: Callable[[], Any],
    weights: Weights | None = None,
) -> Backbone:
    """Return the forward pass of the backbone that resolved settings name.

    Args:
        config: The settings. ``int8`` has ``pooling`` alone; other layers are in single precision.
        feature_layers: Where to take features, some of its spec's.
        build: Makes the whole Keras network; called only where ONNX Runtime doesn't work, and where
            the backbone's blocks aren't known.
        weights: The backbone's, where they aren't those that the settings name.

    Raises:
        CatdogError: The backbone's weights can't be loaded.
    """
    size = config.image_size
    spec = backbone_of(config.arch)
    pooled = tuple(feature_layers) == (POOLING,)
    precision = precision_of(config) if pooled else FLOAT32
    known = read_backbone_weights(spec, config.backbone_weights) if weights is None else weights

    network = cache(build)

    def graph() -> bytes | None:
        if not spec.blocks:
            from tl_catdog.models.keras_graph import pooled_graph

            return pooled_graph(network())
        from tl_catdog.models.graph import extraction_graph

        return extraction_graph(spec, known, size, feature_layers, precision)

    def model() -> Any:
        whole = network()
        from tl_catdog.models.pretrained import part_below

        return part_below(whole, feature_layers)

    load = cache(lambda: forward_of(graph, model))
    digest = weights_digest(known)
    return Backbone(spec, load, engine_name(), tuple(feature_layers), size, digest, precision)
