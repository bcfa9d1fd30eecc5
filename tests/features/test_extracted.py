"""Features of a batch in the place of pictures: the same, streamed, held to what is asked for."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tests.support.batches import in_process
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.labelling import AS_IT_IS
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError, CatdogWarning, UsageError
from tl_catdog.features.backbone import Backbone, frozen_backbone
from tl_catdog.features.extracted import adopting, features_of, hold, open_extracted
from tl_catdog.features.extracted_set import extracted_set
from tl_catdog.features.extraction import Features
from tl_catdog.features.views import Views
from tl_catdog.models.build import build
from tl_catdog.models.layout import POOLING
from tl_catdog.shards.plan import PARTS, part_name

COUNTS = {"train": 4, "validation": 3, "test": 2}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = paint_set(tmp_path / "set", COUNTS)
    (root / "train" / "ant" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return root


def extracted(source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch, mirror: str) -> Path:
    in_process(monkeypatch)
    wanted = FeatureSettings(image_size=32, compute="float32", mirror=mirror)
    assert batch("features", source, dest, features=wanted, shard_size=4).closed
    return dest


def settings(dest: Path | None, **more: Any) -> ResolvedConfig:
    values = {"image_size": 32, "compute": "float32", "cache_size": 0.0, **more}
    return adopting(TrainConfig(features=None if dest is None else str(dest), **values)).resolved()


def backbone_for(config: ResolvedConfig) -> Backbone:
    return frozen_backbone(config, (POOLING,), lambda: build(config, 2))


def found_in(config: ResolvedConfig, images: ImageSet, *, mirror: bool) -> dict[str, Features]:
    asked = {
        split: (images.split(split), Views(mirror=mirror and split == "train"))
        for split in images.splits
    }
    return dict(features_of(config, backbone_for(config), asked))


def rows(found: Features) -> np.ndarray:
    samples = found.samples[POOLING]
    places = np.arange(len(samples.examples))
    return np.stack([samples.gather(places, 0 * places + v) for v in range(samples.views)])


@pytest.mark.parametrize(("stored", "wanted"), [("yes", True), ("yes", False), ("no", False)])
def test_they_are_the_bits_that_are_computed_here(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str, wanted: bool
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, stored)
    computed = found_in(settings(None), load_set(pictures), mirror=wanted)
    read = found_in(settings(dest), extracted_set(dest, AS_IT_IS), mirror=wanted)
    assert list(read) == list(computed) == list(COUNTS)
    for split, one in computed.items():
        other = read[split].samples[POOLING]
        assert (rows(one) == rows(read[split])).all()
        assert other.examples == one.samples[POOLING].examples
        assert other.skipped == one.samples[POOLING].skipped
    assert len(read["train"].samples[POOLING].skipped) == 1
    assert read["train"].samples[POOLING].views == 1 + wanted


def test_mirror_images_that_are_not_there_are_done_without_unless_they_were_asked_for(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    images = extracted_set(dest, AS_IT_IS)
    assert found_in(settings(dest), images, mirror=True)["train"].samples[POOLING].views == 1
    with pytest.raises(UsageError, match="mirror images too"):
        found_in(settings(dest, mirror="yes"), images, mirror=True)


def test_what_is_left_open_is_as_the_batch_has_it(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    found = adopting(TrainConfig(features=str(dest)))
    assert (found.image_size, found.compute, found.backbone_weights) == (32, "float32", "packaged")
    assert adopting(TrainConfig()) == TrainConfig()
    with pytest.raises(UsageError, match="the architecture differs: efficientnet-lite0 here"):
        adopting(TrainConfig(features=str(dest), arch="efficientnet-lite0"))


def test_each_difference_is_named(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    batch = open_extracted(dest)
    backbone = backbone_for(settings(dest))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hold(batch, backbone)
    others = {
        "the picture size": {"image_size": 40},
        "the precision": {"compute": "int8"},
        "the backbone's weights": {"weights_sha256": "0" * 64},
        "the decoder": {"decoder": "3 pillow 1.0"},
        "the number of features": {"width": 3},
    }
    for words, values in others.items():
        changed = replace(batch, plan=replace(batch.plan, **values))  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=f"found that {words} differs"):
            hold(changed, backbone)
    engine = replace(batch.plan, engine="onnxruntime 0.1", engine_key="other")
    with pytest.warns(CatdogWarning, match=r"computed by onnxruntime 0\.1"):
        hold(replace(batch, plan=engine), backbone)


def test_a_damaged_part_ends_it(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    images = extracted_set(dest, AS_IT_IS)
    part = dest / PARTS / part_name(1)
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(bytes(data))
    with pytest.raises(CatdogError, match="other bytes than the manifest says"):
        found_in(settings(dest), images, mirror=False)


def test_pictures_that_it_lacks_or_has_other_bytes_of_are_refused(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    images = extracted_set(dest, AS_IT_IS)
    first, *rest = images.examples
    new = replace(images, examples=(replace(first, name="train/ant/new.png"), *rest))
    with pytest.raises(CatdogError, match="found none of 1 of them"):
        found_in(settings(dest), new, mirror=False)
    other = replace(images, examples=(replace(first, digest="0" * 64, group=""), *rest))
    with pytest.raises(CatdogError, match="another one was called"):
        found_in(settings(dest), other, mirror=False)


def test_a_place_without_a_closed_batch_of_features_is_refused(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"found no plan\.json"):
        open_extracted(tmp_path)
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    (dest / "_SUCCESS").unlink()
    with pytest.raises(UsageError, match="expected a batch that is closed"):
        open_extracted(dest)
    in_process(monkeypatch)
    checked = tmp_path / "checked"
    batch("check", pictures, checked, shard_size=100)
    with pytest.raises(UsageError, match="found what batch check did"):
        open_extracted(checked)
    assert json.loads((checked / "plan.json").read_text())["kind"] == "check"
