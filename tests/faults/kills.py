"""Kills (``kill -9``) at each change that a command makes to the disk, and at random moments.

After each: what is under its name is whole, no picture is lost; then a way on is typed, and the
folder must be as if nothing had happened, to the byte, with no rest in it.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults import checks
from tests.faults.commands import AFTER, Command, Way
from tests.faults.gate import Event, Gate, Killed
from tests.faults.process import Done, start
from tests.faults.results import Fault
from tests.faults.world import BrokenWorldError, Snapshot, World, difference


@dataclass
class Expected:
    """How a command's folder is before it and after it, and what it does meanwhile."""

    before: Snapshot
    after: list[Snapshot]
    done: Done
    held: int
    """Bytes of all files after it."""


def expect(command: Command, world: World) -> Expected:
    """Let a command run twice, unharmed, once for all that is asked of it in a world.

    Raises:
        BrokenWorldError: It fails.
    """
    known: dict[str, Expected] = world.known
    if command.name not in known:
        known[command.name] = _seen(command, world)
    return known[command.name]


def _seen(command: Command, world: World) -> Expected:
    after: list[Snapshot] = []
    world.make(command.world)
    before = world.snapshot()
    for _ in range(2):
        if after:
            time.sleep(1.1)  # what holds the time must differ
        world.make(command.world)
        done = world.watch(command.words, Gate((world.root,)), command.body)
        if done.code:
            raise BrokenWorldError(f"{command.name}: exit code {done.code}: {done.err[-500:]}")
        after.append(world.snapshot())
    return Expected(before, after, done, world.size())


def chosen(count: int, most: int, seed: int) -> list[int]:
    """Return which of ``count`` places to take: all, or ``most`` of them by a seed."""
    places = list(range(count))
    return places if count <= most else sorted(random.Random(seed).sample(places, most))


def kills(command: Command, world: World, seed: int) -> Iterator[Fault]:
    """Kill a command again and again; yield what came of each."""
    expected = expect(command, world)
    at_changes, at_moments = command.kills
    number = 0
    for index in chosen(len(expected.done.events), at_changes, seed):
        event = expected.done.events[index]
        where = f"at change {index} of {len(expected.done.events)}: {event.call}"
        way = command.ways_on[number % len(command.ways_on)]
        number += 1
        world.make(command.world)
        done = world.watch(command.words, Gate((world.root,), Killed(index)), command.body)
        yield _fault(command, world, expected, way, where, done)
    rng = random.Random(seed)
    for _ in range(at_moments):
        moment = rng.uniform(0, expected.done.seconds)
        way = command.ways_on[number % len(command.ways_on)]
        number += 1
        world.make(command.world)
        running = start(command.words, world.root, world.environment, None, command.body)
        running.process.join(max(0.0, moment - (time.monotonic() - running.started)))
        running.kill()
        yield _fault(command, world, expected, way, f"after {moment:.2f} s", running.wait())


def _fault(
    command: Command, world: World, expected: Expected, way: Way, where: str, done: Done
) -> Fault:
    said: list[str] = []
    if done.code not in (-9, 0):
        said += [f"when killed: {item}" for item in checks.rude(done)]
    said += checks.broken_runs(world.root / "models")
    said += checks.halves(world.snapshot(), expected.before, expected.after)
    said += pictures_lost(command, world, expected)
    typed = list(way.steps)
    wanted = expected.after if way.reaches == AFTER else [expected.before]

    def differs() -> list[str]:
        return difference(world.snapshot(), wanted, way.ignored)

    well_already = not differs()
    last = done
    while typed:
        words = typed.pop(0)
        last = world.type(words, command.body)
        refused = bool(last.code) and bool(way.advice) and words == way.steps[0]
        if refused and not well_already:
            if way.surely and any(_named(event, way.surely) for event in done.events[:-1]):
                said.append(f"what was begun can't go on: {last.err.strip()[-300:]}")
            if way.advice not in last.err:
                said.append(f"typed again, it doesn't advise {way.advice!r}: {last.err[-300:]}")
            typed = list(way.otherwise)
    if last.code and not well_already:
        said.append(f"afterwards {words}: exit code {last.code}: {last.err.strip()[-400:]}")
    said += [f"afterwards: {item}" for item in checks.rude(last)] if last.code else []
    said += [f"afterwards {item}" for item in differs()]
    said += checks.rests(world.root)
    said += checks.broken_runs(world.root / "models")
    said += pictures_lost(command, world, expected)
    ways = " && ".join(" ".join(map(str, words)) for words in way.steps)
    return Fault(f"killed: {command.name}", where, f"then: {ways}", tuple(dict.fromkeys(said)))


def _named(event: Event, pattern: str) -> bool:
    return event.call.startswith("rename") and bool(re.match(pattern, event.path))


def pictures_lost(command: Command, world: World, expected: Expected) -> list[str]:
    """Return which pictures aren't where they were, nor put aside."""
    before = Counter(
        digest
        for path, digest in expected.before.items()
        if path.split("/")[0] in command.pictures and len(digest) == 64 and digest != checks.EMPTY
        if not path.endswith(".jsonl")
    )
    now = checks.pictures(world.root, command.pictures)
    if command.adds:
        now = Counter({digest: count for digest, count in now.items() if digest in before})
    return checks.lost(before, now)
