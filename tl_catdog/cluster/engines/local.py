"""Processes of this machine, one core and one network each."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tl_catdog.cluster.done import LOST, ShardDone, ShardFailed
from tl_catdog.cores import CPUS, usable_cores


def run(
    tasks: Sequence[int],
    plan_url: str,
    *,
    workers: int | None = None,
    address: str | None = None,
) -> Iterator[ShardDone | ShardFailed]:
    """Do shards in processes of this machine; see ``done.Engine``.

    Processes are spawned, never forked: threads of networks don't survive a fork. One that is
    killed is replaced, and its shard yielded as failed.
    """
    waiting = deque(tasks)
    count = max(1, min(workers or usable_cores(), len(waiting)))
    cores = max(1, usable_cores() // count)
    crew: dict[Connection, tuple[BaseProcess, int]] = {}
    try:
        while waiting or crew:
            while waiting and len(crew) < count:
                connection, process = _hire(plan_url, cores)
                crew[connection] = process, _give(connection, waiting.popleft())
            for ready in wait(list(crew)):
                assert isinstance(ready, Connection)
                process, shard = crew[ready]
                try:
                    yield ready.recv()
                    if waiting:
                        crew[ready] = process, _give(ready, waiting.popleft())
                        continue
                except (EOFError, OSError):
                    yield ShardFailed(shard, LOST)
                del crew[ready]
                ready.close()
                process.join()
    finally:
        for connection, (process, _) in crew.items():
            process.terminate()
            connection.close()
            process.join()


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
    while True:
        try:
            connection.send(try_shard(plan_url, connection.recv()))
        except (EOFError, OSError):  # the command is gone
            return
