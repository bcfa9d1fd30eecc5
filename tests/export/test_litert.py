"""LiteRT files, for whichever program takes them."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import tl_catdog as tl
from tests.conftest import paint_set
from tests.export.conftest import exported
from tests.export.test_litert_writer import operators
from tests.support.keras_networks import ARCH, in_its_place
from tests.support.made_up import network_run, small_network
from tl_catdog.errors import CatdogError
from tl_catdog.export.litert import open_litert, write_int8
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.runs.folder import Run


def test_a_file_takes_one_picture_at_a_time_and_gives_probabilities(
    three: Run, tmp_path: Path
) -> None:
    found = exported(three, "litert", tmp_path)
    assert found.path is not None
    answer, runtime = open_litert(found.path / "model.tflite")
    given = answer(np.zeros((1, 32, 32, 3), np.uint8))
    assert given.shape == (1, 3)
    np.testing.assert_allclose(given.sum(), 1, rtol=1e-5)
    assert runtime.startswith("ai-edge-litert ")


@pytest.mark.slow
def test_a_network_whose_layers_are_not_known_has_its_head_in_single_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    in_its_place(monkeypatch)
    keras.utils.set_random_seed(0)
    weights = tmp_path / "backbone.weights.h5"
    backbone_of(ARCH).build(40).save_weights(weights)
    data = paint_set(tmp_path / "set", {"train": 12, "validation": 6}, ("ant", "bee", "cow"))
    settings: dict[str, Any] = {"image_size": 40, "epochs": 1, "mirror": "no"}
    settings |= {"backbone_weights": str(weights), "runs_dir": str(tmp_path / "models")}
    run = tl.train(data, arch=ARCH, **settings).run
    found = exported(run, "litert", tmp_path / "out")
    assert found.path is not None
    whole = exported(run, "litert-int8", tmp_path / "out")
    assert whole.path is not None
    kinds = operators((whole.path / "model.tflite").read_bytes())
    assert kinds[-6:] == ["FULLY_CONNECTED", "ADD", "RELU", "FULLY_CONNECTED", "ADD", "SOFTMAX"]
    assert "QUANTIZE" in kinds


def test_a_strangers_network_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    graph, _ = small_network(units=3, pads=(0, 0, 1, 1))
    model = onnx.load_from_string(graph)
    model.graph.node[2].op_type = "Tanh"
    run = network_run(tmp_path, model.SerializeToString(), size=32, classes=("a", "b", "c"))
    run = replace(run, config={**run.config, "compute": "int8"})
    with pytest.raises(CatdogError, match=r"expected a network .*, found .*Tanh"):
        write_int8(run, tmp_path, [])


def lines_of(folder: Path, package: str) -> str:
    """Return the README's lines that use a package."""
    blocks = (folder / "README.md").read_text(encoding="utf-8").split("```py\n")[1:]
    (found,) = (block.split("```")[0] for block in blocks if f"import {package}" in block)
    return found


def printed(code: str, folder: Path) -> list[str]:
    """Run lines in the folder of an export as they stand, without this package."""
    code = "import sys; sys.modules['tl_catdog'] = None\n" + code
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "GLOG_minloglevel": "2"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert", "litert-int8"])
def test_mediapipe_takes_it_by_the_lines_of_its_readme(
    name: str, three: Run, tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe", exc_type=ImportError)
    found = exported(three, name, tmp_path)
    assert found.path is not None
    for example in tl.load(three).images().split("validation")[:1]:
        shutil.copy2(example.path, found.path / "photo.jpg")
        label, confidence = printed(lines_of(found.path, "mediapipe"), found.path)
        (said,) = tl.load(three).predict(example.path)
        assert label == said.label
        assert float(confidence) == pytest.approx(
            said.confidence, abs=0.02 if "8" in name else 1e-4
        )


@pytest.mark.slow
def test_opencv_takes_it_by_the_lines_of_its_readme_or_refuses(three: Run, tmp_path: Path) -> None:
    cv2: Any = pytest.importorskip("cv2", exc_type=ImportError)
    found = exported(three, "litert", tmp_path)
    assert found.path is not None
    for example in tl.load(three).images().split("validation")[:1]:
        shutil.copy2(example.path, found.path / "photo.jpg")
        place, confidence = printed(lines_of(found.path, "cv2"), found.path)
        (said,) = tl.load(three).predict(example.path)
        assert three.classes[int(place)] == said.label
        assert float(confidence) == pytest.approx(said.confidence, abs=1e-4)
    net = cv2.dnn.readNetFromTFLite(str(found.path / "model.tflite"))
    net.setInput(np.zeros((1, 32, 32, 3), np.float32))
    with pytest.raises(cv2.error):
        net.forward()
    whole = exported(three, "litert-int8", tmp_path)
    assert whole.path is not None
    with pytest.raises(cv2.error, match="ABS"):
        cv2.dnn.readNetFromTFLite(str(whole.path / "model.tflite"))
    assert "Not in OpenCV" in (whole.path / "README.md").read_text(encoding="utf-8")
