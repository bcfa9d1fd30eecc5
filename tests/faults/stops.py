"""Trainings that are asked to stop: Ctrl-C, a container's stop, a closed terminal, at any moment.

Each leaves the best so far, or what can go on; ``--resume`` then ends with the very network that
nobody stopped.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

from tests.faults import checks
from tests.faults.commands import Command, words
from tests.faults.kills import Expected, expect
from tests.faults.process import Done, start
from tests.faults.results import Fault
from tests.faults.world import World, difference
from tl_catdog.runs.unfinished import CHECKPOINT

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
RESUME = words("train --resume mine")


def stops(command: Command, world: World, seed: int, count: int) -> Iterator[Fault]:
    """Ask a training to stop again and again; yield what came of each."""
    expected = expect(command, world)
    rng = random.Random(seed)
    for number in range(count):
        sign = SIGNALS[number % len(SIGNALS)]
        moment = rng.uniform(0, expected.done.seconds)
        world.make(command.world)
        running = start(command.words, world.root, world.environment)
        running.process.join(max(0.0, moment - (time.monotonic() - running.started)))
        running.kill(sign)
        done = running.wait()
        said = _said(done, sign)
        said += checks.broken_runs(world.root / "models")
        said += _gone_on(command, world, expected)
        where = f"{sign.name} after {moment:.2f} s, exit code {done.code}"
        last = " ".join(done.err.split())[-200:]
        yield Fault(f"asked to stop: {command.name}", where, last, tuple(dict.fromkeys(said)))


def _said(done: Done, sign: signal.Signals) -> list[str]:
    """Return what a stopped command says or does that it shouldn't."""
    if done.code in (0, 128 + sign, -sign, 130):
        whole = Done(0, done.out, done.err, hung=done.hung)
        return checks.rude(whole)
    return [*checks.rude(done), f"exit code {done.code}: {done.err.strip()[-300:]}"]


def _gone_on(command: Command, world: World, expected: Expected) -> list[str]:
    """Go on; return how the folder differs from that of a training that nobody stopped."""
    if not difference(world.snapshot(), expected.after):
        return []
    said = []
    again = world.type(RESUME)
    if again.code:
        if any((world.root / "models").glob(f"mine*/{CHECKPOINT}")):
            said.append(f"it can't go on: {again.err.strip()[-300:]}")
        again = world.type(command.words)
    if again.code:
        said.append(f"afterwards: exit code {again.code}: {again.err.strip()[-300:]}")
    said += [f"afterwards {item}" for item in difference(world.snapshot(), expected.after)]
    return said + checks.rests(world.root)
