"""Ray hands shards out: on a cluster of this machine's cores, or on one that is joined."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

from tl_catdog.cluster.done import LOST, ShardDone, ShardFailed
from tl_catdog.cluster.engines import shared
from tl_catdog.cores import usable_cores

HINT = "Type: ray start --head, and on this machine: --address auto"

STORE = 80 * 2**20
"""Bytes of the store for objects, the least that Ray takes: results are a line each."""


def run(
    tasks: Sequence[int],
    plan_url: str,
    *,
    workers: int | None = None,
    address: str | None = None,
) -> Iterator[ShardDone | ShardFailed]:
    """Do shards on Ray; see ``Engine.run``.

    They are tasks, not actors: a pool that loses one can hang (ray#65543).

    Args:
        tasks: The shards' numbers.
        plan_url: Where the plan is, as workers reach it.
        workers: How many processes; of a cluster that is joined, how many shards at a time.
        address: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; None to start one.

    Raises:
        CatdogError: Ray isn't installed, or the cluster can't be reached, or is gone.
    """
    with ExitStack() as stack:
        # Read when Ray is imported, and by what it starts.
        stack.enter_context(_environment({"RAY_USAGE_STATS_ENABLED": "0"}))
        if address is None:
            ray = _started(workers or usable_cores(), stack)
        else:
            ray = _joined(address, stack)
        todo, pending = iter(tasks), dict[Any, int]()
        do_shard = ray.remote(num_cpus=1, max_retries=shared.ATTEMPTS)(shared.on_one_core)
        most = shared.at_a_time(workers if address else None)
        stack.callback(lambda: [ray.cancel(task) for task in pending])
        while True:
            for shard in islice(todo, most - len(pending)):
                pending[do_shard.remote(plan_url, shard)] = shard
            if not pending:
                return
            done, _ = ray.wait(list(pending), timeout=shared.LOOK)
            if not done:
                shared.look(ray.cluster_resources().get("CPU"), address)
            for task in done:
                yield _outcome(ray, task, pending.pop(task))


def _outcome(ray: Any, task: Any, shard: int) -> ShardDone | ShardFailed:
    """Return what became of a shard; one that took its worker with it again and again is lost."""
    of = ray.exceptions
    lost = (of.WorkerCrashedError, of.NodeDiedError, of.OutOfMemoryError, of.ObjectLostError)
    try:
        done: ShardDone | ShardFailed = ray.get(task)
    except lost:
        return ShardFailed(shard, LOST)
    except of.RayError as error:
        return shared.not_begun(shard, error)
    return done


def _imported() -> Any:
    """Return the module ``ray``.

    Raises:
        CatdogError: It isn't installed.
    """
    try:
        import ray
    except ImportError as error:
        raise shared.absent("Ray", "ray", error) from error
    return ray


def _started(workers: int, stack: ExitStack) -> Any:
    """Start a cluster on this machine, which nobody else on it can give work to; it ends with us.

    Its logs and sockets are in a folder of their own, which goes with it.
    """
    stack.enter_context(
        _environment(
            shared.ONE_CORE
            | {
                "RAY_worker_niceness": "0",  # 15, if nobody says so
                "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on loopback alone
                "RAY_AUTH_MODE": "token",
                "RAY_AUTH_TOKEN": secrets.token_hex(32),  # or one is written into the home folder
                "RAY_DEDUP_LOGS": "0",
            }
        )
    )
    ray = _imported()
    folder = shared.scratch(stack)
    stack.callback(ray.shutdown)
    ray.init(
        "local",  # or it would join what RAY_ADDRESS names
        num_cpus=workers,
        num_gpus=0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
        object_store_memory=STORE,
        _node_ip_address="127.0.0.1",
        _temp_dir=folder,
    )
    return ray


def _joined(address: str, stack: ExitStack) -> Any:
    """Join a cluster, which stays when we leave.

    Raises:
        CatdogError: It can't be reached, or has another version of Ray or Python.
    """
    ray = _imported()
    if ray.is_initialized():  # by whoever calls us
        return ray
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host:  # Ray would wait for minutes, and then end this process
            socket.create_connection((host, int(port)), shared.CONNECT).close()
        stack.callback(ray.shutdown)
        ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise shared.unreachable("Ray", address, error, HINT) from error
    return ray


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
