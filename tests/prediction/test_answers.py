"""What users get of a picture."""

from pathlib import Path

import pytest

from tl_catdog.prediction.answers import UNSURE, Prediction, apply_policy
from tl_catdog.prediction.predictor import Answer
from tl_catdog.prediction.rejection import Policy, Selection

POLICY = Policy(0.99, confidence=0.9, novelty=0.4, validation=Selection(100, 90, 90))


def answer(dog: float, novelty: float | None = 0.1) -> Answer:
    label = "dog" if dog > 0.5 else "cat"
    return Answer(Path("a.jpg"), label, {"cat": 1 - dog, "dog": dog}, None, novelty)


def test_without_a_policy_every_answer_is_given() -> None:
    found = apply_policy(answer(0.25, novelty=1.9), None)
    assert (found.label, found.answer, found.doubt) == ("cat", "cat", None)
    assert found.confidence == 0.75
    assert not found.policy_applied
    assert found.to_json() == {
        "path": "a.jpg",
        "label": "cat",
        "probabilities": {"cat": 0.75, "dog": 0.25},
        "error": None,
    }


@pytest.mark.parametrize(
    ("dog", "novelty", "doubt"),
    [
        (0.95, 0.1, None),
        (0.05, 0.1, None),  # as sure, of the other class
        (0.85, 0.1, "too doubtful"),
        (0.95, 0.5, "unlike the pictures it knows"),
        (0.95, None, None),
        (0.9, 0.4, None),  # the limits themselves pass
    ],
)
def test_a_policy_withholds_what_is_doubtful_or_unfamiliar(
    dog: float, novelty: float | None, doubt: str | None
) -> None:
    found = apply_policy(answer(dog, novelty), POLICY)
    assert found.doubt == doubt
    assert found.answer == (UNSURE if doubt else found.label)
    row = found.to_json()
    assert (row["answer"], row["doubt"], row["novelty"]) == (found.answer, doubt, novelty)


def test_a_picture_that_cannot_be_read_is_an_error_not_a_doubt() -> None:
    found = apply_policy(Answer(Path("a.jpg"), None, None, "no picture"), POLICY)
    assert (found.answer, found.doubt, found.confidence) == (None, None, None)
    assert found.to_json()["error"] == "no picture"


def test_a_picture_without_a_file_has_no_path() -> None:
    found = Prediction(None, "cat", {"cat": 1.0, "dog": 0.0}, None, None, None, False)
    assert found.to_json()["path"] is None
