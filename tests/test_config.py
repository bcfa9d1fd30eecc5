"""Settings: strict, with errors that list what is valid."""

from dataclasses import Field, fields
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from tl_catdog.config import NAMES, TrainConfig, choices, from_mapping, kinds
from tl_catdog.defaults import arch_defaults
from tl_catdog.errors import UsageError


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
def test_an_architecture_fills_in_its_own_defaults(arch: str) -> None:
    resolved = from_mapping({"arch": arch}).resolved()
    for name, value in arch_defaults(arch).items():
        assert getattr(resolved, name) == value
    given = from_mapping({"arch": arch, "image_size": 48, "epochs": 3}).resolved()
    assert (given.image_size, given.epochs) == (48, 3)


def test_both_architectures_have_the_same_defaults_open() -> None:
    names = {item.name for item in fields(TrainConfig) if item.default is None}
    assert set(arch_defaults("baseline")) == set(arch_defaults("mobilenet"))
    by_set = {"epochs", "dense_units", "validation_fraction"}
    of_the_set = {
        "data",
        "features",
        "split",
        "labels",
        "label_column",
        "label_pattern",
        "group_by",
    }
    elsewhere = {*of_the_set, "run", "from_run", "strength", "finetune_share"}
    assert names == set(arch_defaults("baseline")) | by_set | elsewhere


def test_an_unknown_setting_lists_the_valid_ones() -> None:
    with pytest.raises(UsageError, match="'epoch'") as caught:
        from_mapping({"epoch": 3})
    assert all(name in str(caught.value) for name in NAMES)
    assert "Did you mean epochs?" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": True},
        {"epochs": "3"},
        {"image_size": 31},
        {"learning_rate": float("nan")},
        {"learning_rate": -1},
        {"dropout": 1.0},
        {"seed": -1},
        {"strict": "yes"},
        {"arch": "resnet"},
        {"augment": "lots"},
        {"validation_fraction": 0.6, "test_fraction": 0.5},
        {"arch": "baseline", "finetune": True},
    ],
)
def test_wrong_values_are_one_line(values: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        from_mapping(values)
    message = str(caught.value)
    assert "expected" in message
    assert "found" in message
    assert "\n" not in message
    assert caught.value.hint


def test_a_whole_number_will_do_for_a_fraction() -> None:
    assert from_mapping({"learning_rate": 1}).learning_rate == 1


def test_choices_are_known() -> None:
    assert choices("mirror") == ("auto", "yes", "no")
    assert choices("augment") == ("none", "light", "strong", "randaugment")
    assert choices("epochs") == ()


NONSENSE = [
    None,
    True,
    -1,
    2**31,
    10**400,
    10**5000,
    1.5,
    float("nan"),
    float("inf"),
    1e400,
    "",
    " \t",
    "a\0b",
    "\ud800",
    "3",
    "x" * 3000,
    b"x",
    [1],
    {"a": 1},
    datetime(2026, 1, 1),
    np.int64(3),
    np.array(["none", "light"]),
    Path("a"),
    object(),
]


def refusal_of(values: dict[str, object]) -> UsageError | None:
    try:
        from_mapping(values)
    except UsageError as error:
        return error
    return None


def is_told_shortly(error: UsageError, name: str) -> bool:
    message = str(error)
    return bool(error.hint) and name in message and "\n" not in message and len(message) < 300


@pytest.mark.parametrize("item", fields(TrainConfig), ids=lambda item: item.name)
def test_nonsense_is_refused_in_one_short_line_or_is_in_range(item: Field[object]) -> None:
    accepted = kinds(item.name)
    for value in NONSENSE:
        refusal = refusal_of({item.name: value})
        if refusal is not None:
            assert is_told_shortly(refusal, item.name)
            continue
        assert type(value) in accepted or (float in accepted and type(value) is int)
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert item.metadata["low"] <= value <= item.metadata["high"]
        if isinstance(value, str):
            assert value.strip()
            assert "\0" not in value


def test_every_number_has_limits() -> None:
    for item in fields(TrainConfig):
        if {int, float} & set(kinds(item.name)):
            assert item.metadata["low"] < item.metadata["high"] < float("inf"), item.name


def test_an_unknown_setting_of_3000_letters_is_shown_in_part() -> None:
    with pytest.raises(UsageError) as caught:
        from_mapping({"x" * 3000: 1})
    assert "x" * 100 not in str(caught.value)
