"""A training that is stopped anywhere goes on to the same weights, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_training_set
from tl_catdog.runs.contents import read_metrics
from tl_catdog.runs.folder import ONNX, Run
from tl_catdog.runs.unfinished import BEGUN, CHECKPOINT, list_unfinished
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.checkpoint import CheckpointFile
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.trainer import train


class Killed(BaseException):
    """Ends a training as a kill does: nothing of it is caught on the way."""


class Watcher(Observer):
    """Stops a training after an epoch, or at a step; remembers what it heard."""

    def __init__(
        self, after: int | None = None, at_step: int | None = None, how: type = Killed
    ) -> None:
        self.after, self.at_step, self.how = after, at_step, how
        self.epochs: list[tuple[str, int]] = []
        self.steps = 0
        self.notes: list[str] = []

    def epoch_ends(self, result: EpochResult) -> None:
        self.epochs.append((result.stage, result.epoch))
        if len(self.epochs) == self.after:
            raise self.how

    def step_ends(self, step: int, logs: Any) -> None:
        self.steps += 1
        if self.steps == self.at_step:
            raise self.how

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    counts = {"train": 44, "validation": 9}  # enough for a hidden layer to be trained
    return load_training_set(paint_set(tmp_path_factory.mktemp("set"), counts, seed=3))


SETTINGS: dict[str, dict[str, Any]] = {
    "baseline": {
        "arch": "baseline",
        "epochs": 4,
        "augment": "strong",
        "weight_average": 0.4,
        "patience": 2,
        "mixup": 0.4,
        "cutmix": 1.0,
    },
    "mobilenet": {"epochs": 3},
    "finetune": {
        "epochs": 2,
        "finetune": True,
        "finetune_epochs": 3,
        "unfreeze_from": "block_16",
        "cutmix": 1.0,
    },
    "on pictures": {
        "epochs": 2,
        "finetune": True,
        "finetune_epochs": 2,
        "unfreeze_from": "block_1",
        "optimizer": "adam",
    },
}


def run(
    name: str, pictures: ImageSet, runs_dir: Path, settings: dict[str, Any], watcher: Watcher
) -> Run:
    """Train, or go on with what there is of that name."""
    left = [item.path for item in list_unfinished(runs_dir) if item.name == name]
    earlier = left[0] if left else runs_dir / name if (runs_dir / name / BEGUN).exists() else None
    config = TrainConfig(**{"image_size": 32, "batch_size": 16, **settings})
    with RunWriter(runs_dir, name, force=earlier is not None, earlier=earlier) as writer:
        (writer.path / BEGUN).write_text("{}")
        return train(config, pictures, writer, watcher).run


Whole = Callable[[str], tuple[Run, list[tuple[str, int]]]]


@pytest.fixture(scope="module")
def whole(pictures: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Train with settings and without a stop, once for all tests; say which epochs there were."""
    known: dict[str, tuple[Run, list[tuple[str, int]]]] = {}

    def trained(kind: str) -> tuple[Run, list[tuple[str, int]]]:
        if kind not in known:
            watcher = Watcher()
            runs_dir = tmp_path_factory.mktemp("whole")
            known[kind] = run("whole", pictures, runs_dir, SETTINGS[kind], watcher), watcher.epochs
        return known[kind]

    return trained


def same(one: Run, other: Run) -> None:
    """Compare the networks' bits, and what was written of the epochs."""
    assert (one.path / ONNX).read_bytes() == (other.path / ONNX).read_bytes()
    networks = [keras.models.load_model(item.model_path, compile=False) for item in (one, other)]
    assert all(map(np.array_equal, *(network.get_weights() for network in networks)))
    timed = ("seconds", "elapsed")
    rows = [
        [{key: row[key] for key in row if key not in timed} for row in read_metrics(item)]
        for item in (one, other)
    ]
    assert rows[0] == rows[1]
    for split in one.predicted_splits():
        assert (
            one.predictions_path(split).read_bytes() == other.predictions_path(split).read_bytes()
        )


@pytest.mark.parametrize(
    ("kind", "ends"),
    [("baseline", [2]), ("mobilenet", [3]), ("finetune", [3, 5]), ("on pictures", [4])],
)
def test_a_training_killed_after_an_epoch_ends_with_the_same_bits(
    pictures: ImageSet, tmp_path: Path, whole: Whole, kind: str, ends: list[int]
) -> None:
    settings = SETTINGS[kind]
    unstopped, everything = whole(kind)
    for after in ends:
        with pytest.raises(Killed):
            run("run", pictures, tmp_path, settings, Watcher(after))
        assert (tmp_path / "run").exists() is (after != ends[0])
        watcher = Watcher()
        again = run("run", pictures, tmp_path, settings, watcher)
        # Only what was left: the linear model takes no time, and is fitted again.
        assert [item for item in watcher.epochs if item[0] != "linear"] == everything[after:]
        same(unstopped, again)
        assert again.manifest["resumed"] == 1
        assert not (again.path / CHECKPOINT).exists()
        assert list_unfinished(tmp_path) == ()


def test_killed_within_an_epoch_and_killed_again(
    pictures: ImageSet, tmp_path: Path, whole: Whole
) -> None:
    settings = SETTINGS["baseline"]
    for step in (8, 7):  # an epoch has six steps
        with pytest.raises(Killed):
            run("run", pictures, tmp_path, settings, Watcher(at_step=step))
        assert len(list_unfinished(tmp_path)) == 1
    again = run("run", pictures, tmp_path, settings, Watcher())
    same(whole("baseline")[0], again)
    assert again.manifest["resumed"] == 2


def test_a_training_that_was_asked_to_stop_keeps_the_best_and_can_go_on(
    pictures: ImageSet, tmp_path: Path, whole: Whole
) -> None:
    settings = SETTINGS["finetune"]
    unstopped, _ = whole("finetune")
    stopped = run("run", pictures, tmp_path, settings, Watcher(4, how=KeyboardInterrupt))
    assert stopped.manifest["interrupted"]
    assert len(read_metrics(stopped)) < len(read_metrics(unstopped))
    again = run("run", pictures, tmp_path, settings, Watcher())
    same(unstopped, again)
    assert not again.manifest["interrupted"]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["run"]


def test_stopped_before_a_stage_had_an_epoch_the_one_before_counts(
    pictures: ImageSet, tmp_path: Path, whole: Whole
) -> None:
    class Early(Watcher):
        def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
            self.stage = stage

        def step_ends(self, step: int, logs: Any) -> None:
            if self.stage == "frozen":
                raise KeyboardInterrupt

    stopped = run("run", pictures, tmp_path, SETTINGS["mobilenet"], Early())
    linear, frozen = stopped.manifest["stages"]
    assert frozen["reason"] == "interrupted"
    assert (frozen["best_epoch"], frozen["val_accuracy"]) == (0, linear["val_accuracy"])
    same(whole("mobilenet")[0], run("run", pictures, tmp_path, SETTINGS["mobilenet"], Watcher()))


def test_a_damaged_checkpoint_costs_time_only(
    pictures: ImageSet, tmp_path: Path, whole: Whole
) -> None:
    settings = SETTINGS["mobilenet"]
    with pytest.raises(Killed):
        run("run", pictures, tmp_path, settings, Watcher(3))
    (left,) = list_unfinished(tmp_path)
    (left.path / CHECKPOINT).write_bytes(b"damaged")
    watcher = Watcher()
    same(whole("mobilenet")[0], run("run", pictures, tmp_path, settings, watcher))
    assert "begins again" in watcher.notes[0]


def test_a_checkpoint_that_can_t_be_written_ends_nothing(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr(CheckpointFile, "write", full)
    watcher = Watcher()
    assert run("run", pictures, tmp_path, SETTINGS["mobilenet"], watcher).name == "run"
    (note,) = watcher.notes
    assert "No space left on device" in note


def test_asked_to_stop_while_the_run_is_written_it_is_written(
    pictures: ImageSet, tmp_path: Path
) -> None:
    class Late(Watcher):
        def predicting(self, split: str, done: int, total: int) -> None:
            if not self.steps:
                self.steps = 1
                raise KeyboardInterrupt

    found = run("run", pictures, tmp_path, {"epochs": 2}, Late())
    assert not found.manifest["interrupted"]
