"""Runs of all older formats: each loads, answers and evaluates as when it was made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.faults import checks
from tests.faults.commands import PICTURES, words
from tests.faults.results import Fault
from tests.faults.world import World

FOLDER = Path(__file__).parents[1] / "runs" / "older"
"""Holds a run of each format, in a folder named like the version that made it."""
READERS = ("evaluate {}", "compare {}", "predict set/validation/cats --run {} --json", "report {}")


def older(world: World, seed: int) -> Iterator[Fault]:
    """Read each older run with each command that reads runs; yield what came of it."""
    for run in sorted(FOLDER.iterdir()) if FOLDER.is_dir() else ():
        for reader in READERS:
            world.make(PICTURES)
            shutil.copytree(run, world.root / "models" / run.name)
            typed = reader.format(run.name)
            done = world.type(words(typed))
            wrong = checks.rude(done)
            if done.code:
                wrong.append(f"exit code {done.code}: {done.err.strip()[-300:]}")
            yield Fault(f"older format: {run.name}", typed, "", tuple(wrong))
