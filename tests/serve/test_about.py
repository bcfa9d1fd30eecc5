"""What the page says of a run: its accuracy with the interval, and when it is unsure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.bare_runs import sealed
from tests.support.made_up import made_up_run
from tl_catdog.data.folders import TEST, VALIDATION
from tl_catdog.errors import CatdogError
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import shipped_run
from tl_catdog.serve.about import about_run


def test_the_run_is_told_with_its_test_accuracy(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 4})
    run = made_up_run(data, tmp_path / "runs")
    found = about_run(run)
    metrics = compute_metrics(read_predictions(run, TEST))
    assert found["run"] == "mine"
    assert found["classes"] == ["ant", "bee"]
    assert (found["image_size"], found["arch"]) == (32, "mobilenet")
    interval = [metrics.accuracy_ci.low, metrics.accuracy_ci.high]
    wanted = {"split": TEST, "n": 8, "value": metrics.accuracy, "ci": interval}
    assert found["accuracy"] == wanted
    assert found["policy"] is None


def test_without_test_pictures_it_is_the_validation_s_accuracy(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 4})
    run = made_up_run(data, tmp_path / "runs")
    run.predictions_path(TEST).unlink()
    with pytest.raises(CatdogError, match=r"found none: .*test\.csv"):  # lost
        about_run(run)
    run = sealed(run.path)
    assert about_run(run)["accuracy"]["split"] == VALIDATION
    assert about_run(run)["accuracy"]["n"] == 6
    run.predictions_path(VALIDATION).unlink()
    assert "accuracy" not in about_run(sealed(run.path))


def test_when_it_is_unsure_is_told_with_its_thresholds_and_in_words() -> None:
    run = shipped_run()
    policy = policy_of(run)
    assert policy is not None
    found = about_run(run, policy)["policy"]
    assert (found["confidence"], found["novelty"]) == (policy.confidence, policy.novelty)
    assert found["sentence"] == policy.sentence()
