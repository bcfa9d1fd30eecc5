"""Exports say what their run says, in their own runtimes, or they aren't written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import tl_catdog as tl
from tests.conftest import Cli, Trained, paint_set
from tl_catdog.data.images import Pixels
from tl_catdog.errors import UsageError
from tl_catdog.export.export import export
from tl_catdog.export.formats import FORMATS, Format
from tl_catdog.export.parity import parity_reference
from tl_catdog.runs.folder import Run, find_run, shipped_run


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that tells three classes apart, with a temperature that isn't one."""
    root = tmp_path_factory.mktemp("three")
    data = paint_set(root / "set", {"train": 12, "validation": 6}, ("ant", "bee", "cow"))
    settings: dict[str, Any] = {"image_size": 32, "epochs": 2, "batch_size": 8}
    made = tl.train(data, arch="baseline", runs_dir=str(root / "models"), **settings)
    assert made.run.temperature != 1.0
    return made.run


def exported(run: Run, name: str, out: Path, **options: Any) -> Any:
    pictures = tl.load(run).images()
    return export(run, FORMATS[name], out, pictures, parity_reference(run, pictures), **options)


def assert_whole(run: Run, folder: Path) -> None:
    about = json.loads((folder / "metadata.json").read_text())
    assert about["labels"] == list(run.classes)
    assert about["image_size"] == run.image_size
    assert about["temperature"] == run.temperature
    assert about["parity"]["n"] > 0
    assert (folder / about["model"]).exists()
    assert (folder / "labels.txt").read_text().split() == list(run.classes)
    assert "## Limits" in (folder / "CARD.md").read_text()
    assert "Apache-2.0" in about["licence"] or run.config["arch"] == "baseline"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("name", ["keras", "savedmodel", "onnx", "litert"])
@pytest.mark.parametrize("which", ["small", "tuned", "three"])
def test_probabilities_agree(
    name: str, which: str, trained: Trained, three: Run, tmp_path: Path
) -> None:
    run = three if which == "three" else find_run(which, trained.runs_dir)
    found = exported(run, name, tmp_path)
    assert found.path == tmp_path / name
    assert found.parity.max_abs_diff <= 1e-4
    assert found.parity.n == 18
    assert_whole(run, found.path)


@pytest.mark.parametrize("which", ["small", "three"])
def test_whole_numbers_decide_alike(
    which: str, trained: Trained, three: Run, tmp_path: Path
) -> None:
    run = three if which == "three" else find_run(which, trained.runs_dir)
    found = exported(run, "litert-int8", tmp_path / "int8")
    assert found.path is not None, found.parity.worst
    assert found.parity.same >= 0.995
    assert found.bytes < 0.4 * exported(run, "litert", tmp_path / "float").bytes
    assert_whole(run, found.path)


def test_the_one_that_ships_can_be_exported_as_onnx(three: Run, tmp_path: Path) -> None:
    run = shipped_run()
    pictures = tl.load(three).images()
    found = export(run, FORMATS["onnx"], tmp_path, pictures, parity_reference(run, pictures))
    assert found.path is not None
    assert found.parity.accuracy is None  # these pictures show neither cats nor dogs
    assert_whole(run, found.path)


def spoilt(kind: Format, by: float) -> Format:
    """Return a format whose runtime gives other probabilities."""

    def opens(path: Path) -> Any:
        answer, name = kind.open(path)
        return lambda pictures: np.roll(answer(pictures) + by, 1 if by > 0.1 else 0, axis=1), name

    return replace(kind, open=opens)


@pytest.mark.parametrize("by", [2e-4, 0.5])
def test_what_says_something_else_is_not_written(three: Run, tmp_path: Path, by: float) -> None:
    pictures = tl.load(three).images()
    found = export(
        three, spoilt(FORMATS["onnx"], by), tmp_path, pictures, parity_reference(three, pictures)
    )
    assert found.path is None
    assert found.parity.max_abs_diff > 1e-4
    assert len(found.parity.worst) == 5
    assert found.parity.worst[0].path.is_file()
    assert list(tmp_path.iterdir()) == []


def test_whole_numbers_that_decide_otherwise_are_not_written(three: Run, tmp_path: Path) -> None:
    pictures = tl.load(three).images()
    kind = spoilt(FORMATS["litert-int8"], 0.5)
    found = export(three, kind, tmp_path, pictures, parity_reference(three, pictures))
    assert found.path is None
    assert found.parity.same < 0.995
    for worst in found.parity.worst:  # each was decided otherwise
        assert worst.export < max(worst.run, 1 - worst.export)
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_down_which_pictures_were_used(three: Run, tmp_path: Path) -> None:
    found = exported(three, "litert-int8", tmp_path)
    parity = json.loads((found.path / "metadata.json").read_text())["parity"]
    assert parity["compared_on"] == "set, validation"
    assert parity["calibrated_on"] == "set, train"


def test_an_export_that_another_one_came_before_is_not_written(three: Run, tmp_path: Path) -> None:
    def write(run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
        (tmp_path / "onnx").mkdir()  # meanwhile
        return FORMATS["onnx"].write(run, folder, pictures)

    pictures = tl.load(three).images()
    kind = replace(FORMATS["onnx"], write=write)
    with pytest.raises(UsageError, match="is there"):
        export(three, kind, tmp_path, pictures, parity_reference(three, pictures))
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]
    assert list((tmp_path / "onnx").iterdir()) == []


def test_the_gate_looks_at_the_file_that_was_written(three: Run, tmp_path: Path) -> None:
    """A damaged weight in the file shows, since that file is what is run."""
    import onnx
    from onnx import numpy_helper

    def write(run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
        name = FORMATS["onnx"].write(run, folder, pictures)
        model = onnx.load(folder / name)
        (bias,) = (item for item in model.graph.initializer if item.name == "head_output/1")
        values = numpy_helper.to_array(bias) + np.array([0.1, 0, 0], np.float32)
        bias.CopyFrom(numpy_helper.from_array(values, bias.name))
        (folder / name).write_bytes(model.SerializeToString())
        return name

    pictures = tl.load(three).images()
    kind = replace(FORMATS["onnx"], write=write)
    found = export(three, kind, tmp_path, pictures, parity_reference(three, pictures))
    assert found.path is None
    assert list(tmp_path.iterdir()) == []


def test_the_command_lists_what_differs_and_fails(
    three: Run, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "onnx", spoilt(FORMATS["onnx"], 0.01))
    outcome = cli("export", three.path, "--format", "onnx", "--out", tmp_path)
    assert outcome.code == 1
    assert "written" in outcome.out
    assert outcome.err.count("onnx differs: ") == 5
    assert "Error: expected onnx to say what baseline says" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_several_and_says_how_they_do(
    three: Run, tmp_path: Path, cli: Cli
) -> None:
    words = ("export", three.path, "--format", "onnx", "--format", "keras", "--out", tmp_path)
    outcome = cli(*words)
    assert outcome.code == 0, outcome.err
    assert re.search(r"onnx +\d+\.\d +\d+\.\d +100\.0 %", outcome.out)
    *rows, last = outcome.out.splitlines()
    assert max(map(len, rows)) <= 80
    assert last == f"In {tmp_path}, with how to use each: README.md"
    again = cli(*words)
    assert again.code == 2
    assert "--force" in again.err
    assert cli(*words, "--force", "--json").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keras", "onnx"]


def test_a_run_without_its_pictures_is_compared_on_drawings(
    three: Run, tmp_path: Path, cli: Cli
) -> None:
    moved = tmp_path / "models" / "moved"
    shutil.copytree(three.path, moved)
    manifest = json.loads((moved / "manifest.json").read_text())
    manifest["data"]["root"] = str(tmp_path / "gone")
    (moved / "manifest.json").write_text(json.dumps(manifest))
    outcome = cli("export", moved, "--format", "onnx", "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    assert "compared on drawings" in outcome.err
    assert json.loads(outcome.out)["exports"][0]["accuracy"] is None


def test_an_older_run_without_a_graph_can_be_exported(three: Run, tmp_path: Path) -> None:
    shutil.copytree(three.path, tmp_path / "old")
    manifest = json.loads((tmp_path / "old" / "manifest.json").read_text())
    del manifest["model"]["onnx_sha256"]
    (tmp_path / "old" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "old" / "model.onnx").unlink()
    assert exported(find_run("old", tmp_path), "onnx", tmp_path / "out").path is not None


def test_the_graph_itself_tells_how_to_use_it(three: Run, tmp_path: Path) -> None:
    found = exported(three, "onnx", tmp_path)
    session = onnxruntime.InferenceSession(found.path / "model.onnx")
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["labels"]) == list(three.classes)
    assert about["image_size"] == "32"
    assert about["run_sha256"] == three.manifest["model"]["sha256"]
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.shape) == ("pictures", ["B", 32, 32, 3])
    assert (given.name, given.shape) == ("probabilities", ["B", 3])


def test_a_savedmodel_follows_tensorflow_servings_conventions(three: Run, tmp_path: Path) -> None:
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    found = exported(three, "savedmodel", tmp_path)
    version = found.path / three.name / "1"
    assert [path.name for path in (found.path / three.name).iterdir()] == ["1"]
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((version / "saved_model.pb").read_bytes())
    (graph,) = proto.meta_graphs
    assert list(graph.meta_info_def.tags) == ["serve"]
    signature = graph.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert list(signature.inputs) == ["pictures"]
    assert list(signature.outputs) == ["probabilities"]
    assert [dim.size for dim in signature.inputs["pictures"].tensor_shape.dim] == [-1, 32, 32, 3]
    # As the server does: by tag, called by the names of the signature, any number at once.
    loaded = tf.saved_model.load(str(version), tags=["serve"])
    pictures = tf.zeros((3, 32, 32, 3))
    answer = loaded.signatures["serving_default"](pictures=pictures)["probabilities"].numpy()
    assert answer.shape == (3, 3)
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)
    # Whole files, which TensorFlow decodes and resizes.
    assert found.parity.encoded_same == 1.0
    files = [example.path.read_bytes() for example in tl.load(three).images().examples[:2]]
    both = loaded.signatures["encoded"](encoded=tf.constant(files))["probabilities"].numpy()
    assert both.shape == (2, 3)


def test_an_export_without_its_runtime_says_what_to_install(
    three: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(UsageError, match=r"ai-edge-litert.*") as caught:
        exported(three, "litert", tmp_path)
    assert "tl-catdog[export]" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.photographs
def test_the_one_that_ships_agrees_with_its_exports_on_photographs(
    photographs: Path, tmp_path: Path, cli: Cli
) -> None:
    words = ("--format", "onnx", "--format", "litert-int8")
    outcome = cli("export", "cats-dogs", *words, "--data", photographs, "--out", tmp_path, "--json")
    assert outcome.code == 0, outcome.err
    for row in json.loads(outcome.out)["exports"]:
        assert row["n"] == 351
        assert row["accuracy"]["value"] > 0.97
        assert row["greatest_difference"] <= 1e-4 or row["format"] == "litert-int8"
        assert row["same_decisions"] >= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FORMATS))
def test_a_stranger_can_use_it_by_its_readme_alone(name: str, three: Run, tmp_path: Path) -> None:
    """Its snippet runs in the folder, without this package, and says what the run says."""
    found = exported(three, name, tmp_path)
    example = tl.load(three).images().split("validation")[0]
    shutil.copy2(example.path, found.path / "photo.jpg")
    code = (found.path / "README.md").read_text().split("```python\n")[1].split("```")[0]
    code = "import sys; sys.modules['tl_catdog'] = None\n" + code
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=found.path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    label, confidence = done.stdout.split()[-2:]
    (said,) = tl.load(three).predict(example.path)
    assert label == said.label
    assert float(confidence) == pytest.approx(said.confidence, abs=0.02 if "8" in name else 1e-4)
