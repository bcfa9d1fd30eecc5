"""Dask hands shards out: on a cluster of this machine's cores, or on one that is joined."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from tl_catdog.cluster.done import LOST, ShardDone, ShardFailed
from tl_catdog.cluster.engines import shared
from tl_catdog.cores import usable_cores

HINT = "Type: dask scheduler, and give the address that it shows: --address tcp://HOST:8786"


def run(
    tasks: Sequence[int],
    plan_url: str,
    *,
    workers: int | None = None,
    address: str | None = None,
) -> Iterator[ShardDone | ShardFailed]:
    """Do shards on Dask; see ``Engine.run``.

    Args:
        tasks: The shards' numbers.
        plan_url: Where the plan is, as workers reach it.
        workers: How many processes; of a cluster that is joined, how many shards at a time.
        address: ``tcp://HOST:PORT``, ``tls://HOST:PORT``, or a scheduler's file; None to start one.

    Raises:
        UsageError: Dask isn't installed.
        CatdogError: The cluster can't be reached, or is gone.
    """
    try:
        import distributed
    except ImportError as error:
        raise shared.absent("Dask", "dask", error) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # workers come and go
    todo, pending = iter(tasks), dict[Any, int]()
    with ExitStack() as stack:
        if address is None:
            client = _started(distributed, workers or usable_cores(), stack)
        else:
            client = _joined(distributed, address, stack)
        stack.callback(lambda: client.cancel(list(pending)))
        cores = shared.Sized(lambda: sum(client.nthreads().values()))
        try:
            while True:
                most = shared.at_a_time(cores(), workers if address else None)
                for shard in islice(todo, max(0, most - len(pending))):
                    # Not "pure": whoever asks for a shard again wants it done, not remembered.
                    task = client.submit(shared.on_one_core, plan_url, shard, pure=False)
                    pending[task] = shard
                if not pending:
                    return
                try:
                    waiting: Any = distributed.wait  # it has no types
                    done = waiting(list(pending), shared.LOOK, "FIRST_COMPLETED").done
                except TimeoutError:
                    shared.look(client.nthreads(), address)
                    continue
                for task in done:
                    yield _outcome(distributed, task, pending.pop(task))
        except (CancelledError, OSError) as error:
            raise shared.unreachable("Dask", address, "it gone", shared.AGAIN) from error


def _outcome(distributed: Any, task: Any, shard: int) -> ShardDone | ShardFailed:
    """Return what became of a shard; one that took its worker with it again and again is lost."""
    error = task.exception()
    if error is None:
        done: ShardDone | ShardFailed = task.result()
        return done
    if isinstance(error, distributed.KilledWorker):
        return ShardFailed(shard, LOST)
    return shared.not_begun(shard, error)


def _started(distributed: Any, workers: int, stack: ExitStack) -> Any:
    """Start a cluster on this machine, which nobody else on it can give work to; it ends with us.

    Processes are spawned: threads of ONNX Runtime and TensorFlow don't survive a fork.
    """
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": shared.ATTEMPTS,
        "distributed.worker.multiprocessing-method": "spawn",
        "distributed.worker.memory.terminate": False,  # memory is that of one shard
        "distributed.worker.daemon": True,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.comm.timeouts.connect": "60s",  # of a machine that is busy
    }
    stack.enter_context(dask.config.set(settings))
    cluster = distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        protocol="tls",
        security=distributed.Security.temporary(),
        dashboard_address="127.0.0.1:0",
        local_directory=shared.scratch(stack),
        memory_limit=0,
        silence_logs=logging.CRITICAL,
        env=shared.ONE_CORE,
    )
    stack.enter_context(cluster)
    return stack.enter_context(distributed.Client(cluster))


def _joined(distributed: Any, address: str, stack: ExitStack) -> Any:
    """Join a cluster, which stays when we leave.

    Raises:
        CatdogError: It can't be reached, or has other versions of Dask.
    """
    found = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
    try:
        client = stack.enter_context(distributed.Client(**found, timeout=shared.CONNECT))
        client.get_versions(check=True)
    except MemoryError as error:  # the first bytes are taken for a length
        raise shared.unreachable("Dask", address, "another program there", HINT) from error
    except (OSError, ValueError, ImportError, RuntimeError, AssertionError) as error:
        # It asserts that a thread of its own starts in 10 s, which a busy machine may not do.
        raise shared.unreachable("Dask", address, str(error) or "no answer", HINT) from error
    return client
