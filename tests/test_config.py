"""Settings: strict, with errors that list what is valid."""

from dataclasses import fields
from pathlib import Path

import pytest

from tl_catdog.config import NAMES, TrainConfig, choices, from_mapping, load_toml
from tl_catdog.defaults import ARCH_DEFAULTS
from tl_catdog.errors import UsageError


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
def test_an_architecture_fills_in_its_own_defaults(arch: str) -> None:
    resolved = from_mapping({"arch": arch}).resolved()
    for name, value in ARCH_DEFAULTS[arch].items():
        assert getattr(resolved, name) == value
    given = from_mapping({"arch": arch, "image_size": 48, "epochs": 3}).resolved()
    assert (given.image_size, given.epochs) == (48, 3)


def test_both_architectures_have_the_same_defaults_open() -> None:
    names = {item.name for item in fields(TrainConfig) if item.default is None}
    assert set(ARCH_DEFAULTS["baseline"]) == set(ARCH_DEFAULTS["mobilenet"])
    by_set = {"epochs", "dense_units", "validation_fraction"}
    elsewhere = {"data", "run", "split", "labels", "label_column", "label_pattern", "group_by"}
    assert names == set(ARCH_DEFAULTS["baseline"]) | by_set | elsewhere


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
    assert choices("arch") == ("baseline", "mobilenet")
    assert choices("augment") == ("none", "light", "strong", "randaugment")
    assert choices("epochs") == ()


def test_toml_takes_dashes_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('arch = "baseline"\nimage-size = 48\nlearning_rate = 0.01\n')
    assert load_toml(path) == {"arch": "baseline", "image_size": 48, "learning_rate": 0.01}


@pytest.mark.parametrize("text", [None, "arch = ", b"\xff\xfe"])
def test_a_bad_toml_file_is_named(tmp_path: Path, text: str | bytes | None) -> None:
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=r"mine\.toml"):
        load_toml(path)
