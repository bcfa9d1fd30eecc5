"""``tl-catdog compare``: each run once, beside those that were evaluated on the same pictures."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli, Trained
from tests.support.commands import assert_one_line, watched

APART = "Runs on different pictures are shown apart: their figures can't be compared."


def on_other_pictures(trained: Trained, runs_dir: Path, name: str) -> Path:
    """Copy a run and say that its pictures are others."""
    folder = shutil.copytree(trained.runs_dir / "small", runs_dir / name)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["data"] |= {"fingerprint": f"{ord(name[0]):064x}", "name": f"pictures of {name}"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize("names", [("small", "small"), ("small", "./{runs}/small"), ("small",)])
def test_a_run_is_not_compared_with_itself(
    cli: Cli, trained: Trained, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    monkeypatch.chdir(trained.runs_dir.parent)
    words = [name.format(runs=trained.runs_dir.name) for name in names]
    outcome = cli("compare", *words, "--runs-dir", trained.runs_dir)
    assert outcome.code == 0, outcome.err
    assert "level" not in outcome.out
    assert "A comparison needs a second run: tl-catdog train --arch baseline" in outcome.out
    found = cli("compare", *words, "--runs-dir", trained.runs_dir, "--json")
    (group,) = json.loads(found.out)["groups"]
    assert [run["run"] for run in group["runs"]] == ["small"]
    assert group["pairs"] == []


def test_two_runs_of_one_name_are_refused(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    other = shutil.copytree(trained.runs_dir / "tuned", tmp_path / "small")
    outcome = cli("compare", trained.runs_dir / "small", other)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"found {trained.runs_dir / 'small'} and {other}. Type: mv {other}" in outcome.err
    assert_one_line(outcome.err)


def test_the_split_asked_for_is_compared(cli: Cli, trained: Trained) -> None:
    for split, n in (("validation", 74), ("test", 18)):
        words = ("compare", "--runs-dir", trained.runs_dir, "--split", split)
        (group,) = json.loads(cli(*words, "--json").out)["groups"]
        assert (group["split"], group["n"], group["pairs"][0]["n"]) == (split, n, n)
        assert f"pictures: {split}, {n} pictures" in cli(*words).out
    outcome = cli("compare", "--runs-dir", trained.runs_dir, "--split", "train")
    assert outcome.code == 2
    assert "Type: tl-catdog evaluate small --split train" in outcome.err


def test_runs_on_different_pictures_are_shown_apart_and_that_is_said(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        on_other_pictures(trained, tmp_path, name)
    outcome = cli("compare", "--runs-dir", tmp_path)
    assert outcome.code == 0, outcome.err
    assert outcome.err == f"{APART}\n"
    for name in ("one", "two"):
        assert f"pictures of {name}: test, 18 pictures" in outcome.out
    assert outcome.out.count("A comparison needs a second run") == 2
    assert APART not in cli("compare", "one", "--runs-dir", tmp_path).err
    as_json = cli("compare", "--runs-dir", tmp_path, "--json")
    assert len(json.loads(as_json.out)["groups"]) == 2


def test_runs_named_are_all_that_are_compared(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, trained: Trained
) -> None:
    calls = watched(monkeypatch, "tl_catdog.api.compare")
    cli("compare", "tuned", "--runs-dir", trained.runs_dir)
    cli("compare", "--runs-dir", trained.runs_dir)
    assert [[run.name for run in runs] for runs, _ in calls] == [["tuned"], ["small", "tuned"]]
    assert calls[0][1] == {"split": None}


def test_it_shows_both_and_their_difference(cli: Cli, trained: Trained) -> None:
    outcome = cli("compare", "--runs-dir", trained.runs_dir)
    assert outcome.code == 0
    assert "small" in outcome.out
    assert "tuned" in outcome.out
    assert "points" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_its_json_has_runs_and_pairs(cli: Cli, trained: Trained) -> None:
    words = ("compare", "small", "tuned", "--runs-dir", trained.runs_dir, "--json")
    (group,) = json.loads(cli(*words).out)["groups"]
    assert {run["run"] for run in group["runs"]} == {"small", "tuned"}
    (pair,) = group["pairs"]
    assert pair["delta_ci"][0] <= pair["delta"] <= pair["delta_ci"][1]


def test_it_leaves_out_what_was_never_finished(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    shutil.copytree(trained.runs_dir / "small", tmp_path / "killed.unfinished-x1")
    outcome = cli("compare", "--runs-dir", tmp_path)
    assert outcome.code == 0
    assert "killed.unfinished-x1" in outcome.err
    assert "killed" not in outcome.out
