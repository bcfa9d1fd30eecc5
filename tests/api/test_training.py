"""Training from Python: settings by name, the run that it leaves, which pictures it takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import tl_catdog as tl
from tests.conftest import Trained, paint_set
from tl_catdog.api import run_name, training_images
from tl_catdog.audit.split import split_set
from tl_catdog.config import TrainConfig
from tl_catdog.data.split_file import to_csv
from tl_catdog.errors import UsageError
from tl_catdog.training.observer import EpochResult, Observer


def test_train_leaves_a_run_and_returns_what_answers(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the program goes to meanwhile."""

    class Goes(Observer):
        def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
            os.chdir("/")

    (tmp_path / "pictures").symlink_to(trained.data)
    monkeypatch.chdir(tmp_path)
    settings: dict[str, Any] = {"arch": "baseline", "image_size": 32, "epochs": 1}
    made = tl.train("pictures", runs_dir="mine", observer=Goes(), **settings)
    assert Path.cwd() == Path("/")
    assert made.name == "baseline"
    assert (tmp_path / "mine" / "baseline" / "model.keras").is_file()
    assert made.evaluate().split == "test"
    assert made.evaluate(again=True).metrics.n == 18
    assert made.run.config["runs_dir"] == "mine"  # what a run tells of its settings was given
    with pytest.raises(UsageError, match="epochs"):
        tl.train(trained.data, epochs=-1)
    with pytest.raises(UsageError, match="epoch"):
        tl.train(trained.data, epoch=1)


def test_progress_shows_what_the_command_shows_and_an_observer_is_told_as_well(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[tuple[str, int]] = []

    class Heard(Observer):
        def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
            heard.append((stage, epochs))

        def epoch_ends(self, result: EpochResult) -> None:
            heard.append((result.stage, result.epoch))

    settings: dict[str, Any] = {"arch": "baseline", "image_size": 32, "epochs": 2}
    tl.train(trained.data, progress=True, observer=Heard(), runs_dir=str(tmp_path), **settings)
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("scratch")]
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert heard == [("scratch", 2), ("scratch", 1), ("scratch", 2)]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"arch": "baseline"}, "baseline"),
        ({"arch": "mobilenet"}, "mobilenet"),
        ({"arch": "mobilenet", "finetune": True}, "mobilenet-finetune"),
        ({"run": "mine"}, "mine"),
    ],
)
def test_a_run_is_named_by_what_it_is_unless_it_has_a_name(
    settings: dict[str, object], name: str, tmp_path: Path
) -> None:
    config = TrainConfig(**settings, runs_dir=str(tmp_path))  # type: ignore[arg-type]
    assert run_name(config) == name


def test_a_name_that_is_taken_is_counted_up_or_refused_or_replaced(tmp_path: Path) -> None:
    (tmp_path / "baseline").mkdir()
    runs = str(tmp_path)
    assert run_name(TrainConfig(arch="baseline", runs_dir=runs)) == "baseline-2"
    with pytest.raises(UsageError, match="baseline"):
        run_name(TrainConfig(arch="baseline", run="baseline", runs_dir=runs))
    forced = TrainConfig(arch="baseline", run="baseline", runs_dir=runs, force=True)
    assert run_name(forced) == "baseline"


def test_pictures_are_split_as_the_settings_say(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 20})

    def counts(config: TrainConfig) -> dict[str, int]:
        images = training_images(config, root)
        return {split: len(images.split(split)) for split in images.splits}

    # So few that nothing is held out, unless it is asked for or needed to choose an epoch.
    assert counts(TrainConfig()) == {"train": 40}
    for config in (
        TrainConfig(validation_fraction=0.2),
        TrainConfig(arch="baseline"),
        TrainConfig(finetune=True),
    ):
        assert counts(config) == {"train": 32, "validation": 8}
    assert counts(TrainConfig(test_fraction=0.25)) == {"train": 30, "test": 10}
    assert counts(TrainConfig(validation_fraction=0.5, test_fraction=0.25)) == {
        "train": 10, "validation": 20, "test": 10,
    }  # fmt: skip
    first, again, other = (
        {example.name: example.split for example in training_images(config, root).examples}
        for config in (TrainConfig(finetune=True, seed=seed) for seed in (1, 1, 2))
    )
    assert first == again != other
    assert not training_images(TrainConfig(), root).drawn
    assert training_images(TrainConfig(), root, drawn=True).drawn


def test_a_split_file_says_which_picture_is_where(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 12})
    wanted = split_set(root, validation=0.5, test=0.25, seed=7).images
    file = tmp_path / "split.csv"
    file.write_text(to_csv(wanted), newline="")
    found = training_images(TrainConfig(split=str(file), seed=3), root)
    assert {item.name: item.split for item in found.examples} == {
        item.name: item.split for item in wanted.examples
    }
