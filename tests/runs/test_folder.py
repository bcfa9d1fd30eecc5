"""Run folders: whole or recognisably unfinished, never overwritten by accident."""

import json
from pathlib import Path

import pytest

from tests.conftest import Trained
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.folder import SHIPPED, find_run, latest_run, list_runs, read_metrics, read_run
from tl_catdog.runs.writer import RunWriter, choose_name


def manifest(note: str = "", created: str = "2026-01-01") -> dict[str, object]:
    return {"created": created, "note": note, "data": {}, "model": {}}


def publish(runs_dir: Path, name: str, note: str = "", *, force: bool = False) -> str:
    with RunWriter(runs_dir, name, force=force) as writer:
        writer.write_config({"arch": "baseline"})
        return writer.publish(manifest(note)).name


def test_a_run_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with RunWriter(tmp_path, "run") as writer:
        writer.write_config({"arch": "baseline"})
        writer.append_metrics({"epoch": 1})
        assert not (tmp_path / "run").exists()
        listed = list_runs(tmp_path)
        assert listed.runs == ()
        assert listed.unfinished == (writer.path.name,)
        writer.publish(manifest())
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [run.name for run in list_runs(tmp_path).runs] == ["run"]


def test_a_failed_training_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="boom"), RunWriter(tmp_path, "run"):
        raise ValueError("boom")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_training_leaves_a_folder_known_as_unfinished(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, "run")
    writer.write_config({"arch": "baseline"})
    # Even a manifest, written just before the kill, doesn't make it a run.
    (writer.path / "manifest.json").write_text(json.dumps({"format": 1, **manifest()}))
    assert list_runs(tmp_path).runs == ()
    with pytest.raises(CatdogError, match="never finished"):
        read_run(writer.path)
    assert publish(tmp_path, choose_name("run", "run", tmp_path, force=False)) == "run"


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


def test_default_names_are_numbered(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        name = choose_name(None, "baseline", tmp_path, force=False)
        names.append(publish(tmp_path, name))
    assert names == ["baseline", "baseline-2", "baseline-3"]


def test_an_existing_run_is_kept_without_force(tmp_path: Path) -> None:
    publish(tmp_path, "run", "old")
    with pytest.raises(UsageError, match="--force"):
        choose_name("run", "run", tmp_path, force=False)
    assert choose_name("run", "run", tmp_path, force=True) == "run"
    assert publish(tmp_path, "run", "new", force=True) == "run"
    assert read_run(tmp_path / "run").manifest["note"] == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_forced_training_that_fails_leaves_the_old_run(tmp_path: Path) -> None:
    publish(tmp_path, "run", "old")
    with pytest.raises(KeyboardInterrupt), RunWriter(tmp_path, "run", force=True):
        raise KeyboardInterrupt
    assert read_run(tmp_path / "run").manifest["note"] == "old"


def test_two_trainings_that_chose_one_name_both_survive(tmp_path: Path) -> None:
    with RunWriter(tmp_path, "run") as slow:
        slow.write_config({})
        assert publish(tmp_path, "run") == "run"
        assert slow.publish(manifest()).name == "run-2"


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", ".hidden", "a b", "x.unfinished-1"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        choose_name(name, "baseline", tmp_path, force=True)


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
    with pytest.raises(UsageError, match="mine"):
        find_run("none", tmp_path)
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
        "predictions", "references.npy", "split.csv",
    }  # fmt: skip
    assert run.predicted_splits() == ("test", "validation")
    assert [row["stage"] for row in read_metrics(run)] == ["frozen", "frozen", "finetune"]
    for name in ("image_size", "epochs", "learning_rate", "augment", "patience"):
        assert run.config[name] is not None
    data = run.manifest["data"]
    assert data["counts"]["train"] == {"ant": 24, "bee": 24}
    assert len(data["fingerprint"]) == 64
    assert [stage["name"] for stage in run.manifest["stages"]] == ["frozen", "finetune"]
    assert {"tensorflow", "keras", "python", "tl-catdog"} <= set(run.manifest["versions"])
    assert run.manifest["timings"]["train_seconds"] > 0
    assert run.manifest["seed"] == 0
    assert run.manifest["skipped"] == []
