"""The figures of an evaluation, as Python and ``evaluate --json`` give them."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tl_catdog as tl
from tl_catdog.api import EvaluationResult


@pytest.fixture(scope="module")
def result() -> EvaluationResult:
    return tl.load("cats-dogs").evaluate()


def test_json_holds_the_metrics_the_calibration_and_where_they_come_from(
    result: EvaluationResult,
) -> None:
    found = result.to_json()
    assert (found["run"], found["arch"], found["split"]) == ("cats-dogs", "mobilenet", "test")
    assert found["data"] == result.data
    assert found["accuracy"] == result.metrics.accuracy
    assert set(result.metrics.to_json()) < set(found)
    assert set(result.calibration.to_json()) < set(found)
    assert found["temperature"] == result.run.temperature
    assert found["skipped"] == []


def test_the_policy_is_told_with_what_comes_of_it_on_these_pictures(
    result: EvaluationResult,
) -> None:
    assert result.policy is not None
    selection = result.to_json()["selection"]
    assert selection["policy"] == result.policy.to_json()
    assert selection["here"] == result.policy.select(result.predictions).to_json()
    assert selection["here"]["n"] == len(result.predictions)
    assert selection["policy"]["validation"] != selection["here"]


def test_without_a_policy_json_has_no_selection(result: EvaluationResult) -> None:
    assert "selection" not in replace(result, policy=None).to_json()


def test_classes_without_pictures_are_told(result: EvaluationResult) -> None:
    assert result.absent() == ()
    cats = replace(result.predictions, labels=result.predictions.labels * 0)
    assert replace(result, predictions=cats).absent() == ("dogs",)


def test_json_says_how_names_were_mapped_and_what_was_left_out(result: EvaluationResult) -> None:
    assert not {"map", "left_out"} & set(result.to_json())
    found = replace(result, label_map={"Cat": "cats"}, left_out={".txt": 2}).to_json()
    assert (found["map"], found["left_out"]) == ({"Cat": "cats"}, {".txt": 2})
