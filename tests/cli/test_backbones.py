"""A backbone of the registry works with every command, not with training alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Cli, paint_set

pytestmark = pytest.mark.slow

ARCH, SIZE = "efficientnet-lite0", 64
NAME = f"{ARCH}-finetune"


def test_every_command_takes_a_run_of_another_backbone(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = paint_set(tmp_path / "data", {"train": 48, "validation": 20, "test": 8})
    small = ("--image-size", SIZE, "--epochs", 2, "--finetune", "--finetune-epochs", 1)
    done = cli("train", "--arch", ARCH, *small)
    assert done.code == 0, done.err
    config = json.loads((Path("models") / NAME / "config.json").read_text())
    assert (config["arch"], config["unfreeze_from"]) == (ARCH, "block_11")
    manifest = json.loads((Path("models") / NAME / "manifest.json").read_text())
    assert manifest["features"]["cuts"] == ["pooling", "block_11"]

    picture = next((data / "test" / "bee").iterdir())
    (answer,) = [json.loads(line) for line in cli("predict", picture, "--json").out.splitlines()]
    assert answer["label"] == "bee"
    for words in (
        ("evaluate", NAME),
        ("explain", picture, "--run", NAME),
        ("report", NAME),
        ("review", NAME),
        ("compare",),
        ("export", NAME, "--format", "onnx"),
        ("learning-curve", "--arch", ARCH, "--image-size", SIZE),
        ("train", "--arch", ARCH, "--from", NAME, "--epochs", 1, "--run", "further"),
    ):
        done = cli(*words)
        assert done.code == 0, (words, done.err)
    card = Path("models-exported")
    found = [path for path in tmp_path.rglob("CARD.md") if path != card]
    assert found
    assert "EfficientNet-Lite0" in found[0].read_text() or ARCH in found[0].read_text()


def test_features_of_two_backbones_never_mix(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second training finds none of the first one's features in the cache."""
    monkeypatch.chdir(tmp_path)
    paint_set(tmp_path / "data", {"train": 41, "validation": 4}, seed=7)
    for arch in (ARCH, "mobilenet"):
        words = ("--image-size", 32, "--epochs", 1, "--arch", arch)
        assert cli("train", *words).code == 0
        manifest = json.loads((Path("models") / arch / "manifest.json").read_text())
        assert manifest["features"]["pictures_from_cache"] == 0
    banks = []
    for arch in (ARCH, "mobilenet"):
        with np.load(Path("models") / arch / "references.npz") as bank:
            banks.append(bank["rows"])
    assert not np.allclose(*banks)
