"""Trains on one device and on several, in a process whose processor is taken for four of them.

Devices are set before TensorFlow starts, so that this can't happen in the process of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.api import resume, train
from tl_catdog.runs.contents import read_metrics
from tl_catdog.runs.folder import ONNX, Run
from tl_catdog.training.observer import EpochResult, Observer

BASELINE: dict[str, Any] = {
    "arch": "baseline",
    "epochs": 2,
    "augment": "strong",
    "mixup": 0.4,
    "cutmix": 1.0,
    "weight_average": 0.4,
    "class_weights": "balanced",
    "batch_size": 5,
}
"""Of 21 pictures the last batch has one: with four devices, three have none."""

TUNED: dict[str, Any] = {
    "finetune": True,
    "unfreeze_from": "block_16",
    "finetune_learning_rate": 1e-4,
    "finetune_epochs": 1,
    "finetune_share": 0.5,
    "batch_size": 8,
}

SETTINGS: dict[str, dict[str, Any]] = {
    "baseline": BASELINE,
    "baseline-by-2": BASELINE | {"devices": 2},
    "tuned": TUNED,
    "tuned-by-4": TUNED | {"devices": "all"},
    "head-by-2": {"head": "linear", "devices": 2},
}

RESUMED = {"2-by-2": (2, 2), "2-by-1": (2, 1), "1-by-4": (1, 4)}
"""Devices of a training that is killed after an epoch, and those that it goes on on."""


@dataclass
class Killed(Observer):
    """Ends a training after an epoch as a kill does, if it is to; remembers notes."""

    after: int | None = None

    def __post_init__(self) -> None:
        self.notes: list[str] = []

    def epoch_ends(self, result: EpochResult) -> None:
        if result.epoch == self.after:
            raise SystemExit

    def note(self, text: str) -> None:
        self.notes.append(text)


def seen(run: Run, notes: list[str]) -> dict[str, Any]:
    """Return what came of a training."""
    figures = ("stage", "epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    return {
        "rows": [{name: row[name] for name in figures} for row in read_metrics(run)],
        "devices": run.manifest["devices"],
        "shared": [stage["devices"] for stage in run.manifest["stages"]],
        "network": (run.path / ONNX).read_bytes().hex(),
        "notes": notes,
    }


def found_on_devices(data: Path, runs_dir: Path) -> dict[str, Any]:
    """Return what came of each training, by its name, from a process with four devices."""
    words = [sys.executable, "-m", "tests.support.several_devices", str(data), str(runs_dir)]
    environment = os.environ | {"TL_CATDOG_LOGICAL_CPUS": "4"}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(data: str, runs_dir: str) -> None:
    """Train everything, and print what came of it."""
    place: dict[str, Any] = {"runs_dir": runs_dir}
    found = {}
    for name, settings in SETTINGS.items():
        told = Killed()
        run = train(data, observer=told, image_size=32, run=name, **settings, **place).run
        found[name] = seen(run, told.notes)
    for name, (before, after) in RESUMED.items():
        settings = BASELINE | {"devices": before, "run": name, "image_size": 32}
        try:
            train(data, observer=Killed(after=1), **settings, **place)
        except SystemExit:
            told = Killed()
            found[name] = seen(resume(name, devices=after, observer=told, **place).run, told.notes)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
