"""Predictions at the end of a training: by the network, calibrated, with their distances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog import runtime
from tl_catdog.config import from_mapping
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.models.build import build
from tl_catdog.models.engine import KerasForward
from tl_catdog.training.final_predictions import SplitPredictions, predict_splits
from tl_catdog.training.inputs import prepare_inputs
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import stages_of

SIZE = 32
CLASSES = ("ant", "bee", "cicada")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    counts = {"train": 3, "validation": 9, "test": 5}
    return load_set(paint_set(tmp_path_factory.mktemp("set"), counts, CLASSES))


def network(arch: str) -> Any:
    runtime.make_deterministic(3)
    config = from_mapping({"arch": arch, "image_size": SIZE, "dropout": 0.9}).resolved()
    return build(config, len(CLASSES))


def predicted(images: ImageSet, model: Any, arch: str, *, features: bool) -> SplitPredictions:
    from tl_catdog.models.head import with_features

    inputs = None
    if features:
        config = from_mapping(
            {"arch": arch, "image_size": SIZE, "mirror": "yes", "cache_size": 0.0}
        ).resolved()
        inputs = prepare_inputs(config, images, stages_of(config), Observer())
    return predict_splits(model, KerasForward(with_features(model)), inputs, images, Observer())


@pytest.mark.parametrize(
    ("arch", "features"), [("baseline", False), ("mobilenet", False), ("mobilenet", True)]
)
def test_predictions_are_the_networks_own_at_the_temperature(
    images: ImageSet, arch: str, features: bool
) -> None:
    model = network(arch)
    found = predicted(images, model, arch, features=features)
    assert set(found.predictions) == {"validation", "test"}
    assert found.calibration.n == len(images.split("validation"))
    for split, predictions in found.predictions.items():
        examples = images.split(split)
        pixels = np.stack([decode(example.path, SIZE) for example in examples])
        outputs = np.asarray(model(pixels.astype(np.float32), training=False), np.float64)
        plain = outputs / outputs.sum(axis=1, keepdims=True)
        # A temperature divides logits, here the logarithms of the probabilities.
        scaled = plain ** (1 / found.calibration.temperature)
        expected = scaled / scaled.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(predictions.probabilities, expected, atol=2e-4)
        assert predictions.names == tuple(example.name for example in examples)
        assert [CLASSES[i] for i in predictions.labels] == [example.label for example in examples]
    assert found.calibration.temperature != 1.0


def test_the_feature_bank_is_of_validation_and_none_of_it_is_compared_with_itself(
    images: ImageSet,
) -> None:
    found = predicted(images, network("baseline"), "baseline", features=False)
    bank = found.feature_bank.rows
    assert len(bank) == len(images.split("validation"))
    likeness = bank @ bank.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.sort(likeness, axis=1)[:, -10]  # of ten neighbours, the farthest
    novelty = found.predictions["validation"].novelty
    assert novelty is not None
    np.testing.assert_allclose(novelty, 1 - nearest, atol=1e-3)
    assert found.predictions["test"].novelty is not None


def test_a_set_without_a_test_split_has_no_test_predictions(tmp_path: Path) -> None:
    images = load_set(paint_set(tmp_path / "set", {"train": 2, "validation": 3}, CLASSES))
    found = predicted(images, network("baseline"), "baseline", features=False)
    assert set(found.predictions) == {"validation"}


def test_a_picture_that_cannot_be_read_is_skipped_and_named(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 3}, CLASSES)
    bad = root / "test" / "bee" / "001.png"
    bad.write_bytes(b"no picture")
    found = predicted(load_set(root), network("baseline"), "baseline", features=False)
    assert [(item.path, item.split) for item in found.skipped] == [(bad, "test")]
    assert len(found.predictions["test"]) == 8
