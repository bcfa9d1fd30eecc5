"""A batch of features: it has to be one, closed, and what the settings ask for."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.batches import in_process
from tests.support.extracted import backbone_for, extracted, settings
from tl_catdog.api import train
from tl_catdog.cluster.batch import batch
from tl_catdog.config import TrainConfig
from tl_catdog.errors import CatdogWarning, UsageError
from tl_catdog.features.extracted_plan import adopting, hold, open_extracted


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return paint_set(tmp_path / "set", {"train": 4})


def test_what_is_left_open_is_as_the_batch_has_it(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    found = adopting(TrainConfig(features=str(dest)))
    assert (found.image_size, found.compute, found.backbone_weights) == (32, "float32", "packaged")
    assert adopting(TrainConfig()) == TrainConfig()
    for given, says in (
        ({"arch": "efficientnet-lite0"}, "the architecture differs: efficientnet-lite0 here"),
        ({"image_size": 40}, "the picture size differs: 40 here, 32 in"),
        ({"compute": "int8"}, "the precision differs: int8 here, float32 in"),
    ):
        (dest / "parts").rename(dest / "away")  # before any of them is read
        with pytest.raises(UsageError, match=says):
            train(features=dest, runs_dir=str(tmp_path / "models"), **given)
        (dest / "away").rename(dest / "parts")


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
