"""Descriptions of all earlier versions load and say what they said; only networks are left out."""

import json
import shutil
from pathlib import Path

import pytest

from tl_catdog.evaluation.comparison import compare
from tl_catdog.export.card import card
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.contents import own_images, read_metrics
from tl_catdog.runs.folder import list_runs, read_run
from tl_catdog.runs.keeping import keep

HERE = Path(__file__).parent
OLDER = HERE / "older"
VERSIONS = (HERE / "before-graphs", OLDER / "0.1.0-baseline", OLDER / "0.2.0-baseline")


@pytest.mark.parametrize("folder", VERSIONS)
def test_a_run_of_an_earlier_version_says_what_it_said(folder: Path) -> None:
    run = read_run(folder)
    told = json.loads((folder / "manifest.json").read_text())
    assert set(run.predicted_splits()) == set(told["evaluations"])
    for split in run.predicted_splits():
        found = read_predictions(run, split)
        assert len(found) == told["evaluations"][split]["n"]
        assert float(found.correct.mean()) == told["evaluations"][split]["accuracy"]
    counts = told["data"]["counts"]
    assert len(own_images(run).examples) == sum(sum(some.values()) for some in counts.values())
    assert len(read_metrics(run)) == sum(stage["epochs"] for stage in told["stages"])
    assert policy_of(run) is not None
    assert "## Limits" in card(run)
    (group,) = compare([run])
    assert group.n == told["evaluations"][group.split]["n"]


def test_they_are_listed_together() -> None:
    listed = list_runs(OLDER)
    assert {run.path for run in listed.runs} >= set(VERSIONS[1:])
    assert listed.unreadable == ()


def test_what_is_evaluated_anew_is_kept_in_them_as_ever(tmp_path: Path) -> None:
    shutil.copytree(VERSIONS[0], tmp_path / "run")
    run = read_run(tmp_path / "run")
    text = run.read("predictions/test.csv").decode()
    keep(run, "predictions/train.csv", text)
    assert len(read_predictions(read_run(tmp_path / "run"), "train")) == 6
