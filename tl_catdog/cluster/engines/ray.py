"""Ray hands shards out: on a cluster of this machine's cores, or on one that is joined."""

from __future__ import annotations

import heapq
import logging
import os
import secrets
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
        UsageError: Ray isn't installed.
        CatdogError: The cluster can't be reached, or is gone.
    """
    with ExitStack() as stack:
        # Read when Ray is imported, and by what it starts.
        stack.enter_context(_environment({"RAY_USAGE_STATS_ENABLED": "0"}))
        if address is None:
            ray = _started(workers or usable_cores(), stack)
        else:
            ray = _joined(address, stack)
        todo, pending = iter(tasks), dict[Any, tuple[int, str | None]]()
        do_shard = ray.remote(num_cpus=1, max_retries=shared.ATTEMPTS)(shared.on_one_core)
        nodes, most = shared.Sized(lambda: _cores(ray)), workers if address else None
        stack.callback(lambda: [ray.cancel(task) for task in pending])
        while True:
            where = [node for _, node in pending.values()]
            for node, shard in zip(places(nodes(), where, most), todo, strict=False):
                task = do_shard.options(scheduling_strategy=_strategy(node))
                pending[task.remote(plan_url, shard)] = shard, node
            if not pending:
                return
            done, _ = ray.wait(list(pending), timeout=shared.LOOK)
            if not done:
                shared.look(nodes(), address)
            for task in done:
                yield _outcome(ray, task, pending.pop(task)[0])


def places(
    nodes: Mapping[str, int], taken: Iterable[str | None], most: int | None = None
) -> Iterator[str | None]:
    """Yield the nodes that get the next shards, the least busy first.

    Ray packs what waits into a queue at one node, and another node may stand idle meanwhile, so
    each gets its own: a shard for each core, and one that waits. A few go to no node: those
    alone let Ray's autoscaler start nodes, where there is none or more are wanted.

    Args:
        nodes: How many cores each node has.
        taken: Where the shards are that were handed out and haven't ended. What was at a node that
            is gone is begun elsewhere by Ray.
        most: How many shards may be handed out at a time.

    >>> list(places({"a": 2, "b": 1}, ["a", "a", "b", None]))
    [None, 'a', 'b', 'a']
    >>> list(places({}, []))
    [None]
    """
    held = Counter(taken)
    room: dict[str | None, int] = {node: 2 * cores for node, cores in nodes.items() if cores}
    room[None] = max(1, len(room))
    left = (most or sum(room.values())) - held.total()
    heap = [(held[node] / room[node], str(node), node) for node in room if held[node] < room[node]]
    heapq.heapify(heap)
    while heap and left > 0:
        _, name, node = heapq.heappop(heap)
        yield node
        held[node], left = held[node] + 1, left - 1
        if held[node] < room[node]:
            heapq.heappush(heap, (held[node] / room[node], name, node))


def _cores(ray: Any) -> dict[str, int]:
    """Return how many whole cores each node has, which a shard takes one of."""
    return {
        node["NodeID"]: int(node["Resources"]["CPU"])
        for node in ray.nodes()
        if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
    }


def _strategy(node: str | None) -> Any:
    """Return what sends a task to a node, or elsewhere where that is gone."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return "SPREAD" if node is None else NodeAffinitySchedulingStrategy(node, soft=True)


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
        UsageError: It isn't installed.
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
