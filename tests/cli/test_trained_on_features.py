"""What one can do with a run that was trained on features, once the pictures are gone."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line
from tests.support.extracted import extracted
from tl_catdog.api import train
from tl_catdog.cli import main
from tl_catdog.runs.folder import Run
from tl_catdog.runs.settings import training_command

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Pair:
    """The same training twice: on pictures that are gone by now, and on their features.

    Attributes:
        pictures: Where they were.
        moved: Where they are.
        features: What was extracted of them.
        folder: The run on pictures.
        run: The run on features.
        curve: What ``learning-curve --json`` said of the pictures.
    """

    pictures: Path
    moved: Path
    features: Path
    folder: Run
    run: Run
    curve: dict[str, Any]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    base = tmp_path_factory.mktemp("trained-on-features")
    root = paint_set(base / "set", {"": 40})
    how: dict[str, Any] = {
        "image_size": 32, "epochs": 2, "compute": "float32", "cache_size": 0.0,
        "test_fraction": 0.2, "validation_fraction": 0.2, "runs_dir": str(base / "models"),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(base)
        dest = extracted(root, base / "features", patched, "yes")
        folder = train(root, run="folder", **how).run
        run = train(features=dest, run="features", **how).run
        words = ("learning-curve", "--data", root, "--image-size", 32, "--repeats", 1, "--json")
        patched.setattr("sys.argv", ["tl-catdog", *map(str, words)])
        said: list[Any] = []
        patched.setattr("tl_catdog.cli.learning_curve.print_json", said.append)
        with contextlib.suppress(SystemExit):
            main()
    moved = base / "elsewhere" / "pets"
    moved.parent.mkdir()
    shutil.move(root, moved)
    return Pair(root, moved, dest, folder, run, json.loads(json.dumps(said[0], default=vars)))


def test_a_training_without_the_pictures_gives_the_bits_of_one_with_them(pair: Pair) -> None:
    one, other = pair.folder, pair.run
    for name in ("split.csv", "predictions/validation.csv", "predictions/test.csv"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes()
    for key in ("onnx_sha256", "feature_bank_sha256"):
        assert one.manifest["model"][key] == other.manifest["model"][key]
    said = other.manifest["features"]["extracted"]
    assert (said["place"], said["source"]) == (str(pair.features), str(pair.pictures))


def test_what_is_saved_serves_without_the_pictures(cli: Cli, pair: Pair) -> None:
    names = pair.run.path, pair.folder.path
    one, other = (json.loads(cli("evaluate", name, "--json").out) for name in names)
    assert {**one, "run": ""} == {**other, "run": ""}
    assert cli("compare", *names).code == 0
    assert "--features features" in training_command(pair.run)


def test_what_takes_pictures_says_that_features_do(cli: Cli, pair: Pair) -> None:
    for words in (("--again",), ("--tta",), ("--split", "train")):
        outcome = cli("evaluate", pair.run.path, *words)
        assert outcome.code == 1
        assert_one_line(outcome.err)
        assert f"Add --features {pair.features}" in outcome.err
        assert cli("evaluate", pair.run.path, *words, "--features", pair.features).code == 0
    assert "--features" not in cli("evaluate", pair.run.path, "--robustness").err
    assert "--features" not in cli("evaluate", pair.folder.path, "--again").err


def test_doubtful_labels_are_those_of_the_pictures(cli: Cli, pair: Pair) -> None:
    def doubts(*words: object) -> Any:
        outcome = cli("review", *words, "--json")
        assert outcome.code == 0, outcome.err
        found = json.loads(outcome.out)
        return {key: found[key] for key in ("n", "expected", "doubts", "mistakes", "unsure")}

    wanted = doubts(pair.folder.path, "--data", pair.moved)
    assert len(wanted["doubts"]) > 0
    assert doubts(pair.run.path) == wanted
    assert doubts(pair.folder.path, "--features", pair.features) == wanted


def test_a_review_of_features_that_do_not_fit_is_refused(
    cli: Cli, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("review", pair.run.path)
    listed = pair.run.path / "review" / "review.csv"
    listed.write_text(listed.read_text().replace("keep,", "remove,", 1))
    plan = json.loads((pair.features / "plan.json").read_text())
    assert plan["image_size"] == 32
    for words, says, hint in (
        (("--data", pair.moved), "found --data and --features", "Leave one out"),
        (("--undo",), "which --apply and --undo move", "--undo"),
        (("--apply", listed), "which --apply and --undo move", f"--apply {listed}"),
    ):
        outcome = cli("review", pair.run.path, "--features", pair.features, *words)
        assert (outcome.code, outcome.out) == (2, "")
        assert_one_line(outcome.err)
        assert says in outcome.err
        assert hint in outcome.err
    outcome = cli("review", pair.run.path, "--apply", listed)
    assert outcome.code == 2
    assert "found no such folder. Name where they are now: --data DIR" in outcome.err
    outcome = cli("review", pair.run.path, "--features", tmp_path)
    assert outcome.code == 2
    assert "--features DEST; or its pictures: --data DIR" in outcome.err
    other = extracted(pair.moved, tmp_path / "other", monkeypatch, "no", image_size=40)
    outcome = cli("review", pair.run.path, "--features", other)
    assert outcome.code == 2
    assert "found that the picture size differs: 32 here, 40 in" in outcome.err
    assert "--image-size" not in outcome.err  # which review doesn't take


def test_the_learning_curve_is_that_of_the_pictures(
    cli: Cli, pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("learning-curve", "--features", pair.features, "--repeats", 1, "--json")
    outcome = cli(*words)
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert {**found, "data": ""} == {**pair.curve, "data": ""}
    outcome = cli(*words, "--label-pattern", "(ant|bee)/")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["points"] == found["points"]
    outcome = cli(*words, "--label-column", "label")
    assert "expected a table for --label-column" in outcome.err
