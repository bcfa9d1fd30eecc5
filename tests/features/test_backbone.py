"""The frozen backbone: what it computes, and what cached features of it depend on."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.features import backbone as module
from tl_catdog.features.backbone import Backbone, frozen_backbone
from tl_catdog.models import engine
from tl_catdog.models.build import build
from tl_catdog.models.engine import OnnxForward, engine_name
from tl_catdog.models.graph import extraction_graph
from tl_catdog.models.integers import exact_integers
from tl_catdog.models.weights import packaged_weights, weights_digest

FEATURE_LAYERS = ("pooling", "block_13")


def settings(**some: Any) -> ResolvedConfig:
    return TrainConfig(**{"image_size": 32, **some}).resolved()


def unwanted() -> keras.Model:
    raise AssertionError("a Keras model was built")


def test_it_says_what_it_is_before_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "forward_of", unwanted)
    found = frozen_backbone(settings(image_size=64), list(FEATURE_LAYERS), unwanted)
    assert found.engine == engine_name()
    assert found.feature_layers == FEATURE_LAYERS
    assert found.image_size == 64
    assert found.weights == weights_digest(packaged_weights(MOBILENET))


def test_its_forward_pass_is_loaded_once_and_gives_each_feature_layer() -> None:
    found = frozen_backbone(settings(), FEATURE_LAYERS, unwanted)
    assert found.load() is found.load()
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = OnnxForward(
        extraction_graph(MOBILENET, packaged_weights(MOBILENET), 32, FEATURE_LAYERS)
    )(images)
    pooled, block = found.load()(images)
    assert np.array_equal(pooled, expected[0])
    assert np.array_equal(block, expected[1])


def test_tensorflow_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = frozen_backbone(settings(), FEATURE_LAYERS, unwanted).load()(images)
    monkeypatch.setattr(engine, "onnx_works", lambda: False)
    found = frozen_backbone(settings(), FEATURE_LAYERS, lambda: build(settings(), 2))
    assert found.engine.startswith("tensorflow")
    for ours, theirs in zip(found.load()(images), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_other_weights_have_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {name: value * 1.01 for name, value in packaged_weights(MOBILENET).items()}
    read: list[str] = []

    def read_weights(_: object, source: str) -> dict[str, np.ndarray]:
        read.append(source)
        return other

    monkeypatch.setattr(module, "read_backbone_weights", read_weights)
    found = frozen_backbone(settings(backbone_weights="mine.weights.h5"), ["pooling"], unwanted)
    assert read == ["mine.weights.h5"]
    assert found.weights == weights_digest(other) != weights_digest(packaged_weights(MOBILENET))


BACKBONE = Backbone(MOBILENET, unwanted, "onnxruntime 1.20.0", ("pooling",), 224, "abc")


def test_its_identity_tells_what_features_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        replace(BACKBONE, engine="onnxruntime 1.21.0").identity,
        replace(BACKBONE, image_size=225).identity,
        replace(BACKBONE, weights="abd").identity,
        replace(BACKBONE, precision="int8").identity,
    ]
    monkeypatch.setattr(module, "exact_integers", lambda: not exact_integers())
    others.append(replace(BACKBONE, precision="int8").identity)
    monkeypatch.undo()
    monkeypatch.setattr(module, "INTEGERS", 0)
    others.append(replace(BACKBONE, precision="int8").identity)
    monkeypatch.undo()
    monkeypatch.setattr(module, "VERSION", 0)
    others.append(BACKBONE.identity)
    monkeypatch.undo()
    monkeypatch.setattr(module, "versions_key", lambda *packages: f"{packages} 0")
    others.append(BACKBONE.identity)
    assert "('pillow',) 0" in others[-1]  # what decodes the pictures
    monkeypatch.undo()
    assert len({BACKBONE.identity, *others}) == 9


def test_int8_is_computed_at_the_pooling_alone() -> None:
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    found = {
        compute: frozen_backbone(settings(compute=compute), ("pooling",), unwanted)
        for compute in ("float32", "int8")
    }
    assert [item.precision for item in found.values()] == ["float32", "int8"]
    assert found["int8"].identity != found["float32"].identity
    ours, theirs = (item.load()(images)[0] for item in found.values())
    assert not np.array_equal(ours, theirs)
    below = frozen_backbone(settings(compute="int8"), FEATURE_LAYERS, unwanted)
    assert below.precision == "float32"
    assert np.array_equal(below.load()(images)[0], ours)


def test_its_identity_does_not_depend_on_the_feature_layers_taken_with_it() -> None:
    """Each has entries of its own, so that one more costs no more than itself."""
    assert replace(BACKBONE, feature_layers=("pooling", "block_13")).identity == BACKBONE.identity


def test_versions_are_named_by_package() -> None:
    found = module.versions_key("pillow", "not-there-at-all")
    name, version, rest = found.split(" ", 2)
    assert (name, rest) == ("pillow", "not-there-at-all not installed")
    assert version[0].isdigit()
