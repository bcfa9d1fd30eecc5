"""The TOML file holds the settings, whatever they are, and ``train`` reads them back."""

from dataclasses import replace
from pathlib import Path

import pytest

from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.config_file import load_toml
from tl_catdog.tuning.recipe import values_of, write_recipe

FOUND = TrainConfig(
    arch="mobilenet",
    image_size=160,
    strength=5.5,
    learning_rate=1.23e-05,
    dropout=0.0,
    dense_units=64,
    class_weights="balanced",
    strict=True,
    seed=7,
)


def test_a_training_reads_back_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "tune.toml"
    write_recipe(file, FOUND, ("Found by a search.", "Right: 93 %."))
    assert from_mapping(load_toml(file)) == FOUND
    assert file.read_text().startswith("# Found by a search.\n# Right: 93 %.\narch = ")


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        'a"b',
        "a\\b",
        "a'b",
        "a\nb",
        "a\tb",
        "ä🐈",
        "\x7f",
        "\x1b[31m",
        "#x",
        "{x}",
        "a\u2028b",
    ],
)
def test_any_name_of_a_folder_can_stand_in_it(tmp_path: Path, name: str) -> None:
    file = tmp_path / "tune.toml"
    settings = replace(FOUND, data=name, label_pattern=name)
    write_recipe(file, settings, ())
    assert from_mapping(load_toml(file)) == settings


def test_a_name_that_is_no_unicode_is_left_out(tmp_path: Path) -> None:
    write_recipe(tmp_path / "x.toml", replace(FOUND, data="a\udcffb"), ())
    assert load_toml(tmp_path / "x.toml").get("data") is None


def test_defaults_are_not_named_but_for_the_backbone() -> None:
    assert values_of(TrainConfig()) == {"arch": "mobilenet"}
    assert values_of(TrainConfig(image_size=224)) == {"arch": "mobilenet", "image_size": 224}
    assert "force" not in values_of(TrainConfig(force=True))


def test_what_a_preset_sets_stands_among_the_settings(tmp_path: Path) -> None:
    settings = replace(from_mapping({"preset": "fast"}), strength=3.0)
    write_recipe(tmp_path / "x.toml", settings, ())
    values = load_toml(tmp_path / "x.toml")
    assert values == {"arch": "mobilenet", "head": "linear", "mirror": "no", "strength": 3.0}
    assert replace(from_mapping(values), preset="fast") == settings
