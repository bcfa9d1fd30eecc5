"""The networks that others get say what the run says, its temperature within."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from tests.conftest import Trained
from tests.support.made_up import network_run, small_network
from tl_catdog.export.graphs import keras_probabilities, onnx_probabilities
from tl_catdog.models.engine import OnnxForward
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run, find_run

Pictures = npt.NDArray[np.uint8]


def noise(count: int, size: int = 32) -> Pictures:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size, size, 3)).astype(np.uint8)


def expected(run: Run, pictures: Pictures) -> npt.NDArray[np.float64]:
    """Return what the run says, in the order of its classes."""
    found = []
    for answer in Predictor.load(run).answers(list(pictures)):
        assert answer.probabilities is not None
        found.append([answer.probabilities[label] for label in run.classes])
    return np.array(found)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.5])
@pytest.mark.parametrize("classes", [("ant", "bee"), ("ant", "bee", "cow")])
def test_the_onnx_graph_gives_calibrated_probabilities(
    tmp_path: Path, classes: tuple[str, ...], temperature: float
) -> None:
    graph, _ = small_network(units=1 if len(classes) == 2 else 3, pool=4, seed=4)
    calibration = {"temperature": temperature}
    run = network_run(tmp_path, graph, size=32, classes=classes, calibration=calibration)
    pictures = noise(6)
    model = onnx_probabilities(run)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"pictures": pictures.astype(np.float32)})
    np.testing.assert_allclose(found, expected(run, pictures), atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    (given,) = model.graph.output
    assert given.name == "probabilities"
    assert [dim.dim_param or dim.dim_value for dim in given.type.tensor_type.shape.dim] == [
        "B", len(classes),
    ]  # fmt: skip


def test_classes_keep_their_distance_where_all_sigmoids_are_rounded_to_none(
    tmp_path: Path,
) -> None:
    """ln σ is computed from logits: of −110, −100 and −200 the second is by far the likeliest."""
    graph, _ = small_network(units=3, pool=4)
    model = onnx.load_from_string(graph)
    for item in model.graph.initializer:
        if item.name in ("head_output/0", "head_output/1"):
            values = np.zeros(item.dims, np.float32)
            if item.name == "head_output/1":
                values[:] = (-110, -100, -200)
            item.CopyFrom(onnx.numpy_helper.from_array(values, item.name))
    run = network_run(tmp_path, model.SerializeToString(), size=32, classes=("a", "b", "c"))
    sigmoids, _ = OnnxForward(model.SerializeToString())(noise(1))
    assert sigmoids.max() < 1e-7
    exported = onnx_probabilities(run).SerializeToString()
    (found,) = onnxruntime.InferenceSession(exported).run(
        None, {"pictures": noise(1).astype(np.float32)}
    )
    assert found[0] == pytest.approx([np.exp(-10), 1, 0], abs=1e-4)


@pytest.mark.parametrize("which", ["small", "tuned", "three"])
def test_the_keras_model_gives_calibrated_probabilities(
    which: str, trained: Trained, three: Run
) -> None:
    run = three if which == "three" else find_run(which, trained.runs_dir)
    pictures = noise(6)
    model: Any = keras_probabilities(run)
    found = np.asarray(model(pictures.astype(np.float32), training=False))
    np.testing.assert_allclose(found, expected(run, pictures), atol=2e-5)
    assert model.output_shape == (None, len(run.classes))
