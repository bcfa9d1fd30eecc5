"""Trainings that begin with another run's weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import Trained
from tl_catdog.config import TrainConfig
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import UsageError
from tl_catdog.models.weights import weights_of
from tl_catdog.runs.folder import Run, find_run
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.start import adopted, begin_network, read_start, run_to_start_from
from tl_catdog.training.trainer import train

NAMES = {"baseline": "small", "mobilenet": "tuned"}


def config_from(trained: Trained, arch: str, **settings: Any) -> TrainConfig:
    wanted = {"arch": arch, "from_run": NAMES[arch], "runs_dir": str(trained.runs_dir), **settings}
    return TrainConfig(**wanted)


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
def test_a_network_begins_with_the_run_s_weights(trained: Trained, arch: str) -> None:
    config = config_from(trained, arch)
    run = run_to_start_from(config)
    assert run is not None
    resolved = adopted(config, run, run.classes).resolved()
    assert resolved.image_size == run.image_size
    start = read_start(run, resolved)
    there = weights_of(begin_network(resolved, 2, start))
    wanted = weights_of(keras.models.load_model(run.model_path, compile=False))
    assert all(np.array_equal(there[name], wanted[name]) for name in wanted)
    changed = any(
        stage["best_epoch"] for stage in run.manifest["stages"] if "tune" in stage["name"]
    )
    assert start.tuned is changed
    assert bool(start.backbone) is (arch == "mobilenet")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arch": "baseline", "finetune": False}, "--arch mobilenet"),
        ({"dense_units": 7}, "--dense-units"),
    ],
)
def test_another_network_is_refused(trained: Trained, change: dict[str, Any], words: str) -> None:
    config = replace(config_from(trained, "mobilenet"), **change)
    run = find_run("tuned", trained.runs_dir)
    with pytest.raises(UsageError) as caught:
        adopted(config, run, run.classes)
    assert words in caught.value.hint


def test_other_classes_are_refused(trained: Trained) -> None:
    run = find_run("tuned", trained.runs_dir)
    with pytest.raises(UsageError, match="classes of the run"):
        adopted(config_from(trained, "mobilenet"), run, ("cats", "dogs"))


def train_from(trained: Trained, tmp_path: Path, arch: str, **settings: Any) -> Run:
    config = config_from(trained, arch, batch_size=16, **settings)
    with RunWriter(tmp_path, "more") as writer:
        return train(config, load_training_set(trained.data), writer).run


def test_no_epoch_makes_it_worse_than_what_it_began_with(trained: Trained, tmp_path: Path) -> None:
    before = find_run("small", trained.runs_dir)
    after = train_from(trained, tmp_path, "baseline", epochs=2, learning_rate=5.0)
    (stage,) = after.manifest["stages"]
    assert stage["best_epoch"] == 0
    both = [
        weights_of(keras.models.load_model(run.model_path, compile=False))
        for run in (before, after)
    ]
    assert all(np.array_equal(both[0][name], both[1][name]) for name in both[0])
    assert after.manifest["from"] == {
        "name": "small",
        "sha256": before.manifest["model"]["sha256"],
    }


def test_fine_tuning_goes_on_from_a_head_that_is_there(trained: Trained, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"finetune": True, "finetune_epochs": 1, "unfreeze_from": "block_16"}
    tuned = train_from(trained, tmp_path, "mobilenet", **settings)
    assert [stage["name"] for stage in tuned.manifest["stages"]] == ["finetune"]
    assert "test" in tuned.predicted_splits()
