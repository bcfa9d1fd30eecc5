"""The graphs that LiteRT files are written from say what the run says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.conftest import Trained
from tests.export.conftest import exported
from tests.export.test_graphs import expected, noise
from tests.support.made_up import network_run, small_network
from tl_catdog.export.litert_graph import (
    FINER,
    knows,
    needs_pictures,
    single_graph,
    whole_graph,
    with_probabilities,
)
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.integer_writer import SINGLE
from tl_catdog.prediction.networks import network_graph
from tl_catdog.runs.folder import Run, find_run


def chances(model: onnx.ModelProto, pictures: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"pictures": pictures.astype(np.float32)})
    return np.asarray(found)


@pytest.mark.parametrize("temperature", [0.6, 2.5])
@pytest.mark.parametrize("classes", [("ant", "bee"), ("ant", "bee", "cow")])
def test_it_ends_with_calibrated_probabilities(
    temperature: float, classes: tuple[str, ...], tmp_path: Path
) -> None:
    """Of two classes by one sigmoid, and of three by the sigmoids of older networks."""
    graph, _ = small_network(units=1 if len(classes) == 2 else 3, pool=4, seed=4)
    calibration = {"temperature": temperature}
    run = network_run(tmp_path, graph, size=32, classes=classes, calibration=calibration)
    pictures = noise(6)
    found = chances(with_probabilities(graph, run), pictures)
    np.testing.assert_allclose(found, expected(run, pictures), atol=1e-5)


def test_classes_keep_their_distance_where_all_sigmoids_are_rounded_to_none(
    tmp_path: Path,
) -> None:
    graph, _ = small_network(units=3, pool=4)
    model = onnx.load_from_string(graph)
    for item in model.graph.initializer:
        if item.name in ("head_output/0", "head_output/1"):
            values = np.zeros(item.dims, np.float32)
            if item.name == "head_output/1":
                values[:] = (-110, -100, -200)
            item.CopyFrom(onnx.numpy_helper.from_array(values, item.name))
    graph = model.SerializeToString()
    run = network_run(tmp_path, graph, size=32, classes=("a", "b", "c"))
    found = chances(with_probabilities(graph, run), noise(1))
    assert found[0] == pytest.approx([np.exp(-10), 1, 0], abs=1e-4)


@pytest.mark.parametrize("which", ["small", "tuned", "three"])
def test_in_single_precision(which: str, trained: Trained, three: Run) -> None:
    run = three if which == "three" else find_run(which, trained.runs_dir)
    assert knows(run)
    pictures = noise(6)
    found = chances(with_probabilities(single_graph(run), run), pictures)
    np.testing.assert_allclose(found, expected(run, pictures), atol=2e-5)


def test_a_run_in_whole_numbers_keeps_its_own(trained: Trained) -> None:
    """Others' backbones have as many blocks in single precision as that leaves out, and some."""
    run = find_run("tuned", trained.runs_dir)
    assert run.compute == "float32"
    rounded = whole_graph(run, [])
    kinds = [node.op_type for node in onnx.load_from_string(rounded).graph.node]
    blocks = backbone_of("mobilenet").blocks
    inside = sum(len(block.convolutions) for block in blocks[FINER:])
    sums = sum(block.shortcut for block in blocks[FINER:])
    assert kinds.count("QuantizeLinear") == 1 + inside + sums
    assert FINER > SINGLE
    own = replace(run, config={**run.config, "compute": "int8"})
    assert whole_graph(own, []) == network_graph(own)


def test_no_pictures_are_needed_where_batchnorm_knows_the_ranges(
    trained: Trained, three: Run, tmp_path: Path
) -> None:
    tuned = find_run("tuned", trained.runs_dir)
    assert (needs_pictures(tuned), needs_pictures(three)) == (False, True)
    found = exported(tuned, "litert-int8", tmp_path)
    assert found.path is not None
    parity = json.loads((found.path / "metadata.json").read_text())["parity"]
    assert parity["calibrated_on"] is None
