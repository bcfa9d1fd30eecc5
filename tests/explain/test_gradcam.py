"""The heatmap of the ONNX graph is that of numeric gradients, and that of TensorFlow's."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from scipy.ndimage import map_coordinates

from tests.conftest import Trained
from tests.support.made_up import network_run, small_network
from tl_catdog.config import TrainConfig
from tl_catdog.data.images import decode
from tl_catdog.errors import CatdogError
from tl_catdog.explain.gradcam import FINER, GradCam, finer, to_peak
from tl_catdog.explain.location import Location, peak_of
from tl_catdog.models.engine import OnnxForward
from tl_catdog.prediction.networks import load_keras
from tl_catdog.runs.folder import find_run

Values = npt.NDArray[np.float64]
Weights = dict[str, npt.NDArray[np.float32]]


def noise(count: int, size: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3))
    return pixels.astype(np.uint8)


def logits_by_hand(weights: Weights, maps: Values, pool: int) -> Values:
    """From maps, (K, h, w), to logits, without any framework and in double precision."""
    if pool:
        rows, columns = (side // pool for side in maps.shape[1:])
        used = maps[:, : rows * pool, : columns * pool]
        pooled = used.reshape(-1, rows, pool, columns, pool).max(axis=(2, 4))
        features = np.moveaxis(pooled, 0, -1).ravel()
    else:
        features = maps.mean(axis=(1, 2))
    hidden = np.maximum(features @ weights["head_dense/0"] + weights["head_dense/1"], 0)
    return np.asarray(hidden @ weights["head_output/0"] + weights["head_output/1"], np.float64)


def cam_by_hand(weights: Weights, maps: Values, pool: int, target: int) -> Values:
    """HiResCAM in the maps' own cells, (h, w), by numeric gradients; 1 at its peak."""

    def score(at: Values) -> float:
        logits = logits_by_hand(weights, at, pool)
        if len(logits) == 1:  # the one unit speaks for the second class, against the first
            return float(logits[0] if target == 1 else -logits[0])
        return float(logits[target])

    step = 1e-5
    gradients = np.zeros_like(maps)
    for place in np.ndindex(maps.shape):
        up, down = maps.copy(), maps.copy()
        up[place] += step
        down[place] -= step
        gradients[place] = (score(up) - score(down)) / (2 * step)
    found = np.maximum((gradients * maps).sum(axis=0), 0)
    return np.asarray(found / found.max()) if found.max() > 0 else found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize(("pool", "size"), [(0, 12), (2, 12), (4, 18)])
def test_it_is_what_numeric_gradients_give(
    tmp_path: Path, units: int, pool: int, size: int, seed: int
) -> None:
    """A mean hands a gradient out evenly, a maximum to where it came from; 9 rows leave one out."""
    graph, weights = small_network(units=units, pool=pool, size=size, seed=seed)
    forward = GradCam(network_run(tmp_path, graph, size=size))
    outputs = forward(noise(2, size, seed))
    peaks = []
    for target in range(max(units, 2)):
        for index in range(2):
            found = forward.heatmap(outputs, index, target)
            # One of the finer values is right in the middle of each cell.
            cells = found[FINER // 2 :: FINER, FINER // 2 :: FINER]
            expected = cam_by_hand(weights, outputs[2][index].astype(np.float64), pool, target)
            np.testing.assert_allclose(cells, expected, atol=1e-4)
            peaks.append(found.max())
    assert set(np.round(peaks, 6).tolist()) <= {0.0, 1.0}
    assert max(peaks) == 1


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (7, 0), (2, 5)])
def test_a_network_that_heeds_one_spot_has_its_peak_there(
    tmp_path: Path, row: int, column: int
) -> None:
    graph, weights = small_network(pool=1, size=16)
    import onnx
    from onnx import numpy_helper

    dense = np.zeros((8, 8, 4, 8), np.float32)
    dense[row, column] = 1
    values = {
        "conv/kernel": np.abs(weights["conv/kernel"]),
        "head_dense/0": dense.reshape(-1, 8),
        "head_output/0": np.ones((8, 1), np.float32),
    }
    model = onnx.load_from_string(graph)
    for item in model.graph.initializer:
        if item.name in values:
            item.CopyFrom(numpy_helper.from_array(values[item.name], item.name))
    forward = GradCam(network_run(tmp_path, model.SerializeToString(), size=16))
    outputs = forward(noise(1, 16))
    found = forward.heatmap(outputs, 0, 1)
    assert peak_of(found) == Location((column + 0.5) / 8, (row + 0.5) / 8)
    # What speaks for one class doesn't speak for the other.
    assert peak_of(forward.heatmap(outputs, 0, 0)) is None


@pytest.mark.parametrize(
    ("pads", "shift"), [((1, 1, 1, 1), 0.0), ((0, 0, 1, 1), 0.125), ((1, 1, 0, 0), -0.125)]
)
def test_half_of_what_padding_at_one_side_shifts_is_undone(
    tmp_path: Path, pads: tuple[int, int, int, int], shift: float
) -> None:
    """A pad of one at one side only, stride 2: a cell lies a quarter further, see LEAN."""
    graph, weights = small_network(size=12, pads=pads)
    forward = GradCam(network_run(tmp_path, graph, size=12))
    outputs = forward(noise(1, 12))
    for target in (0, 1):
        maps = outputs[2][0].astype(np.float64)
        cells = cam_by_hand(weights, maps, 0, target)
        axes = [(np.arange(FINER * side) + 0.5) / FINER - 0.5 - shift for side in cells.shape]
        places = np.meshgrid(*axes, indexing="ij")
        expected = map_coordinates(cells, places, order=1, mode="nearest")
        if expected.max() > 0:
            expected = expected / expected.max()
        np.testing.assert_allclose(forward.heatmap(outputs, 0, target), expected, atol=1e-4)


def test_its_answers_are_those_of_the_run_to_the_bit(tmp_path: Path) -> None:
    graph, _ = small_network(pool=2)
    pictures = noise(5, 32)
    plain = OnnxForward(graph)(pictures)
    found = GradCam(network_run(tmp_path, graph, size=32))(pictures)
    for ours, theirs in zip(found, plain, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_finer_values_lie_on_straight_lines_between_the_cells() -> None:
    np.testing.assert_allclose(
        finer(2, 0.0) @ [0.0, 1.0], [0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1], atol=1e-6
    )
    np.testing.assert_allclose(
        finer(2, 0.2) @ [0.0, 1.0], [0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1], atol=1e-6
    )
    np.testing.assert_allclose(finer(7, 0.3).sum(axis=1), 1, atol=1e-6)


def test_each_heatmap_has_its_own_peak_and_none_stays_none() -> None:
    found = to_peak(np.array([[[0.0, 2.0]], [[8.0, 4.0]], [[0.0, 0.0]]]))
    assert found.tolist() == [[[0, 1]], [[1, 0.5]], [[0, 0]]]
    assert found.dtype == np.float32


def assert_agrees(forward: GradCam, model: Any, pictures: npt.NDArray[np.uint8]) -> None:
    from tools.keras_gradcam import KerasGradCam

    cam = KerasGradCam(model)
    outputs = forward(pictures)
    peaks = []
    for target in range(max(2, model.output_shape[1])):
        wanted = cam(pictures, np.full(len(pictures), target))
        found = np.stack([forward.heatmap(outputs, i, target) for i in range(len(pictures))])
        np.testing.assert_allclose(found, wanted, atol=1e-3)
        peaks.append(wanted.max())
    assert max(peaks) == 1


@pytest.mark.parametrize("name", ["small", "tuned"])
def test_it_agrees_with_the_gradients_of_tensorflow(name: str, trained: Trained) -> None:
    run = find_run(name, trained.runs_dir)
    paths = sorted(trained.data.glob("test/*/*"))[::5]
    pictures = np.stack([decode(path, run.image_size) for path in paths])
    assert_agrees(GradCam(run), load_keras(run), pictures)


@pytest.mark.parametrize(
    ("arch", "size", "classes"),
    [
        ("baseline", 65, 2),
        ("baseline", 80, 3),
        ("mobilenet", 96, 3),
        ("mobilenet", 97, 2),
        ("efficientnet-lite2", 97, 3),
    ],
)
def test_it_agrees_with_tensorflow_at_any_size(
    tmp_path: Path, arch: str, size: int, classes: int
) -> None:
    from tl_catdog.models.build import build
    from tl_catdog.models.graph import inference_graph
    from tl_catdog.models.weights import weights_of

    model = build(TrainConfig(arch=arch, image_size=size).resolved(), classes)
    graph = inference_graph(arch, weights_of(model), size)
    assert_agrees(GradCam(network_run(tmp_path, graph, size=size)), model, noise(2, size))


def test_it_needs_no_tensorflow(tmp_path: Path) -> None:
    graph, _ = small_network()
    run = network_run(tmp_path, graph, size=32)
    code = (
        "import sys, pathlib, numpy as np\n"
        "from tl_catdog.explain.gradcam import GradCam\n"
        "from tl_catdog.runs.folder import read_run\n"
        "forward = GradCam(read_run(pathlib.Path(sys.argv[1])))\n"
        "forward.heatmap(forward(np.zeros((1, 32, 32, 3))), 0, 1)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, run.path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_onnx_runtime_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, _ = small_network()
    run = network_run(tmp_path, graph, size=32)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CatdogError, match=r"expected ONNX Runtime .* found no onnxruntime\.") as no:
        GradCam(run)
    assert no.value.hint == "Type: pip install --upgrade onnx onnxruntime"


def test_a_graph_that_onnx_runtime_refuses_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, _ = small_network()
    run = network_run(tmp_path, graph, size=32)

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError("Unsupported model IR version: 8\nmax supported: 7")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(CatdogError) as caught:
        GradCam(run)
    assert "of mine, found that it can't (NotImplementedError)" in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_changed_network_is_told_as_such(tmp_path: Path) -> None:
    graph, _ = small_network()
    run = network_run(tmp_path, graph, size=32)
    (run.path / "model.onnx").write_bytes(graph + b" ")
    with pytest.raises(CatdogError, match="found a changed one") as caught:
        GradCam(run)
    assert "tl-catdog train" in caught.value.hint


def test_a_graph_of_an_older_version_gives_the_same_heatmap(tmp_path: Path) -> None:
    content, _ = small_network(pool=4)
    model = onnx.load_from_string(content)
    del model.graph.output[1]  # the features; before 0.2.0 there was the answer alone
    pictures = noise(1, 32)
    new = GradCam(network_run(tmp_path / "new", content, size=32))
    old = GradCam(network_run(tmp_path / "old", model.SerializeToString(), size=32))
    assert np.array_equal(new.heatmap(new(pictures), 0, 1), old.heatmap(old(pictures), 0, 1))
