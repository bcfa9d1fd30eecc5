"""What each stage is given to train on: pictures, or features of a frozen part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tests.support.backbones import MOBILENET
from tl_catdog.config import TrainConfig
from tl_catdog.data.augment import decode_size
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.models.layout import POOLING
from tl_catdog.training.inputs import Inputs, prepare_inputs
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import stages_of

COUNTS = {"train": 6, "validation": 4, "test": 3}


class Heard(Observer):
    """Keeps what it was told last of each split."""

    def __init__(self) -> None:
        self.decoded: dict[str, tuple[int, int]] = {}
        self.extracted: dict[str, tuple[int, int, int]] = {}

    def decoding(self, split: str, done: int, total: int) -> None:
        self.decoded[split] = done, total

    def extracting(self, split: str, done: int, total: int, known: int) -> None:
        self.extracted[split] = done, total, known


def prepared(images: ImageSet, observer: Observer | None = None, **settings: Any) -> Inputs:
    config = TrainConfig(**{"image_size": 32, "cache_size": 0.0, **settings}).resolved()
    return prepare_inputs(config, images, stages_of(config), observer or Observer())


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    return load_set(paint_set(tmp_path / "set", COUNTS))


def test_the_baseline_is_given_pictures_the_training_ones_large_enough_to_crop(
    images: ImageSet,
) -> None:
    observer = Heard()
    inputs = prepared(images, observer, arch="baseline", augment="strong")
    assert set(inputs.table) == {(None, "train"), (None, "validation")}
    larger = decode_size("strong", 32)
    assert larger > 32
    assert inputs.samples(None, "train").rows.shape == (12, larger, larger, 3)
    assert inputs.samples(None, "validation").rows.shape == (8, 32, 32, 3)
    assert inputs.augmenter(None, 1) is not None
    assert inputs.to_json() is None
    assert observer.decoded == {"train": (12, 12), "validation": (8, 8)}


def test_a_frozen_backbone_gives_features_of_every_split(images: ImageSet) -> None:
    observer = Heard()
    inputs = prepared(images, observer, mirror="yes")
    assert set(inputs.table) == {(POOLING, split) for split in COUNTS}
    # Only what is trained on is seen in several views.
    assert {split: inputs.samples(POOLING, split).views for split in COUNTS} == {
        "train": 2, "validation": 1, "test": 1,
    }  # fmt: skip
    assert inputs.augmenter(POOLING, 1) is None
    found = inputs.to_json()
    assert found is not None
    assert (found["cuts"], found["views"], found["pictures_from_cache"]) == ([POOLING], 2, 0)
    assert observer.extracted == {"train": (12, 12, 0), "validation": (8, 8, 0), "test": (6, 6, 0)}


def test_what_was_cached_is_counted_over_all_splits(images: ImageSet) -> None:
    prepared(images, cache_size=1.0)
    again = prepared(images, cache_size=1.0).to_json()
    assert again is not None
    assert again["pictures_from_cache"] == 2 * sum(COUNTS.values())


def test_fine_tuning_needs_features_of_two_layers_and_none_of_the_test(images: ImageSet) -> None:
    inputs = prepared(images, finetune=True, unfreeze_from="block_15")
    assert set(inputs.table) == {
        (layer, split) for layer in (POOLING, "block_15") for split in ("train", "validation")
    }
    row = inputs.samples("block_15", "train").gather(np.array([0]), np.array([0]))
    assert row.shape == (1, *MOBILENET.shape_at("block_15", 32))
    assert not inputs.holds(POOLING, "test")
    assert not inputs.holds(None, "train")


def test_a_bad_picture_is_named_once_though_two_layers_lack_it(images: ImageSet) -> None:
    bad = images.split("train")[0].path
    bad.write_bytes(b"no picture")
    inputs = prepared(load_set(images.root), finetune=True, unfreeze_from="block_15")
    assert [(item.path, item.split) for item in inputs.skipped] == [(bad, "train")]


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_strict_stops_at_a_bad_picture_of_any_split_before_the_training(
    images: ImageSet, arch: str, split: str
) -> None:
    bad = images.split(split)
    for example in bad[:2]:
        example.path.write_bytes(b"no picture")
    with pytest.raises(CatdogError, match=f"{bad[0].path} and 1 more") as caught:
        prepared(load_set(images.root), arch=arch, strict=True)
    assert "without --strict" in caught.value.hint


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
def test_a_class_without_a_readable_picture_is_named_with_its_split(
    images: ImageSet, arch: str
) -> None:
    for example in images.split("validation"):
        if example.label == "bee":
            example.path.write_bytes(b"no picture")
    with pytest.raises(CatdogError, match=r"validation pictures of .* found none of bee"):
        prepared(load_set(images.root), arch=arch)
