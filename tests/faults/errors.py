"""Errors of the disk at each change that a command makes: full, quota used up, read-only, broken.

A command may fail then, in one line that says why and where; what was there stays as it was, and
typed again on a good disk the command gives what it gives otherwise.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.faults import checks
from tests.faults.commands import Command
from tests.faults.gate import Event, Failing, Gate
from tests.faults.kills import Expected, chosen, expect, pictures_lost
from tests.faults.process import Done
from tests.faults.results import Fault
from tests.faults.world import World, difference

ERRORS = {
    errno.ENOSPC: "disk full",
    errno.EDQUOT: "quota used up",
    errno.EROFS: "read-only from there on",
    errno.EIO: "one write fails",
}
OPTIONAL = "home/.cache/tl-catdog/features.sqlite"
"""A cache saves time; without it, everything must work."""


def errors(command: Command, world: World, seed: int) -> Iterator[Fault]:
    """Fail a command's changes one after the other; yield what came of each."""
    expected = expect(command, world)
    events = expected.done.events
    for place, number in enumerate(ERRORS):
        for index in chosen(len(events), command.errors, seed + place):
            if events[index].call.startswith("unlink") and number != errno.EROFS:
                continue  # a full disk lets files go
            world.make(command.world)
            gate = Gate((world.root,), Failing(index, number))
            done = world.watch(command.words, gate, command.body)
            where = f"{ERRORS[number]} at change {index} of {len(events)}: {events[index].call}"
            yield _fault(command, world, expected, where, done, events[index], number)


def without_cache(command: Command, world: World, seed: int) -> Iterator[Fault]:
    """Fail what a command changes in the feature cache alone; it must work as with one."""
    expected = expect(command, world)
    events = expected.done.events
    cached = [event.index for event in events if OPTIONAL in event.path]
    for place, number in enumerate(ERRORS):
        for at in chosen(len(cached), command.errors // 4, seed + place):
            world.make(command.world)
            gate = Gate((world.root,), Failing(cached[at], number, OPTIONAL))
            done = world.watch(command.words, gate, command.body)
            said = checks.rude(done)
            if done.code:
                said.append("it fails for the want of a cache")
            said += difference(world.snapshot(), expected.after)
            where = f"{ERRORS[number]} at change {cached[at]} of {len(events)}"
            last = " ".join(done.err.split())[-300:]
            yield Fault(f"no cache: {command.name}", where, last, tuple(said))


def _fault(
    command: Command,
    world: World,
    expected: Expected,
    where: str,
    done: Done,
    event: Event,
    number: int,
) -> Fault:
    root = world.root
    said = [*checks.rude(done), *checks.unexplained(done, root, event.path, expected.after[0])]
    said += checks.broken_runs(root / "models")
    said += checks.halves(world.snapshot(), expected.before, expected.after)
    said += pictures_lost(command, world, expected)
    keeps = number == errno.EROFS or event.call in ("rmdir", "unlinkat", "unlink")
    if not keeps and not done.hung:
        said += checks.rests(root)
    if done.code and not said:
        said += _typed_again(command, world, expected)
    last = " ".join(done.err.split())[-300:]
    return Fault(f"{ERRORS[number]}: {command.name}", where, last, tuple(dict.fromkeys(said)))


def _typed_again(command: Command, world: World, expected: Expected) -> list[str]:
    """Return what is wrong once the disk is well again and the same was typed."""
    way = command.ways_on[0]
    if not difference(world.snapshot(), expected.after, way.ignored):
        return []
    again = world.type(way.steps[0], command.body)
    for words in way.otherwise if again.code else ():
        again = world.type(words, command.body)
    said = []
    if again.code:
        said.append(f"afterwards: exit code {again.code}: {again.err.strip()[-300:]}")
    wrong = difference(world.snapshot(), expected.after, way.ignored)
    return said + [f"afterwards {item}" for item in wrong] + checks.rests(world.root)


@contextlib.contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """Give a real disk of so many bytes, in memory.

    Raises:
        PermissionError: That takes rights that this process doesn't have.
    """
    place.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise PermissionError(done.stderr.strip())


def small_disks(command: Command, world: World, seed: int) -> Iterator[Fault]:
    """Run a command on real disks, each with room for less than it needs.

    Raises:
        PermissionError: No disk can be made here.
    """
    expected = expect(command, world)
    world.make(command.world)
    start = world.size()
    page = os.sysconf("SC_PAGE_SIZE")
    entries = 4 * page * len(expected.after[0])
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        size = start + entries + int((expected.held - start) * part)
        with small_disk(world.place / "world", size):
            small = World(world.place, world.more)
            small.make(command.world)
            done = small.type(command.words, command.body)
            said = [
                *checks.rude(done),
                *checks.unexplained(done, small.root, "", expected.after[0]),
            ]
            said += checks.broken_runs(small.root / "models")
            said += checks.halves(small.snapshot(), expected.before, expected.after)
            said += pictures_lost(command, small, expected)
            said += checks.rests(small.root)
            last = " ".join(done.err.split())[-300:]
        where = f"a disk with {part:.0%} of the room needed"
        yield Fault(f"real small disk: {command.name}", where, last, tuple(dict.fromkeys(said)))


def read_only_disk(command: Command, world: World, seed: int) -> Iterator[Fault]:
    """Run a command in a folder that is mounted read-only, the cache within it.

    Raises:
        PermissionError: No disk can be mounted here.
    """
    expected = expect(command, world)
    world.make(command.world)
    root = str(world.root)
    _mount("--bind", root, root)
    try:
        _mount("-o", "remount,ro,bind", root)
        done = world.type(command.words, command.body)
        said = [*checks.rude(done), *checks.unexplained(done, world.root, "", expected.after[0])]
    finally:
        subprocess.run(["umount", "-l", root], check=False, capture_output=True)
    said += checks.broken_runs(world.root / "models")
    said += pictures_lost(command, world, expected)
    last = " ".join(done.err.split())[-300:]
    yield Fault(f"real read-only disk: {command.name}", "all of it", last, tuple(said))
