"""Reading run folders: what is a run, which one is meant, and that its files are unchanged."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.conftest import Trained, paint_set
from tests.support.bare_runs import manifest, publish
from tests.support.made_up import made_up_run
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.folder import (
    FEATURE_BANK,
    HEAD,
    MODEL,
    OLDER_FEATURE_BANK,
    ONNX,
    SHIPPED,
    Run,
    find_run,
    latest_run,
    list_runs,
    own_images,
    read_metrics,
    read_run,
    read_split,
)
from tl_catdog.runs.writer import RunWriter


@pytest.mark.parametrize("missing", ["manifest.json", "config.json"])
def test_a_folder_without_its_description_is_no_run(tmp_path: Path, missing: str) -> None:
    publish(tmp_path, "run")
    (tmp_path / "run" / missing).unlink()
    with pytest.raises(CatdogError, match=missing):
        read_run(tmp_path / "run")
    assert list_runs(tmp_path).unfinished == ("run",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}'])
def test_a_damaged_manifest_is_no_run(tmp_path: Path, text: str) -> None:
    publish(tmp_path, "run")
    (tmp_path / "run" / "manifest.json").write_text(text)
    assert list_runs(tmp_path).unfinished == ("run",)


def test_a_run_of_ones_own_goes_before_the_one_that_ships(tmp_path: Path) -> None:
    assert find_run(SHIPPED, tmp_path).ships
    publish(tmp_path, SHIPPED)
    assert not find_run(SHIPPED, tmp_path).ships


def test_only_the_rest_of_a_run_is_said_to_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "half").mkdir(parents=True)
    (tmp_path / "models" / "half" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    for reference, hint in (("half", "rm -r models/half"), ("models", "ls "), (".", "ls ")):
        with pytest.raises(CatdogError) as caught:
            find_run(reference, Path("models"))
        assert hint in caught.value.hint
        assert ("rm" in caught.value.hint) == (reference == "half")


def test_a_run_may_be_named_from_within(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained.runs_dir / "small")
    assert find_run(".", Path("models")).name == "small"


def test_a_folder_of_that_name_does_not_hide_the_run_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SHIPPED / "cats").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_run(SHIPPED, Path("models")).ships


def test_an_unknown_run_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tl-catdog train"):
        find_run("none", tmp_path)
    publish(tmp_path, "mine")
    publish(tmp_path, "older", created="2025-01-01")
    with pytest.raises(UsageError, match="there is older, mine") as caught:
        find_run("none", tmp_path)
    assert caught.value.hint == "Type: tl-catdog evaluate mine"
    assert find_run("mine", tmp_path).name == "mine"
    assert find_run(str(tmp_path / "mine"), Path("elsewhere")).name == "mine"


def test_the_newest_run_is_the_default_and_without_any_the_one_that_ships(tmp_path: Path) -> None:
    assert latest_run(tmp_path).name == SHIPPED
    publish(tmp_path, "b")
    with RunWriter(tmp_path, "a") as writer:
        writer.write_config({})
        writer.publish(manifest(created="2026-02-01"))
    assert latest_run(tmp_path).name == "a"


def test_a_real_run_holds_all_it_should(trained: Trained) -> None:
    run = find_run("tuned", trained.runs_dir)
    assert {path.name for path in run.path.iterdir()} == {
        "config.json", "manifest.json", "metrics.jsonl", "model.keras", "model.onnx",
        "predictions", "references.npz", "split.csv",
    }  # fmt: skip
    assert run.predicted_splits() == ("test", "validation")
    assert [row["stage"] for row in read_metrics(run)] == ["linear", "finetune"]
    for name in ("image_size", "epochs", "learning_rate", "augment", "patience"):
        assert run.config[name] is not None
    data = run.manifest["data"]
    assert data["counts"]["train"] == {"ant": 24, "bee": 24}
    assert len(data["fingerprint"]) == 64
    assert [stage["name"] for stage in run.manifest["stages"]] == ["linear", "finetune"]
    assert {"tensorflow", "keras", "python", "tl-catdog"} <= set(run.manifest["versions"])
    assert run.manifest["timings"]["train_seconds"] > 0
    assert run.manifest["seed"] == 0
    assert run.manifest["skipped"] == []


def test_runs_are_listed_oldest_first_and_by_name_if_as_old(tmp_path: Path) -> None:
    for name, created in (("c", "2026-01-03"), ("b", "2026-01-01"), ("d", "2026-01-02")):
        publish(tmp_path, name, created=created)
    publish(tmp_path, "a", created="2026-01-02")
    assert [run.name for run in list_runs(tmp_path).runs] == ["b", "a", "d", "c"]


def test_files_and_hidden_folders_are_no_runs(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "pictures").mkdir()
    found = list_runs(tmp_path)
    assert [run.name for run in found.runs] == ["run"]
    assert found.unfinished == ("pictures",)
    assert list_runs(tmp_path / "missing").runs == ()


@pytest.mark.parametrize("rest", ["run.replaced-x", "run.unfinished-x"])
def test_the_rest_of_a_run_is_none_even_if_it_is_whole(tmp_path: Path, rest: str) -> None:
    publish(tmp_path, "run")
    (tmp_path / "run").rename(tmp_path / rest)
    with pytest.raises(CatdogError, match="never finished") as caught:
        read_run(tmp_path / rest)
    assert "rm -r" in caught.value.hint


def test_a_name_is_sought_among_the_runs_before_it_is_taken_for_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(Path(), "mine", "beside")
    publish(Path("models"), "mine", "among the runs")
    assert find_run("mine", Path("models")).manifest["note"] == "among the runs"
    # But a run goes before any other folder.
    Path("models/mine/config.json").unlink()
    assert find_run("mine", Path("models")).manifest["note"] == "beside"


def hashed(folder: Path, **contents: bytes) -> Run:
    """Publish a run whose network's files are these, by their keys in the manifest."""
    names = {
        "sha256": MODEL,
        "onnx_sha256": ONNX,
        "feature_bank_sha256": FEATURE_BANK,
        "references_sha256": OLDER_FEATURE_BANK,
        "head_sha256": HEAD,
    }
    with RunWriter(folder, "run") as writer:
        writer.write_config({"arch": "baseline", "image_size": 64})
        model = {key: writer.write_bytes(names[key], content) for key, content in contents.items()}
        return writer.publish({**manifest(), "model": model})


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("sha256", "model.keras"),
        ("onnx_sha256", "model.onnx"),
        ("feature_bank_sha256", "references.npz"),
        ("references_sha256", "references.npy"),
        ("head_sha256", "head.npz"),
    ],
)
def test_each_file_of_the_network_is_held_to_its_own_hash(
    tmp_path: Path, key: str, name: str
) -> None:
    run = hashed(tmp_path, **{key: b"content"})
    files = (MODEL, ONNX, FEATURE_BANK, OLDER_FEATURE_BANK, HEAD)
    assert [other for other in files if run.holds(other)] == [name]
    assert run.ships == (name == "head.npz")
    assert run.hash_of(name) == hashlib.sha256(b"content").hexdigest()
    assert run.read_checked(name) == b"content"
    (run.path / name).write_bytes(b"contenu")
    with pytest.raises(CatdogError, match=f"a changed one.*{name}"):
        run.read_checked(name)
    (run.path / name).unlink()
    with pytest.raises(CatdogError, match=f"found none.*{name}"):
        run.read_checked(name)


def test_the_keras_file_is_checked_before_it_is_loaded(tmp_path: Path) -> None:
    run = hashed(tmp_path, sha256=b"network", onnx_sha256=b"graph")
    run.check_model()
    (run.path / ONNX).write_bytes(b"changed")
    run.check_model()
    (run.path / MODEL).write_bytes(b"changed")
    with pytest.raises(CatdogError, match=r"changed one.*model\.keras") as caught:
        run.check_model()
    assert caught.value.hint.endswith("tl-catdog train --arch baseline --run run --force")


def test_a_run_from_before_calibration_keeps_its_probabilities(tmp_path: Path) -> None:
    publish(tmp_path, "old")
    publish(tmp_path, "new", calibration={"temperature": 1.7})
    assert read_run(tmp_path / "old").temperature == 1.0
    assert read_run(tmp_path / "new").temperature == 1.7


def test_a_run_knows_its_pictures_without_opening_one(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 1})
    images = load_training_set(data)
    run = made_up_run(data, tmp_path / "models", drawn=True)
    for path in data.rglob("*.png"):
        path.unlink()
    found = own_images(run)
    assert found.examples == images.examples
    assert found.classes == run.classes == ("ant", "bee")
    assert found.drawn
    assert found.root == data
    assert run.image_size == 32
    assert run.predicted_splits() == ("test", "validation")
    assert run.predictions_path("test") == run.path / "predictions" / "test.csv"


def test_a_run_without_its_split_asks_for_a_folder(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    with pytest.raises(CatdogError, match=r"split\.csv") as caught:
        read_split(read_run(tmp_path / "run"))
    assert "--data DIR" in caught.value.hint


def test_another_format_is_named(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    path = tmp_path / "run" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(CatdogError, match="its format 2 isn't 1"):
        read_run(tmp_path / "run")
