"""Two of the same at once: trainings with one name, trainings with one cache, and all the others.

Both must end well, or one must say in a line why not; what is there afterwards is whole.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults import checks
from tests.faults.commands import (
    APPLY,
    BASELINE,
    COMMANDS,
    FIX,
    MOBILENET,
    PICTURES,
    Command,
    train,
    words,
)
from tests.faults.kills import expect, pictures_lost
from tests.faults.process import start, wait_for
from tests.faults.results import Fault
from tests.faults.world import World, difference


@dataclass(frozen=True)
class Pair:
    """Two commands at once.

    Attributes:
        name: For people.
        command: The first; the folder must be as after it.
        other: What else is typed; by default the same.
        ignored: Pattern of paths that the other adds.
        both: Whether both must end well.
    """

    name: str
    command: Command
    other: tuple[object, ...] = ()
    ignored: str = ""
    both: bool = True


def _of(name: str) -> Command:
    return next(command for command in COMMANDS if command.name == name)


SECOND_RUN = r"^models/mine-2(/.*)?$"
OTHER_RUN = r"^models/other(/.*)?$"
JOURNAL = r"^(set\.quarantine|set\.removed|models/mine/review)/?(applied|undone)?-?\d*(\.jsonl)?$"

PAIRS = (
    Pair("two trainings of one name", _of("train baseline"), BASELINE, SECOND_RUN),
    Pair("two trainings of one name, --force", _of("train --force"), (*BASELINE, "--force")),
    Pair(
        "two trainings, one new cache",
        _of("train mobilenet"),
        words("train --data set --image-size 32 --batch-size 8 --epochs 3 --run other"),
        OTHER_RUN,
    ),
    Pair("a training and cache --clear", _of("train mobilenet"), words("cache --clear")),
    Pair("two of data get", _of("data get")),
    Pair("two of data draw", _of("data draw"), both=False),
    Pair("two of data fix", _of("data fix"), FIX, JOURNAL, both=False),
    Pair("two of data split", _of("data split"), both=False),
    Pair("two of data split --folders", _of("data split --folders"), both=False),
    Pair("two of evaluate --again", _of("evaluate --again")),
    Pair("two of report", _of("report")),
    Pair("two of review", _of("review")),
    Pair("two of review --apply", _of("review --apply"), APPLY, JOURNAL, both=False),
    Pair("two of export", _of("export onnx"), both=False),
    Pair("two of export --force", _of("export --force")),
)
REFERENCES = (PICTURES, MOBILENET, train)


def together(pair: Pair, world: World, seed: int, repeats: int) -> Iterator[Fault]:
    """Type two at once, the second after a random moment; yield what came of it."""
    command = pair.command
    expected = expect(command, world)
    rng = random.Random(seed)
    for number in range(repeats):
        world.make(command.world)
        late = 0.0 if number == 0 else rng.uniform(0, expected.done.seconds)
        first = start(command.words, world.root, world.environment, None, command.body)
        time.sleep(late)
        other = pair.other or command.words
        second = start(other, world.root, world.environment, None, command.body)
        ends = wait_for(first, second)
        said = [item for done in ends for item in checks.rude(done)]
        failed = [done for done in ends if done.code]
        if len(failed) == 2 or (failed and pair.both and not _says_exists(failed[0].err)):
            said += [f"exit code {done.code}: {done.err.strip()[-300:]}" for done in failed]
        said += difference(world.snapshot(), expected.after, pair.ignored)
        said += checks.broken_runs(world.root / "models")
        said += pictures_lost(command, world, expected) + checks.rests(world.root)
        where = f"the second {late:.2f} s after the first"
        yield Fault(f"at once: {pair.name}", where, "", tuple(dict.fromkeys(said)))


def _says_exists(error: str) -> bool:
    """Return whether a command says that the other one was through before it began."""
    return "exists" in error
