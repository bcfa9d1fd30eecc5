"""Presets: settings below what is said, and never one that isn't."""

from typing import Any

import pytest

from tl_catdog.config import NAMES, TrainConfig, choices, from_mapping
from tl_catdog.presets import OF_ARCH, PRESETS, expanded


def test_each_preset_names_settings_that_there_are() -> None:
    assert tuple(PRESETS) == choices("preset")
    for preset in PRESETS:
        assert set(expanded({"preset": preset})) <= set(NAMES)
        from_mapping({"preset": preset})
    assert set(OF_ARCH) <= set(PRESETS)


def test_balanced_is_what_train_does_where_nobody_says() -> None:
    assert from_mapping({"preset": "balanced"}) == from_mapping({}) == TrainConfig()


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"balanced"}))
def test_what_is_said_goes_before_the_preset(preset: str) -> None:
    plain = TrainConfig()
    changed = [name for name in PRESETS[preset] if name != "arch"]
    assert changed
    for name in changed:
        value = getattr(plain, name)
        assert getattr(from_mapping({"preset": preset, name: value}), name) == value


def test_what_belongs_to_an_architecture_goes_with_it() -> None:
    """A block of one backbone isn't one of another."""
    with_its_own = from_mapping({"preset": "best"})
    with_another = from_mapping({"preset": "best", "arch": "mobilenet"})
    of_arch = OF_ARCH["best"]
    assert all(getattr(with_its_own, name) == value for name, value in of_arch.items())
    assert all(getattr(with_another, name) == getattr(TrainConfig(), name) for name in of_arch)


@pytest.mark.parametrize(
    ("said", "few", "tunes"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"finetune": False}, False, False),
        ({"finetune": True}, True, True),
        ({"arch": "baseline"}, False, False),
    ],
)
def test_best_fine_tunes_where_there_are_enough_pictures(
    said: dict[str, Any], few: bool, tunes: bool
) -> None:
    config = from_mapping({"preset": "best", **said})
    assert config.resolved(images=500, few=few).finetune is tunes


def test_settings_without_a_preset_stay_as_they_are() -> None:
    said = {"seed": 3, "preset": 7}
    assert expanded(said) == said
    assert expanded({}) == {}
