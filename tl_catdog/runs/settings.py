"""What a run was trained with, as its readers may see it: no argument of a script, no path.

A manifest's machine, user and folders are its maker's matter; what is shown to others is made from
the settings alone.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from tl_catdog.config import NAMES, TrainConfig
from tl_catdog.data.folders import TRAIN
from tl_catdog.runs.folder import Run
from tl_catdog.setting import flag

PLACES = ("data", "features", "split", "labels", "backbone_weights", "from_run", "runs_dir")
"""Settings that may be paths."""
WITHOUT_EFFECT = (
    *("runs_dir", "run", "force", "cache", "cache_size", "tensorboard", "strict"),
    "devices",  # how sums are rounded
    "preset",  # what it set is there by itself, and not what was said beside it
)
"""Settings that say nothing of the network."""


def shared_settings(run: Run) -> dict[str, Any]:
    """Return a run's settings by name, of each path its last part alone."""
    found = {name: run.config[name] for name in NAMES if name in run.config}
    places = {name: _last(str(found[name])) for name in PLACES if found.get(name) is not None}
    return {**found, **places}


def training_command(run: Run) -> str:
    """Return the command that trains such a run: what differs from the defaults of its set."""
    data = run.manifest["data"]
    images = max(1, sum(data["counts"].get(TRAIN, {}).values()))
    arch = run.config["arch"]
    usual = TrainConfig(arch=arch).resolved(images, len(run.classes))
    settings = shared_settings(run)
    named = settings.get("data") or data["name"]
    settings["data"] = None if data["drawn"] or settings.get("features") else named
    words = ["tl-catdog", "train", "--arch", arch]
    for name, value in settings.items():
        if name in ("arch", *WITHOUT_EFFECT) or value in (None, getattr(usual, name)):
            continue
        words += [flag(name)] if value is True else [flag(name), str(value)]
    return shlex.join(words)


def _last(path: str) -> str:
    """Return the last part of a path of any system."""
    parts = [part for part in re.split(r"[/\\]", path) if part not in ("", ".")]
    return parts[-1] if parts else path
