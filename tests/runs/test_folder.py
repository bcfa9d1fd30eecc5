"""Reading run folders: what is a run, which one is meant, and that its files are unchanged."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.conftest import Trained
from tests.support.bare_runs import publish, publish_run
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
    read_run,
)


@pytest.mark.parametrize("missing", ["manifest.json", "config.json"])
def test_a_folder_without_its_description_is_no_run(tmp_path: Path, missing: str) -> None:
    publish(tmp_path, "run")
    (tmp_path / "run" / missing).unlink()
    with pytest.raises(CatdogError, match=missing):
        read_run(tmp_path / "run")
    (error,) = list_runs(tmp_path).unreadable
    assert missing in error.message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}'])
def test_a_run_that_cannot_be_read_is_left_out_and_said_not_to_be_unfinished(
    tmp_path: Path, text: str
) -> None:
    publish(tmp_path, "good")
    publish(tmp_path, "run")
    (tmp_path / "run" / "manifest.json").write_text(text)
    listed = list_runs(tmp_path)
    assert [run.name for run in listed.runs] == ["good"]
    assert listed.unfinished == ()
    (error,) = listed.unreadable
    assert str(tmp_path / "run") in error.message


def test_a_run_of_ones_own_goes_before_the_one_that_ships(tmp_path: Path) -> None:
    assert find_run(SHIPPED, tmp_path).ships
    publish(tmp_path, SHIPPED)
    assert not find_run(SHIPPED, tmp_path).ships


@pytest.mark.parametrize("reference", ["half", "models", ".", "half.unfinished-0", "a.replaced-1"])
def test_nothing_is_ever_said_to_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    for name in ("half", "half.unfinished-0", "a.replaced-1", "a"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatdogError) as caught:
        find_run(reference, Path("models"))
    assert "rm" not in caught.value.hint.split()
    assert "--force" not in caught.value.hint


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
    publish(tmp_path, "a", created="2026-02-01")
    assert latest_run(tmp_path).name == "a"


def test_a_real_run_holds_all_it_should(trained: Trained) -> None:
    run = find_run("tuned", trained.runs_dir)
    assert {path.name for path in run.path.iterdir()} == {
        "config.json", "manifest.json", "metrics.jsonl", "model.keras", "model.onnx",
        "predictions", "references.npz", "split.csv",
    }  # fmt: skip
    assert run.predicted_splits() == ("test", "validation")
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
    assert (found.unfinished, found.unreadable) == ((), ())
    assert list_runs(tmp_path / "missing").runs == ()


def test_an_unfinished_run_is_none_even_if_it_is_whole_and_can_go_on(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    (tmp_path / "run").rename(tmp_path / "run.unfinished-x")
    with pytest.raises(CatdogError, match="never finished") as caught:
        read_run(tmp_path / "run.unfinished-x")
    assert caught.value.hint == "Type: tl-catdog train --resume run"
    assert list_runs(tmp_path).unfinished == ("run.unfinished-x",)


@pytest.mark.parametrize("inner", ["", "run"])
def test_a_run_whose_name_a_killed_training_took_has_it_again(tmp_path: Path, inner: str) -> None:
    publish(tmp_path, "run", "old")
    rest = tmp_path / "run.replaced-1a2b"
    if inner:  # as versions before 0.3 had it
        rest.mkdir()
    (tmp_path / "run").rename(rest / inner)
    assert find_run("run", tmp_path).manifest["note"] == "old"
    assert [run.name for run in list_runs(tmp_path).runs] == ["run"]
    assert not rest.exists()


def test_a_name_is_sought_among_the_runs_before_it_is_taken_for_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(Path(), "mine", "beside")
    publish(Path("models"), "mine", "among the runs")
    assert find_run("mine", Path("models")).manifest["note"] == "among the runs"
    # But a run goes before any other folder.
    for name in ("config.json", "manifest.json"):
        Path("models/mine", name).unlink()
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
    model = {key: hashlib.sha256(content).hexdigest() for key, content in contents.items()}
    files = {names[key]: content for key, content in contents.items()}
    return publish_run(folder, "run", files=files, model=model, config={"arch": "baseline"})


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
    assert {other for other in files if run.holds(other)} == {MODEL, name}
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
    assert caught.value.hint.endswith("tl-catdog train --arch baseline")


def test_a_run_from_before_calibration_keeps_its_probabilities(tmp_path: Path) -> None:
    publish(tmp_path, "old")
    publish(tmp_path, "new", calibration={"temperature": 1.7})
    assert read_run(tmp_path / "old").temperature == 1.0
    assert read_run(tmp_path / "new").temperature == 1.7


@pytest.mark.parametrize("config", ["", "{", '{"arch": 3}'])
def test_a_run_of_a_newer_format_asks_for_an_upgrade_whatever_else_is_in_it(
    tmp_path: Path, config: str
) -> None:
    publish(tmp_path, "run")
    path = tmp_path / "run" / "manifest.json"
    path.write_text(json.dumps({"format": 2, "new": True}))
    (tmp_path / "run" / "config.json").write_text(config)
    with pytest.raises(CatdogError, match="found format 2, of a newer tl-catdog") as caught:
        read_run(tmp_path / "run")
    assert caught.value.hint == "Type: pip install --upgrade tl-catdog"


PREDICTED = "predictions/test.csv"


def test_each_file_of_a_run_is_held_to_its_hash(tmp_path: Path) -> None:
    run = publish_run(tmp_path, "run", files={PREDICTED: b"said"})
    assert run.read(PREDICTED) == b"said"
    assert run.predicted_splits() == ("test",)
    (run.path / PREDICTED).write_bytes(b"sagt")
    with pytest.raises(CatdogError, match=r"found a changed one: .*test\.csv") as caught:
        run.read(PREDICTED, "Type: this")
    assert caught.value.hint == "Type: this"
    (run.path / PREDICTED).unlink()
    assert run.predicted_splits() == ("test",)  # lost, so that it is asked for and missed
    with pytest.raises(CatdogError, match=r"found none: .*test\.csv"):
        run.read(PREDICTED)


def test_a_file_that_the_manifest_does_not_know_is_none_of_the_run(tmp_path: Path) -> None:
    run = publish_run(tmp_path, "run", files={PREDICTED: b"said"})
    (run.path / "predictions" / "train.csv").write_bytes(b"said")
    with pytest.raises(CatdogError, match="a changed one"):
        run.read("predictions/train.csv")


def test_a_changed_config_is_noticed(tmp_path: Path) -> None:
    run = publish_run(tmp_path, "run")
    path = run.path / "config.json"
    path.write_text(path.read_text().replace('"image_size": 32', '"image_size": 64'))
    with pytest.raises(CatdogError, match=r"config\.json, found a changed file"):
        read_run(run.path)


def test_a_run_from_before_hashes_gives_what_is_there(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    path = tmp_path / "run" / "manifest.json"
    told = json.loads(path.read_text())
    del told["files"]
    path.write_text(json.dumps(told))
    (tmp_path / "run" / "split.csv").write_text("anything")
    assert read_run(tmp_path / "run").read("split.csv") == b"anything"


def test_only_predictions_on_known_splits_count(tmp_path: Path) -> None:
    run = publish_run(tmp_path, "run", files={PREDICTED: b"said"})
    for name in (".validation.1a2b.tmp.csv", ".tl-catdog-0a1b2c3d-validation.csv", "holiday.csv"):
        (run.path / "predictions" / name).write_bytes(b"said")
    assert run.predicted_splits() == ("test",)
