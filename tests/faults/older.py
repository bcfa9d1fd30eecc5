"""Runs of all older versions: each loads, and says what it said when it was made.

``tests/runs/older`` holds a run of each version whose format differs, as that version wrote it; but
for the folder of its pictures, which were drawn by ``tests.conftest.paint_set``.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import paint_set
from tests.faults import checks
from tests.faults.commands import words
from tests.faults.process import Done
from tests.faults.results import Fault
from tests.faults.world import World

FOLDER = Path(__file__).parents[1] / "runs" / "older"
READERS = (
    "predict set/validation --run {} --json",
    "evaluate {} --split validation --json",
    "evaluate {} --data set --json",
    "compare {}",
    "report {}",
    "export {} --format onnx --data set",
)
NEAR = 1e-5
"""Probabilities that differ by less do so for the machine's sake."""


def paint(root: Path) -> None:
    """Draw the pictures that these runs were made with."""
    paint_set(root / "set", {"train": 8, "validation": 4, "test": 4})


def older(world: World, seed: int) -> Iterator[Fault]:
    """Read each older run with each command that reads runs; yield what came of it."""
    for run in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        for reader in READERS:
            world.make((paint,))
            shutil.copytree(run, world.root / "models" / run.name)
            typed = reader.format(run.name)
            done = world.type(words(typed))
            wrong = checks.rude(done)
            if done.code:
                wrong.append(f"exit code {done.code}: {done.err.strip()[-300:]}")
            elif reader is READERS[0]:
                wrong += _other_answers(done, run)
            yield Fault(f"older format: {run.name}", typed, "", tuple(wrong))


def _other_answers(done: Done, run: Path) -> list[str]:
    """Return which pictures get another answer than when the run was made."""
    text = (run / "predictions" / "validation.csv").read_text(encoding="utf-8")
    saved = {row["name"]: float(row["p(ant)"]) for row in csv.DictReader(text.splitlines())}
    rows = [json.loads(line) for line in done.out.splitlines()]
    found = {row["path"].removeprefix("set/"): row["probabilities"]["ant"] for row in rows}
    if set(found) != set(saved):
        return ["it answers other pictures"]
    return [f"another answer to {name}" for name in saved if abs(found[name] - saved[name]) > NEAR]
