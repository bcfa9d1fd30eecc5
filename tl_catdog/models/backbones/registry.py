"""Which pretrained backbones there are: the ``SPECS`` of each file beside this one.

A new one is a file here and a row in ``architectures.py``. Any network of keras.applications is one
more, under ``keras:NAME``.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from tl_catdog.architectures import KERAS
from tl_catdog.models.backbones.keras_applications import keras_backbone
from tl_catdog.models.backbones.spec import BackboneSpec


@cache
def backbones() -> dict[str, BackboneSpec]:
    """Return the backbones that are part of this program by their architecture."""
    found: dict[str, BackboneSpec] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        for spec in getattr(import_module(f"{__package__}.{module.name}"), "SPECS", ()):
            found[spec.arch] = spec
    return found


def backbone_of(arch: str) -> BackboneSpec:
    """Return the backbone of an architecture that settings accept, any but ``baseline``."""
    if arch.startswith(KERAS):
        return keras_backbone(arch.removeprefix(KERAS))
    return backbones()[arch]
