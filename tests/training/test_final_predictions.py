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
from tl_catdog.prediction.novelty import CLOSEST
from tl_catdog.prediction.strangers import stranger_pictures
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


@pytest.mark.parametrize(
    ("arch", "features"), [("baseline", False), ("mobilenet", False), ("mobilenet", True)]
)
def test_the_feature_bank_is_of_training_pictures_and_of_pictures_of_nothing(
    images: ImageSet, arch: str, features: bool
) -> None:
    model = network(arch)
    found = predicted(images, model, arch, features=features)
    bank = found.feature_bank
    assert (bank.neighbours, bank.closest, bank.split) == (1, 0.0, "train")

    def by_hand(pixels: list[Any]) -> Any:
        import keras

        from tl_catdog.models.head import features_of

        whole = keras.Model(model.inputs, features_of(model))
        rows = np.asarray(whole(np.stack(pixels).astype(np.float32), training=False))
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    known = by_hand([decode(example.path, SIZE) for example in images.split("train")])
    strange = by_hand(list(stranger_pictures(SIZE)))
    np.testing.assert_allclose(bank.rows, known, atol=2e-3)
    np.testing.assert_allclose(bank.strangers, strange, atol=2e-3)
    for split in ("validation", "test"):
        rows = by_hand([decode(example.path, SIZE) for example in images.split(split)])
        nearest = 1 - (rows @ known.T).max(axis=1)
        excess = np.maximum(0, nearest - (1 - (rows @ strange.T).max(axis=1)))
        novelty = found.predictions[split].novelty
        assert novelty is not None
        np.testing.assert_allclose(novelty, nearest + excess, atol=4e-3)


def test_of_the_packaged_backbone_it_is_known_how_near_a_kind_is(images: ImageSet) -> None:
    from tl_catdog.models.head import with_features

    model = network("baseline")
    forward = KerasForward(with_features(model))
    found = predict_splits(model, forward, None, images, Observer(), general=True)
    assert found.feature_bank.closest == CLOSEST
    novelty = found.predictions["validation"].novelty
    assert novelty is not None
    assert novelty.min() >= CLOSEST


def test_where_nothing_was_held_out_no_picture_is_compared_with_itself(tmp_path: Path) -> None:
    images = load_set(paint_set(tmp_path / "set", {"train": 6, "test": 3}, CLASSES))
    config = from_mapping({"arch": "mobilenet", "image_size": SIZE, "cache_size": 0.0}).resolved()
    inputs = prepare_inputs(config, images, stages_of(config), Observer())
    model = network("mobilenet")
    from tl_catdog.models.head import with_features

    forward = KerasForward(with_features(model))
    said = np.full((18, 3), 1 / 3)
    found = predict_splits(model, forward, inputs, images, Observer(), said)
    bank = found.feature_bank
    likeness = bank.rows @ bank.rows.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = 1 - likeness.max(axis=1)
    excess = np.maximum(0, nearest - (1 - (bank.rows @ bank.strangers.T).max(axis=1)))
    novelty = found.predictions["validation"].novelty
    assert novelty is not None
    np.testing.assert_allclose(novelty, nearest + excess, atol=1e-3)


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
