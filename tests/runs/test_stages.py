"""A stage that left nothing in the network isn't said to have made it."""

import doctest
from typing import Any

import pytest

from tl_catdog.runs import stages as module
from tl_catdog.runs.stages import rejected_stages, stage_words


def manifest(*stages: tuple[str, int]) -> dict[str, Any]:
    return {"stages": [{"name": name, "best_epoch": best} for name, best in stages]}


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([("scratch", 40)], "scratch"),
        ([("frozen", 10), ("finetune", 3)], "frozen+finetune"),
        ([("frozen", 10), ("finetune", 0)], "frozen (fine-tuning rejected)"),
        ([("linear", 1), ("frozen", 0)], "linear (hidden layer rejected)"),
        (
            [("linear", 0), ("frozen", 0), ("finetune", 0)],
            "linear (hidden layer rejected, fine-tuning rejected)",
        ),
        (
            [("linear", 0), ("frozen", 0), ("finetune", 2)],
            "linear+finetune (hidden layer rejected)",
        ),
        ([("frozen", 5), ("other", 0)], "frozen (other rejected)"),
    ],
)
def test_what_was_rejected_is_said_and_not_counted(
    stages: list[tuple[str, int]], words: str
) -> None:
    names = tuple(name for name, _ in stages)
    assert stage_words(names, rejected_stages(manifest(*stages))) == words


def test_runs_from_before_best_epochs_were_kept_count_as_they_say() -> None:
    assert rejected_stages({"stages": [{"name": "frozen"}, {"name": "finetune"}]}) == ()


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert found.failed == 0
