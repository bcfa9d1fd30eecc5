"""Pictures that change while they are read: gone, another picture, cut, a folder, a named pipe.

The change comes at the n-th look of a command at the picture, for each n. Whatever a training was
trained on must be what its ``split.csv`` says, and what it keeps in the feature cache must be true:
a training on the true pictures afterwards gives the weights of one that had no cache.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults import checks
from tests.faults.commands import BASELINE, MOBILENET, PICTURES, RUN, words
from tests.faults.gate import GO, Event, Gate, Verdict
from tests.faults.kills import chosen
from tests.faults.plants import other_picture
from tests.faults.process import start
from tests.faults.results import Fault
from tests.faults.world import Step, World

VICTIM = "set/train/cats/0002.jpg"
GONE = ""
PATIENCE = 45.0
"""Seconds; whoever waits for a named pipe waits for ever."""


def _gone(path: Path) -> None:
    path.unlink()


def _another(path: Path) -> None:
    other_picture(path)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


CHANGES: dict[str, Callable[[Path], None]] = {
    "is another picture": _another,
    "is gone": _gone,
    "is cut short": _cut,
    "is a folder": _folder,
    "is a named pipe": _pipe,
    "is a link to itself": _itself,
}


class Changing:
    """Changes a file at the n-th call about it."""

    def __init__(self, at: int, path: Path, change: Callable[[Path], None]) -> None:
        self.at = at
        self.path = path
        self.change = change

    def __call__(self, event: Event) -> Verdict:
        if event.index == self.at:
            self.change(self.path)
        return GO


@dataclass(frozen=True)
class Reader:
    """A command that reads pictures."""

    name: str
    words: tuple[object, ...]
    world: tuple[Step, ...]
    trains: bool = False


READERS = (
    Reader("train baseline", BASELINE, PICTURES, trains=True),
    Reader("train mobilenet", MOBILENET, PICTURES, trains=True),
    Reader("data check", words("data check set --fail-on none"), PICTURES),
    Reader("data fix", words("data fix set"), PICTURES),
    Reader("data split", words("data split set --again"), PICTURES),
    Reader("data split --folders", words("data split set --again --folders apart"), PICTURES),
    Reader("data show", words("data show set --out sheet.png"), PICTURES),
    Reader("evaluate --again", words("evaluate mine --again --split train"), RUN),
    Reader("predict", words("predict set/train --run mine"), RUN),
    Reader("review", words("review mine"), RUN),
    Reader("report", words("report"), RUN),
    Reader("export", words("export mine --format onnx --data set"), RUN),
    Reader("explain", words(f"explain {VICTIM} --run mine --out why.png"), RUN),
)


def looks(reader: Reader, world: World) -> int:
    """Return how often a command looks at the picture when nothing happens."""
    world.make(reader.world)
    gate = Gate((world.root / VICTIM,), reads=True)
    start(reader.words, world.root, world.environment, gate).wait()
    return len(gate.events)


def changing(reader: Reader, world: World, seed: int, most: int) -> Iterator[Fault]:
    """Change the picture at each look of a command at it; yield what came of each."""
    count = looks(reader, world)
    truth = _truth(reader, world) if reader.trains else {}
    for place, (kind, change) in enumerate(CHANGES.items()):
        for index in chosen(count, most, seed + place):
            world.make(reader.world)
            path = world.root / VICTIM
            gate = Gate((path,), Changing(index, path, change), reads=True)
            done = start(reader.words, world.root, world.environment, gate).wait(PATIENCE)
            said = checks.rude(done) + checks.broken_runs(world.root / "models")
            said += checks.rests(world.root)
            if reader.trains:
                said += _untrue(reader, world, truth, done.code)
            where = f"{kind} at look {index} of {count}"
            last = " ".join(done.err.split())[-300:]
            yield Fault(f"a picture {kind}: {reader.name}", where, last, tuple(said))


def _truth(reader: Reader, world: World) -> dict[str, str]:
    """Return the networks' hashes: of the true picture, of the other one, of none; by its hash."""
    found = {}
    for change in (None, _another, _gone, _cut):
        world.make(reader.world)
        path = world.root / VICTIM
        if change is not None:
            change(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else GONE
        world.type(reader.words)
        found[digest] = _network(world.root / "models" / "mine")
    return found


def _network(run: Path) -> str:
    return hashlib.sha256((run / "model.onnx").read_bytes()).hexdigest()


def _untrue(reader: Reader, world: World, truth: dict[str, str], code: int) -> list[str]:
    """Return what a training, or the cache it leaves, says that isn't so."""
    said = []
    run = world.root / "models" / "mine"
    if code == 0:
        name = VICTIM.removeprefix("set/")
        rows = csv.DictReader((run / "split.csv").read_text(encoding="utf-8").splitlines())
        digests = [value for row in rows for value in row.values() if len(value or "") == 64
                   and name in row.values()]  # fmt: skip
        skipped = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["skipped"]
        left_out = any(item["path"].endswith(name) for item in skipped)
        digest = GONE if left_out or not digests else digests[0]
        if digest not in truth:
            said.append("split.csv has a hash that the picture never had")
        elif _network(run) != truth[digest]:
            said.append("it wasn't trained on what split.csv says")
    # The true pictures again, and what was kept of the false ones.
    home = world.root.with_name("home")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(world.root / "home", home)
    world.make(reader.world)
    shutil.rmtree(world.root / "home")
    home.rename(world.root / "home")
    again = world.type(reader.words)
    true = next(iter(truth.values()))
    if again.code:
        said.append(f"afterwards: exit code {again.code}: {again.err.strip()[-300:]}")
    elif _network(run) != true:
        said.append("what it keeps in the cache isn't true")
    return said
