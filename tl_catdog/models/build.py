"""Builds the network that resolved settings ask for."""

from __future__ import annotations

from typing import Any

from tl_catdog import runtime
from tl_catdog.config import ResolvedConfig


def build(config: ResolvedConfig, class_count: int, *, pretrained: bool = True) -> Any:
    """Build the network that resolved settings ask for, its backbone's weights loaded or not.

    Raises:
        CatdogError: The backbone's weights can't be loaded.
    """
    runtime.start()
    from tl_catdog.models.baseline import build_baseline
    from tl_catdog.models.pretrained import build_pretrained

    shared: dict[str, Any] = {
        "image_size": config.image_size,
        "class_count": class_count,
        "dense_units": config.dense_units,
        "dropout": config.dropout,
    }
    if config.arch == "baseline":
        return build_baseline(**shared)
    source = config.backbone_weights if pretrained else None
    return build_pretrained(config.arch, **shared, backbone_weights=source)
