"""What others see of a run's settings: what makes it again, and nobody's folders."""

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.support.bare_runs import CONFIG, publish_run
from tl_catdog.config import from_mapping
from tl_catdog.runs.settings import PLACES, shared_settings, training_command


def test_only_what_differs_from_the_defaults_is_said(tmp_path: Path) -> None:
    plain = {"dense_units": 128, "image_size": 224, "seed": 0}
    run = publish_run(tmp_path, "a", config={**plain, "data": "my set"})
    assert training_command(run) == "tl-catdog train --arch mobilenet --data 'my set'"
    more = {"finetune": True, "learning_rate": 0.01, "force": True, "runs_dir": "/home/me/runs"}
    run = publish_run(tmp_path, "b", config={**CONFIG, **more, "data": "x"})
    words = "--seed 7 --image-size 32 --learning-rate 0.01 --finetune --data x"
    assert set(training_command(run).split()[4:]) == set(words.split())


@pytest.mark.parametrize("path", ["/home/me/pets", "C:\\Users\\me\\pets", "../me/pets/", "pets"])
def test_paths_are_shortened_to_names(tmp_path: Path, path: str) -> None:
    places = dict.fromkeys(PLACES, path)
    assert "from_run" in places
    run = publish_run(tmp_path, "a", config=places)
    assert "home" not in training_command(run)
    assert "Users" not in training_command(run)
    assert all(shared_settings(run)[name] == "pets" for name in places)


def test_drawings_have_no_folder(tmp_path: Path) -> None:
    run = publish_run(tmp_path, config={"data": "/cache/drawn"}, data={"drawn": True})
    assert "--data" not in training_command(run)


def test_features_take_the_place_of_a_folder(tmp_path: Path) -> None:
    run = publish_run(tmp_path, config={"features": "/home/me/features"})
    assert "--data" not in training_command(run)
    assert "--features features" in training_command(run)


def test_the_command_s_settings_are_settings(tmp_path: Path) -> None:
    words = training_command(publish_run(tmp_path, config={"data": "x"})).split()[2:]
    names = [word.removeprefix("--").replace("-", "_") for word in words if word.startswith("--")]
    from_mapping({"arch": "mobilenet"})
    assert set(names) <= set(from_mapping({}).__dict__)


def test_of_a_preset_what_it_set_is_said_and_not_its_name(tmp_path: Path) -> None:
    """Else a setting that was put back to its default beside it would be lost."""
    said = from_mapping({"preset": "fast", "head": "auto", "data": "x"})
    run = publish_run(tmp_path, config=asdict(said.resolved()))
    words = training_command(run).split()
    assert "--preset" not in words
    assert words[words.index("--mirror") + 1] == said.mirror == "no"
    assert "--head" not in words
