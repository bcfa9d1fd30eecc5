"""A run of integer features, from its training to all that reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.conftest import paint_set
from tl_catdog.api import train
from tl_catdog.config import TrainConfig
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogWarning, UsageError
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.export.export import export
from tl_catdog.export.formats import FORMATS
from tl_catdog.export.parity import parity_reference
from tl_catdog.features.linear_probe import backbone_of
from tl_catdog.models import engine
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run, find_run
from tl_catdog.runs.settings import training_command
from tl_catdog.training.start import adopted


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8") / "pictures"
    return paint_set(folder, {"train": 24, "validation": 12, "test": 6})


@pytest.fixture(scope="module")
def run(data: Path) -> Run:
    settings: dict[str, Any] = {
        "image_size": 128,
        "epochs": 1,
        "mirror": "no",
        "runs_dir": str(data.parent),
    }
    train(data, run="whole", compute="int8", **settings)
    return find_run("whole", data.parent)


def test_it_says_in_which_precision_it_computes(run: Run) -> None:
    assert run.compute == run.config["compute"] == "int8"
    assert run.manifest["model"]["compute"] == run.manifest["features"]["compute"] == "int8"
    kinds = {node.op_type for node in onnx.load(run.path / "model.onnx").graph.node}
    assert "QuantizeLinear" in kinds
    assert "--compute int8" in training_command(run)


def test_what_it_predicted_is_what_its_users_get(run: Run, data: Path) -> None:
    saved = read_predictions(run, "test")
    examples = load_set(data).split("test")
    answers = Predictor.load(run).answers(example.path for example in examples)
    by_name = dict(zip(saved.names, saved.probabilities, strict=True))
    for example, answer in zip(examples, answers, strict=True):
        assert answer.probabilities is not None
        expected = by_name[example.name]
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)


def test_a_processor_whose_integers_saturate_answers_alike(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = np.stack([decode(e.path, 128) for e in load_set(data).split("test")])
    own = Predictor.load(run).forward(pictures)
    monkeypatch.setattr(engine, "exact_integers", lambda: False)
    other = Predictor.load(run).forward(pictures)
    assert not np.array_equal(own[1], other[1])  # ties of single precision
    np.testing.assert_allclose(own[0], other[0], atol=0.05)


def test_tensorflow_answers_alike_and_says_that_it_is_another(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = np.stack([decode(e.path, 128) for e in load_set(data).split("test")])
    own = Predictor.load(run).forward(pictures)[0]
    monkeypatch.setattr(engine, "onnx_runs", lambda: False)
    with pytest.warns(CatdogWarning, match=r"whole was trained on int8 features\..*onnxruntime"):
        predictor = Predictor.load(run)
    np.testing.assert_allclose(predictor.forward(pictures)[0], own, atol=0.1)


def test_a_training_goes_on_in_its_precision(run: Run, data: Path) -> None:
    config = TrainConfig(from_run="whole", runs_dir=str(data.parent))
    assert adopted(config, run, run.classes).compute == "int8"
    assert adopted(replace(config, finetune=True), run, run.classes).compute == "float32"
    with pytest.raises(UsageError, match="the run whole, int8, found --compute float32"):
        adopted(replace(config, compute="float32"), run, run.classes)


def test_other_features_of_its_pictures_have_its_precision(run: Run) -> None:
    assert backbone_of(run).compute == "int8"


def test_where_it_looks_is_told_from_its_own_graph(run: Run, data: Path) -> None:
    pictures = np.stack([decode(e.path, 128) for e in load_set(data).split("test")[:2]])
    network = GradCam(run)
    outputs = network(pictures)
    np.testing.assert_allclose(outputs[0], Predictor.load(run).forward(pictures)[0], atol=1e-6)
    assert outputs[2].shape == (2, 1280, 4, 4)
    assert network.heatmap(outputs, 0, 1).max() in (0.0, 1.0)


@pytest.mark.parametrize("name", ["onnx", "keras"])
def test_it_is_exported_as_it_is_or_in_single_precision(
    run: Run, data: Path, tmp_path: Path, name: str
) -> None:
    images = load_set(data)
    reference = parity_reference(run, images)
    done = export(run, FORMATS[name], tmp_path, images, reference)
    assert done.path is not None
    exact = done.parity.max_abs_diff < 1e-5
    assert exact == (name == "onnx")
