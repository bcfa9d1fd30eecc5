"""A run that keeps its head alone says what the whole run says."""

import io
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.conftest import Trained
from tests.support.bare_runs import publish, publish_run
from tl_catdog.config import TrainConfig
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError
from tl_catdog.files import read_json, write_json
from tl_catdog.models.engine import KerasForward, OnnxForward
from tl_catdog.prediction.head_only import (
    CLOSEST,
    STRANGERS,
    feature_bank_of,
    graph_of,
    head_of,
    pack,
)
from tl_catdog.prediction.networks import load_keras
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import (
    FEATURE_BANK,
    HEAD,
    OLDER_FEATURE_BANK,
    ONNX,
    Run,
    read_run,
    shipped_run,
)
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.trainer import train


@pytest.fixture(scope="module")
def whole(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose backbone is the packaged one."""
    runs_dir = tmp_path_factory.mktemp("frozen")
    data = str(trained.data)
    config = TrainConfig(image_size=32, epochs=2, data=data, runs_dir=str(runs_dir))
    with RunWriter(runs_dir, "frozen") as writer:
        train(config, load_training_set(trained.data), writer)
    return read_run(runs_dir / "frozen")


HEAD_SHAPES: dict[str, tuple[int, ...]] = {
    "head_dense/0": (1280, 8),
    "head_dense/1": (8,),
    "head_output/0": (8, 3),
    "head_output/1": (3,),
}


def holding(folder: Path, name: str, content: bytes, key: str) -> Run:
    """Publish a run of three classes that holds one of the network's files."""
    return publish_run(
        folder,
        "run",
        files={name: content},
        config={"dense_units": 8},
        data={"classes": ["a", "b", "c"]},
        model={key: sha256(content).hexdigest()},
    )


@pytest.fixture
def kept(whole: Run, tmp_path: Path) -> Run:
    folder = tmp_path / "kept"
    shutil.copytree(whole.path, folder)
    graph = onnx.load_from_string(whole.read_checked(ONNX)).graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    feature_bank = FeatureBank.from_bytes(whole.read_checked(FEATURE_BANK))
    content = pack(weights, feature_bank)
    (folder / HEAD).write_bytes(content)
    manifest = read_json(folder / "manifest.json")
    sizes = {key: manifest["model"][key] for key in ("bytes", "params", "trainable_params")}
    manifest["model"] = {**sizes, "head_sha256": sha256(content).hexdigest()}
    manifest["files"][HEAD] = sha256(content).hexdigest()
    write_json(folder / "manifest.json", manifest)
    for name in (ONNX, FEATURE_BANK, "model.keras"):
        (folder / name).unlink()
    return read_run(folder)


def test_it_says_what_the_whole_run_says(whole: Run, kept: Run, trained: Trained) -> None:
    paths = sorted(trained.data.glob("validation/*/*"))
    for one, other in zip(
        Predictor.load(whole).answers(paths), Predictor.load(kept).answers(paths), strict=True
    ):
        assert one.probabilities is not None
        assert other.probabilities == pytest.approx(one.probabilities, abs=2e-3)
        assert other.novelty == pytest.approx(one.novelty, abs=0.02)


def test_keras_and_onnx_runtime_compute_the_same_of_it(kept: Run) -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (2, kept.image_size, kept.image_size, 3))
    (ours,) = KerasForward(load_keras(kept))(pictures)
    theirs = OnnxForward(graph_of(kept))(pictures)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_changed_file_is_refused(kept: Run) -> None:
    path = kept.path / HEAD
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CatdogError, match="a changed one"):
        head_of(kept)


def test_the_one_that_ships_is_small_and_whole() -> None:
    run = shipped_run()
    assert (run.path / HEAD).stat().st_size < 800_000
    assert run.ships
    head = head_of(run)
    assert head["head_dense/0"].shape == (1280, 128)
    assert head["head_output/0"].shape == (128, 1)
    feature_bank = feature_bank_of(run)
    assert feature_bank is not None
    np.testing.assert_allclose(np.linalg.norm(feature_bank.rows, axis=1), 1, rtol=1e-5)


def test_a_packed_head_keeps_its_weights_in_half_precision_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in (*HEAD_SHAPES.items(), ("Conv1/0", (4,)))
    }
    vectors = np.abs(rng.normal(size=(30, 1280)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bank = FeatureBank(vectors[:20], vectors[20:], closest=0.42)
    run = holding(tmp_path, HEAD, pack(weights, bank), "head_sha256")
    head = head_of(run)
    assert set(head) == set(HEAD_SHAPES)
    with np.load(run.path / HEAD) as kept:
        assert set(kept.files) == {*head, FEATURE_BANK, STRANGERS, CLOSEST}
    for name, value in head.items():
        assert value.dtype == np.float32
        assert np.array_equal(value, weights[name].astype(np.float16))
    restored = feature_bank_of(run)
    assert restored is not None
    assert (restored.neighbours, restored.closest, restored.split) == (1, 0.42, "train")
    for ours, theirs in ((restored.rows, bank.rows), (restored.strangers, bank.strangers)):
        # Each value to a thirtieth of its row's greatest, before the row has length one again.
        rounded = np.rint(15 * theirs / theirs.max(axis=1, keepdims=True))
        expected = rounded / np.linalg.norm(rounded, axis=1, keepdims=True)
        np.testing.assert_allclose(ours, expected, rtol=1e-6)
        assert ((ours * theirs).sum(axis=1) > 0.996).all()


@pytest.mark.parametrize("name", ["head_dense/0", "head_output/1"])
def test_a_head_of_another_shape_is_refused(tmp_path: Path, name: str) -> None:
    shapes = {**HEAD_SHAPES, name: (7,)}
    weights = {key: np.zeros(shape, np.float32) for key, shape in shapes.items()}
    bank = FeatureBank(np.eye(2, 1280), np.eye(1, 1280))
    run = holding(tmp_path, HEAD, pack(weights, bank), "head_sha256")
    with pytest.raises(CatdogError, match=r"head\.npz, found weights of another head"):
        head_of(run)


def test_a_head_packed_by_an_older_version_has_validation_pictures_for_a_bank(
    tmp_path: Path,
) -> None:
    levels = np.zeros((2, 1280), np.uint8)
    levels[:, :3] = [[0, 3, 4], [15, 0, 0]]
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **{OLDER_FEATURE_BANK: levels})
    run = holding(tmp_path, HEAD, out.getvalue(), "head_sha256")
    bank = feature_bank_of(run)
    assert bank is not None
    assert bank.rows[:, :3] == pytest.approx(np.array([[0, 0.6, 0.8], [1, 0, 0]]))
    assert not bank.rows[:, 3:].any()
    assert (len(bank.strangers), bank.neighbours, bank.split) == (0, 10, "validation")


def test_the_feature_bank_of_an_older_run_is_read_as_before(tmp_path: Path) -> None:
    rows = np.eye(12, dtype=np.float16)
    out = io.BytesIO()
    np.save(out, rows)
    run = holding(tmp_path, OLDER_FEATURE_BANK, out.getvalue(), "references_sha256")
    bank = feature_bank_of(run)
    assert bank is not None
    assert np.array_equal(bank.rows, rows)
    assert (bank.neighbours, bank.closest, bank.split) == (10, 0.0, "validation")


def test_a_run_without_a_feature_bank_has_none(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    assert feature_bank_of(read_run(tmp_path / "run")) is None
