"""What users get of a picture, and the ways in which they may give one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog.errors import UsageError
from tl_catdog.prediction.answers import UNSURE, Prediction, apply_policy, image_sources
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


def test_a_folder_stands_for_all_pictures_below_it_in_order(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 2})
    (root / "notes.txt").touch()
    expected = [root / "ant/000.png", root / "ant/001.png", root / "bee/000.png"]
    expected.append(root / "bee/001.png")
    assert list(image_sources(root)) == expected
    assert list(image_sources(str(root))) == expected
    assert list(image_sources([root / "bee", "x.jpg", root / "ant"])) == [
        *expected[2:],
        Path("x.jpg"),
        *expected[:2],
    ]


IMAGE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (b"encoded", 1),
        ("a.jpg", 1),
        (Path("a.jpg"), 1),
        (IMAGE, 1),
        (IMAGE[..., 0], 1),
        ([IMAGE, b"encoded", "a.jpg"], 3),
        (np.stack([IMAGE] * 5), 5),
        (iter([b"a", b"b"]), 2),
        ([], 0),
    ],
)
def test_pictures_may_be_given_one_or_many(given: Any, count: int) -> None:
    assert len(list(image_sources(given))) == count


def test_anything_else_is_named_with_what_to_give() -> None:
    with pytest.raises(UsageError, match="found int"):
        list(image_sources([3]))  # type: ignore[list-item]
