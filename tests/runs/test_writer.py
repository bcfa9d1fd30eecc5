"""Writing a run: whole or recognisably unfinished, never over another by accident."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from tests.support.bare_runs import CONFIG, manifest, publish
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.contents import read_metrics
from tl_catdog.runs.folder import MANIFEST, list_runs, read_run
from tl_catdog.runs.unfinished import BEGUN, CHECKPOINT, Begun
from tl_catdog.runs.writer import RunWriter, choose_name

EPOCH = {"stage": "frozen", "loss": 1, "accuracy": 0.5, "val_loss": 1, "val_accuracy": 0.5}


def test_a_run_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with RunWriter(tmp_path, "run") as writer:
        writer.write_config(CONFIG)
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
    writer.write_config(CONFIG)
    # Even a manifest, written just before the kill, doesn't make it a run.
    (writer.path / "manifest.json").write_text(json.dumps({"format": 1, **manifest()}))
    assert list_runs(tmp_path).runs == ()
    with pytest.raises(CatdogError, match="never finished"):
        read_run(writer.path)
    assert publish(tmp_path, choose_name("run", "run", tmp_path, force=False)) == "run"


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
        slow.write_config(CONFIG)
        assert publish(tmp_path, "run") == "run"
        assert slow.publish(manifest()).name == "run-2"


ODD_NAMES = (
    *("", " ", "a/b", "..", "-x", ".hidden", "a b", "x.unfinished-1"),
    *("a\n", "a\u200b", "\u202ea", "\u0430", "a\x1b"),
)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        choose_name(name, "baseline", tmp_path, force=True)


@pytest.mark.parametrize("name", ["a", "A1._+-", "x" * 100])
def test_plain_names_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    assert choose_name(name, "baseline", tmp_path, force=False) == name
    with pytest.raises(UsageError, match="name"):
        choose_name("x" * 101, "baseline", tmp_path, force=False)


def test_names_of_replaced_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name"):
        choose_name("x.replaced-1", "baseline", tmp_path, force=True)


def test_a_free_number_is_found_among_any_other_names(tmp_path: Path) -> None:
    for name in ("mobilenet", "mobilenet-2", "mobilenet-4", "other"):
        (tmp_path / name).mkdir()
    assert choose_name(None, "mobilenet", tmp_path, force=False) == "mobilenet-3"
    (tmp_path / "mobilenet-3").mkdir()
    assert choose_name(None, "mobilenet", tmp_path, force=False) == "mobilenet-5"
    assert choose_name(None, "mobilenet", tmp_path / "missing", force=False) == "mobilenet"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    with RunWriter(tmp_path, "run") as writer:
        writer.write_config({**CONFIG, "epochs": 3})
        writer.write_split("split")
        writer.write_predictions("test", "said")
        for epoch in (1, 2):
            writer.append_metrics({**EPOCH, "epoch": epoch})
        digest = writer.write_bytes("model.onnx", b"graph")
        run = writer.publish(manifest("mine"))
    assert digest == hashlib.sha256(b"graph").hexdigest()
    assert run.path == tmp_path / "run"
    assert run.config == {**CONFIG, "epochs": 3}
    assert run.manifest["note"] == "mine"
    assert run.manifest["format"] == 1
    assert (run.path / "split.csv").read_text() == "split"
    assert (run.path / "predictions" / "test.csv").read_text() == "said"
    assert (run.path / "model.onnx").read_bytes() == b"graph"
    assert [row["epoch"] for row in read_metrics(run)] == [1, 2]


def test_a_run_may_be_read_by_others(tmp_path: Path) -> None:
    """mkdtemp makes folders that only their owner may open; results are for sharing."""
    publish(tmp_path, "run")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o755


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can be written to") as caught:
        RunWriter(tmp_path / "file" / "models", "run")
    assert "--runs-dir" in caught.value.hint


def test_only_the_run_of_that_name_is_replaced(tmp_path: Path) -> None:
    for name in ("run", "run-2"):
        publish(tmp_path, name, "old")
    publish(tmp_path, "run", "new", force=True)
    notes = {run.name: run.manifest["note"] for run in list_runs(tmp_path).runs}
    assert notes == {"run": "new", "run-2": "old"}


def test_force_without_a_run_to_replace_just_publishes(tmp_path: Path) -> None:
    assert publish(tmp_path, "run", force=True) == "run"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_a_training_goes_on_from_is_there_until_the_run_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, ...]] = []
    asked = Begun({}, str(tmp_path), False, str(tmp_path), {}, {})

    def synced(folder: Path) -> None:
        seen.append(tuple((folder / name).is_file() for name in (MANIFEST, BEGUN, CHECKPOINT)))

    monkeypatch.setattr("tl_catdog.runs.writer.sync", synced)
    with RunWriter(tmp_path, "mine") as writer:
        writer.begin(asked)
        (writer.path / CHECKPOINT).write_bytes(b"all that was trained")
        writer.write_config(CONFIG)
        run = writer.publish(manifest())
    assert seen == [(True, True, True)]
    assert not {BEGUN, CHECKPOINT} & {path.name for path in run.path.iterdir()}
    assert not {BEGUN, CHECKPOINT} & set(run.manifest["files"])
