"""Batches of features for tests: small pictures, single precision, computed in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import in_process
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.features.backbone import Backbone, frozen_backbone
from tl_catdog.features.extracted_plan import adopting
from tl_catdog.models.build import build
from tl_catdog.models.layout import POOLING


def extracted(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch, mirror: str, image_size: int = 32
) -> Path:
    in_process(monkeypatch)
    wanted = FeatureSettings(image_size=image_size, compute="float32", mirror=mirror)
    assert batch("features", source, dest, features=wanted, shard_size=4).closed
    return dest


def settings(dest: Path | None, **more: Any) -> ResolvedConfig:
    values = {"image_size": 32, "compute": "float32", "cache_size": 0.0, **more}
    return adopting(TrainConfig(features=None if dest is None else str(dest), **values)).resolved()


def backbone_for(config: ResolvedConfig) -> Backbone:
    return frozen_backbone(config, (POOLING,), lambda: build(config, 2))
