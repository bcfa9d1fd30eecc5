"""What is searched: points, and the settings that they stand for."""

from typing import Any

import pytest

from tests.support.searched import FAR, NEAR
from tl_catdog.config import TrainConfig
from tl_catdog.features.linear_head import STRENGTHS as CHOSEN_FROM
from tl_catdog.tuning.space import STRENGTHS, WIDTHS_TRIED, Space

WHOLE = Space((NEAR, FAR), unequal=True, few=False)
SMALL = Space((NEAR,), unequal=False, few=True)


def test_what_a_training_chooses_from_is_searched_as_well() -> None:
    assert set(CHOSEN_FROM) <= set(STRENGTHS)
    assert list(STRENGTHS) == sorted(STRENGTHS)


def test_only_what_can_change_something_is_searched() -> None:
    assert set(SMALL.values) == {"strength"}
    assert set(WHOLE.values) == {
        *("strength", "backbone", "class_weights", "learning_rate", "length"),
        *("dropout", "width", "label_smoothing", "head"),
    }


@pytest.mark.parametrize("space", [WHOLE, SMALL])
def test_the_default_is_a_point_of_the_space_and_stands_for_itself(space: Space) -> None:
    base = TrainConfig(dropout=0.9, class_weights="balanced")  # beyond what is searched
    point = space.default(30.0, base)
    assert space.holds(point)
    settings = space.settings(base, None, 500, 2)
    assert (settings.arch, settings.image_size) == NEAR
    assert (settings.strength, settings.dropout, settings.epochs) == (None, 0.9, None)


def test_a_point_stands_for_settings_that_a_training_takes() -> None:
    point: dict[str, Any] = WHOLE.default(30.0, TrainConfig())
    point |= {"backbone": 1, "strength": 0, "class_weights": 1, "length": 1, "width": 2}
    point |= {"learning_rate": 1.23456e-3, "dropout": 0.123456}
    found = WHOLE.settings(TrainConfig(seed=3), point, 1000, 2)
    assert (found.arch, found.image_size) == FAR
    assert (found.strength, found.class_weights, found.seed) == (STRENGTHS[0], "balanced", 3)
    assert found.epochs == round(0.5 * (TrainConfig().resolved(1000).epochs))
    assert found.dense_units == 256
    assert (found.learning_rate, found.dropout) == (1.23e-3, 0.123)


def test_a_linear_head_has_nothing_else_to_set() -> None:
    point = WHOLE.default(30.0, TrainConfig()) | {"head": 1, "length": 0, "dropout": 0.1}
    found = WHOLE.settings(TrainConfig(), point, 1000, 2)
    assert (found.head, found.epochs, found.dropout) == ("linear", None, 0.5)
    assert found.strength == 30.0


def test_the_head_is_never_too_narrow_for_its_classes() -> None:
    point = WHOLE.default(10.0, TrainConfig()) | {"width": 0}
    assert WHOLE.settings(TrainConfig(), point, 1000, 2).dense_units == 64
    assert WHOLE.settings(TrainConfig(), point, 1000, 37).dense_units == 4 * 37
    assert WIDTHS_TRIED[1] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": -1},
        {"strength": len(STRENGTHS)},
        {"strength": 1.0},
        {"strength": True},
        {"dropout": 0.9},
        {"dropout": float("nan")},
        {"dropout": 0},
        {"other": 1},
    ],
)
def test_what_is_no_point_is_none(wrong: dict[str, Any]) -> None:
    point = WHOLE.default(10.0, TrainConfig())
    assert WHOLE.holds(point)
    assert not WHOLE.holds(point | wrong)
    del point["length"]
    assert not WHOLE.holds(point)
