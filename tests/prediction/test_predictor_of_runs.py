"""Trained runs as predictors: bad files are named, good ones answered, and all ways agree."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, Trained, paint
from tests.support.bare_runs import sealed
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.models import engine
from tl_catdog.models.engine import OnnxForward
from tl_catdog.prediction.head_only import graph_of
from tl_catdog.prediction.networks import network_graph
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.predictor import Predictor, predict_examples
from tl_catdog.runs.folder import find_run, shipped_run


@pytest.fixture(scope="module")
def predictor(trained: Trained) -> Predictor:
    return Predictor.load(find_run("tuned", trained.runs_dir))


def test_bad_files_are_named_and_the_others_answered(predictor: Predictor, tmp_path: Path) -> None:
    paths = [paint(tmp_path / f"{i}.png", COLOURS[i % 2], i) for i in range(70)]
    for index in (0, 33, 69):
        paths[index].write_bytes(b"no picture")
    paths.append(tmp_path / "missing.png")
    answers = list(predictor.answers(paths))
    assert [answer.path for answer in answers] == paths
    assert [i for i, answer in enumerate(answers) if answer.error] == [0, 33, 69, 70]
    for answer in answers:
        if answer.error is None:
            assert answer.probabilities is not None
            assert sum(answer.probabilities.values()) == pytest.approx(1)
            assert answer.label == max(answer.probabilities, key=answer.probabilities.__getitem__)


def test_a_picture_gets_the_same_answer_alone_and_in_company(
    predictor: Predictor, tmp_path: Path
) -> None:
    paths = [paint(tmp_path / f"{i}.png", COLOURS[i % 2], i) for i in range(5)]
    together = [answer.probabilities for answer in predictor.answers(paths)]
    alone = [next(predictor.answers([path])).probabilities for path in paths]
    for a, b in zip(together, alone, strict=True):
        assert a == pytest.approx(b, abs=1e-5)


def test_no_pictures_give_no_answers(predictor: Predictor) -> None:
    assert list(predictor.answers([])) == []


@pytest.mark.parametrize("name", ["small", "tuned"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_saved_predictions_are_what_the_saved_network_says(
    trained: Trained, name: str, split: str
) -> None:
    run = find_run(name, trained.runs_dir)
    saved = read_predictions(run, split)
    again = predict_examples(Predictor.load(run), load_set(trained.data).split(split)).predictions
    assert again.digests == saved.digests
    np.testing.assert_allclose(again.probabilities, saved.probabilities, atol=1e-6)


def test_an_unknown_class_is_named(predictor: Predictor, trained: Trained) -> None:
    example = load_set(trained.data).split("test")[0]
    odd = type(example)(example.path, example.name, "wasp", "test", example.digest)
    with pytest.raises(CatdogError, match="wasp"):
        predict_examples(predictor, [odd])


@pytest.mark.parametrize("has_onnx", [True, False])
@pytest.mark.parametrize("damage", ["changed", "none"])
def test_a_changed_or_missing_network_file_is_refused(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_onnx: bool,
    damage: str,
) -> None:
    monkeypatch.setattr(engine, "onnx_runs", lambda: has_onnx)
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    path = tmp_path / "small" / ("model.onnx" if has_onnx else "model.keras")
    if damage == "none":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CatdogError, match=f"{damage}.*{path.name}"):
        Predictor.load(find_run("small", tmp_path))


def test_a_network_that_would_run_code_is_refused(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(engine, "onnx_runs", lambda: False)
    run, ran = tmp_path / "small", tmp_path / "ran"
    shutil.copytree(trained.runs_dir / "small", run)
    code = eval(f"lambda x: (open({str(ran)!r}, 'w').close(), x)[1]")
    evil = keras.layers.Lambda(code, output_shape=(32, 32, 3))
    keras.Sequential([keras.Input((32, 32, 3)), evil]).save(run / "model.keras")
    sealed(run)
    ran.unlink(missing_ok=True)  # building it ran it
    with pytest.raises(CatdogError, match="expected a network that Keras"):
        Predictor.load(find_run("small", tmp_path))
    assert not ran.exists()


@pytest.mark.parametrize("name", ["small", "tuned"])
def test_onnx_runtime_and_tensorflow_agree(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = find_run(name, trained.runs_dir)
    paths = [example.path for example in load_set(trained.data).split("test")]
    found = []
    for name, works in (("onnxruntime", True), ("tensorflow", False)):
        monkeypatch.setattr(engine, "onnx_runs", lambda works=works: works)
        predictor = Predictor.load(run)
        assert predictor.forward.engine.startswith(name)
        found.append(
            [list((answer.probabilities or {}).values()) for answer in predictor.answers(paths)]
        )
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


def test_a_graph_that_onnx_runtime_refuses_is_no_obstacle(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(graph: bytes) -> None:
        raise RuntimeError("unknown opset")

    monkeypatch.setattr(engine, "OnnxForward", refuse)
    predictor = Predictor.load(find_run("small", trained.runs_dir))
    assert predictor.forward.engine.startswith("tensorflow")


def test_a_run_from_before_there_were_graphs_is_read(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    (tmp_path / "small" / "model.onnx").unlink()
    manifest = tmp_path / "small" / "manifest.json"
    described = json.loads(manifest.read_text())
    del described["model"]["onnx_sha256"]
    manifest.write_text(json.dumps(described))
    predictor = Predictor.load(find_run("small", tmp_path))
    assert predictor.forward.engine.startswith("tensorflow")


def test_the_graph_of_a_run_that_keeps_none_is_made_of_its_keras_model(
    trained: Trained, tmp_path: Path
) -> None:
    run = find_run("tuned", trained.runs_dir)
    shutil.copytree(run.path, tmp_path / "tuned")
    manifest = tmp_path / "tuned" / "manifest.json"
    described = json.loads(manifest.read_text())
    del described["model"]["onnx_sha256"]
    manifest.write_text(json.dumps(described))
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3))
    kept, made = (
        OnnxForward(network_graph(item))(images) for item in (run, find_run("tuned", tmp_path))
    )
    assert np.array_equal(kept[0], made[0])
    assert np.array_equal(kept[1], made[1])
    assert network_graph(shipped_run()) == graph_of(shipped_run())
