"""A network of keras.applications is trained, kept, loaded and asked like any other."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import Cli, paint_set
from tests.support.keras_networks import ARCH, in_its_place
from tl_catdog.api import train
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.models import keras_graph
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.engine import KerasForward, OnnxForward
from tl_catdog.models.pretrained import BACKBONE
from tl_catdog.prediction.networks import forward_of_run, load_keras, network_graph
from tl_catdog.runs.folder import ONNX, Run, find_run

SETTINGS: dict[str, Any] = {
    "arch": ARCH,
    "image_size": 40,
    "epochs": 1,
    "finetune_epochs": 1,
    "mirror": "no",
}


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small network's, made once."""
    in_its_place(monkeypatch)
    keras.utils.set_random_seed(0)
    path = tmp_path / "backbone.weights.h5"
    backbone_of(ARCH).build(40).save_weights(path)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return paint_set(tmp_path / "set", {"train": 44, "validation": 8})


def trained(data: Path, weights: Path, tmp_path: Path, **settings: Any) -> Run:
    given: dict[str, Any] = {**SETTINGS, "backbone_weights": str(weights), **settings}
    train(str(data), runs_dir=str(tmp_path / "models"), run="it", force=True, **given)
    return find_run("it", tmp_path / "models")


@pytest.mark.slow
def test_fine_tuning_moves_the_last_fifth_and_no_batchnorm(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    run = trained(data, weights, tmp_path, finetune=True, finetune_share=1.0)
    before = backbone_of(ARCH).build(40)
    before.load_weights(weights)
    after = load_keras(run).get_layer(BACKBONE)
    moved = {
        layer.name
        for layer, other in zip(after.layers, before.layers, strict=True)
        if any(
            not np.array_equal(a, b)
            for a, b in zip(layer.get_weights(), other.get_weights(), strict=True)
        )
    }
    assert moved == {"last", "sequential"}
    assert run.manifest["stages"][-1]["name"] == "finetune"
    images = np.random.default_rng(0).uniform(0, 255, (2, 40, 40, 3)).astype(np.float32)
    forward = forward_of_run(run)
    assert isinstance(forward, OnnxForward)
    np.testing.assert_allclose(forward(images)[0], load_keras(run)(images), atol=1e-5)


@pytest.mark.slow
def test_a_network_without_a_graph_is_asked_in_tensorflow(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_graph, "compared", lambda *_: "something else")
    with pytest.warns(UserWarning, match="computed by TensorFlow"):
        run = trained(data, weights, tmp_path)
    assert not run.holds(ONNX)
    assert isinstance(forward_of_run(run), KerasForward)
    with (
        pytest.warns(UserWarning, match="TensorFlow"),
        pytest.raises(CatdogError, match="ONNX graph"),
    ):
        network_graph(run)


def test_a_layer_that_is_none_ends_a_training_before_it_begins(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="a layer of VGG16"):
        trained(data, weights, tmp_path, finetune=True, unfreeze_from="block9_conv1")


@pytest.mark.slow
def test_every_command_takes_such_a_run(
    cli: Cli, data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("--data", data, "--backbone-weights", weights, "--image-size", 40, "--epochs", 1)
    done = cli("train", "--arch", ARCH, *given)
    assert done.code == 0, done.err
    name = "keras-VGG16"
    picture = next((data / "validation" / "bee").iterdir())
    for words in (
        ("predict", picture, "--run", name),
        ("evaluate", name),
        ("explain", picture, "--run", name),
        ("report", name),
        ("review", name),
        ("compare",),
        ("export", name, "--format", "onnx", "--format", "keras"),
        ("train", "--arch", ARCH, "--from", name, "--run", "further", *given),
        ("train", "--arch", ARCH, "--from", name, "--run", "tuned", "--finetune",
         "--finetune-epochs", 1, *given),
    ):  # fmt: skip
        done = cli(*words)
        assert done.code == 0, (words, done.err)
    (card, *_) = tmp_path.rglob("CARD.md")
    assert "keras.applications.VGG16" in card.read_text()
    config = json.loads((tmp_path / "models" / name / "config.json").read_text())
    assert config["backbone_weights"] == str(weights)
