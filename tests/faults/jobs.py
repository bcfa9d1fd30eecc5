"""All that the proof consists of, one job after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from tests.faults import changing, errors, kills, malformed, mutated, older, stops, together
from tests.faults.commands import COMMANDS, TRAININGS, Command
from tests.faults.results import Fault
from tests.faults.world import World

PICTURES = 10_000
DOCUMENTS = 120
"""Malformed ones of each kind."""
REPEATS = 10
"""Of each two commands at once."""
STOPS = 30
"""Signals to each kind of training."""
LOOKS = 12
"""At most so many looks at a picture, with each change of it."""


@dataclass(frozen=True)
class Job:
    """A part of the proof.

    Attributes:
        kind: Which file here plants it.
        name: What it is planted in.
        run: Called with a world and a seed; yields what came of each fault.
        rights: Whether it takes the rights of an administrator.
    """

    kind: str
    name: str
    run: Callable[[World, int], Iterator[Fault]]
    rights: bool = False


def _part(count: int, part: float) -> int:
    return max(1, round(count * part))


def _fewer(command: Command, part: float) -> Command:
    changes, moments = command.kills
    return replace(
        command,
        kills=(_part(changes, part), _part(moments, part)),
        errors=_part(command.errors, part),
    )


def jobs(part: float = 1.0) -> list[Job]:
    """Return all jobs.

    Args:
        part: So much of each: 1 is all.
    """
    found = []
    for original in COMMANDS:
        command = _fewer(original, part)
        found.append(Job("kills", command.name, partial(kills.kills, command)))
        found.append(Job("errors", command.name, partial(errors.errors, command)))
        if command.cache:
            found.append(Job("errors", command.name, partial(errors.without_cache, command)))
        for run in (errors.small_disks, errors.read_only_disk):
            found.append(Job("disks", command.name, partial(run, command), rights=True))
    for training in TRAININGS:
        run_training = partial(stops.stops, training, count=_part(STOPS, part))
        found.append(Job("stops", training.name, run_training))
    for pair in together.PAIRS:
        run_pair = partial(together.together, pair, repeats=_part(REPEATS, part))
        found.append(Job("together", pair.name, run_pair))
    for reader in changing.READERS:
        run_reader = partial(changing.changing, reader, most=_part(LOOKS, part))
        found.append(Job("changing", reader.name, run_reader))
    for document in malformed.DOCUMENTS:
        run_document = partial(malformed.malformed, document, count=_part(DOCUMENTS, part))
        found.append(Job("malformed", document.name, run_document))
    found.append(Job("malformed", "no files", malformed.specials))
    shown = partial(mutated.pictures, count=_part(PICTURES, part))
    found.append(Job("mutated", "pictures", shown))
    found.append(Job("older", "runs", older.older))
    return found
