"""Processes of this machine, one core and one network each."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tl_catdog.cluster.done import LOST, ShardDone, ShardFailed
from tl_catdog.cores import CPUS, usable_cores

LOOK, PATIENCE = 10.0, 600.0
"""Seconds between two looks at processes, and for which one may get no further by a picture, be it
that it is stopped or that what it calls never returns; then it is killed."""

SILENT = f"its process got no further for {PATIENCE / 60:.0f} min, and was ended"
"""Why a shard failed whose process was killed by us."""

END = 5.0
"""Seconds that a process has to end itself when it is asked to; one that is stopped can't."""


@dataclass
class _Hand:
    """A process that works.

    Attributes:
        process: It.
        shard: What it is at.
        heard: When it got further last, by the clock of ``run``.
    """

    process: BaseProcess
    shard: int
    heard: float


def run(
    tasks: Sequence[int],
    plan_url: str,
    *,
    workers: int | None = None,
    address: str | None = None,
) -> Iterator[ShardDone | ShardFailed]:
    """Do shards in processes of this machine; see ``done.Engine``.

    Processes are spawned, never forked: threads of networks don't survive a fork. One that is
    killed, or gets no further, is replaced, and its shard yielded as failed.
    """
    waiting = deque(tasks)
    count = max(1, min(workers or usable_cores(), len(waiting)))
    cores = max(1, usable_cores() // count)
    crew: dict[Connection, _Hand] = {}
    clock, last = 0.0, time.monotonic()
    try:
        while waiting or crew:
            while waiting and len(crew) < count:
                connection, process = _hire(plan_url, cores)
                crew[connection] = _Hand(process, _give(connection, waiting.popleft()), clock)
            ready = wait(list(crew), LOOK)
            now = time.monotonic()
            clock += min(now - last, 2 * LOOK)  # while we are stopped ourselves, it stands
            last = now
            for one in ready:
                assert isinstance(one, Connection)
                hand = crew[one]
                hand.heard = clock
                try:
                    result = one.recv()
                    if result is None:  # it got further
                        continue
                    yield result
                    if waiting:
                        hand.shard = _give(one, waiting.popleft())
                        continue
                except (EOFError, OSError):
                    yield ShardFailed(hand.shard, LOST)
                del crew[one]
                one.close()
                _end(hand.process)
            for one in [one for one, hand in crew.items() if clock - hand.heard > PATIENCE]:
                hand = crew.pop(one)
                one.close()
                _end(hand.process, 0)
                yield ShardFailed(hand.shard, SILENT)
    finally:
        for connection, hand in crew.items():
            hand.process.terminate()
            connection.close()
        for hand in crew.values():
            _end(hand.process)


def _end(process: BaseProcess, patience: float | None = None) -> None:
    """Wait until a process has ended that has nothing left to do; kill it if it doesn't."""
    process.join(END if patience is None else patience)
    if process.is_alive():
        process.kill()
        process.join(END)  # a disk that doesn't answer keeps even a killed one


def _hire(plan_url: str, cores: int) -> tuple[Connection, BaseProcess]:
    """Start a process; return how to talk to it."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, plan_url, cores), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _give(connection: Connection, shard: int) -> int:
    """Give a process a shard; where it is gone, whoever waits for its answer learns that."""
    with contextlib.suppress(OSError):
        connection.send(shard)
    return shard


def _work(connection: Connection, plan_url: str, cores: int) -> None:
    """Do the shards that are sent, until nobody sends any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's, which ends us
    os.environ[CPUS] = str(cores)
    from tl_catdog import runtime
    from tl_catdog.cluster.work import try_shard

    runtime.prepare_libraries()
    sending = threading.Lock()
    threading.Thread(target=_tell, args=(connection, sending), daemon=True).start()
    while True:
        try:
            result = try_shard(plan_url, connection.recv())
            with sending:
                connection.send(result)
        except (EOFError, OSError):  # the command is gone
            return


def _tell(connection: Connection, sending: threading.Lock) -> None:
    """Tell now and then that pictures were taken up since."""
    from tl_catdog.cluster.pictures import moved

    with contextlib.suppress(OSError):
        while True:
            moved.wait()
            moved.clear()
            with sending:
                connection.send(None)
            time.sleep(LOOK)
