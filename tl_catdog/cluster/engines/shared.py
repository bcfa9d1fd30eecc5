"""What the engines of others share: the task that is sent, how many, and what is said."""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tl_catdog.cores import BLAS, CPUS
from tl_catdog.errors import CatdogError, CatdogWarning, UsageError, shortened

if TYPE_CHECKING:
    from tl_catdog.cluster.done import ShardDone, ShardFailed

T = TypeVar("T")

ATTEMPTS = 3
"""How often a shard is begun again whose worker was lost. A picture on which a process dies takes
one with it each time, and with it the work of whoever shares that process."""

AHEAD, FEWEST = 3, 32
"""Shards handed out at a time, for each core, and at least. It bounds what the caller and the
cluster hold in memory, whatever the number of shards; a core finds its next shard waiting, and a
cluster that grows with the work sees that there is some."""

CONNECT, LOOK, SIZED = 10, 30, 3
"""Seconds after which a cluster can't be reached, after which we look whether it has workers where
nothing is finished meanwhile, and for which a cluster is taken for as large as it was."""

ONE_CORE = dict.fromkeys((CPUS, *BLAS), "1")
"""Environment of a worker, which has one core."""

LONGEST = 30
"""Characters of the folder for temporary files: Ray's sockets in it may have no more than 107."""

AGAIN = "What is done is kept: start it, and type the command again."


def on_one_core(plan_url: str, shard: int) -> ShardDone | ShardFailed:
    """Do a shard in a worker; see ``work.try_shard``."""
    os.environ.update(ONE_CORE)  # before NumPy is imported, which reads it once
    from tl_catdog import runtime
    from tl_catdog.cluster.work import try_shard

    runtime.prepare_libraries()

    return try_shard(plan_url, shard)


def scratch(stack: ExitStack) -> str:
    """Make a folder for a cluster's logs and sockets, which goes when the stack is left."""
    base = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="tl-", dir=base if len(base) <= LONGEST else "/tmp")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def at_a_time(cores: int, workers: int | None) -> int:
    """Return how many shards to hand out at a time to a cluster of so many cores.

    >>> at_a_time(0, None), at_a_time(1000, None), at_a_time(1000, 4)
    (32, 3000, 4)
    """
    return min(workers or sys.maxsize, max(FEWEST, AHEAD * cores))


class Sized(Generic[T]):
    """A cluster's size, asked for now and then: it grows and shrinks while it works.

    Args:
        ask: Returns it.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self.ask = ask
        self.until = -math.inf

    def __call__(self) -> T:
        """Return how large it was some seconds ago at most."""
        if time.monotonic() >= self.until:
            self.now = self.ask()
            self.until = time.monotonic() + SIZED
        return self.now


def not_begun(shard: int, error: BaseException) -> ShardFailed:
    """Return what is said of a shard that no worker could begin: they lack what is needed.

    >>> not_begun(3, ModuleNotFoundError("No module named 'tl_catdog'")).fatal
    True
    """
    from tl_catdog.cluster.done import ShardFailed

    text = shortened(f"{type(error).__name__}: {' '.join(str(error).split())}", 300)
    lacking = "ModuleNotFoundError" in text or "ImportError" in text
    if lacking:
        text = f"expected this version of tl-catdog on every worker, found {text}"
    return ShardFailed(shard, text, fatal=lacking)


def look(workers: Any, address: str | None) -> None:
    """Warn where a cluster has no workers, for which its shards wait."""
    if not workers:
        warnings.warn(
            f"The cluster{f' at {address}' if address else ''} has no worker now: the work waits.",
            CatdogWarning,
            stacklevel=2,
        )


def absent(package: str, extra: str, error: ImportError | None = None) -> UsageError:
    """Return what is said where an engine isn't installed, or can't be imported."""
    why = "" if error is None else f" ({shortened(' '.join(str(error).split()), 200)})"
    return UsageError(
        f"expected {package}, which is to hand out the work, found none{why}.",
        f"Type: pip install 'tl-catdog[{extra}]', or leave out --on: processes here do the work.",
    )


def unreachable(engine: str, address: str | None, found: object, hint: str) -> CatdogError:
    """Return what is said where there is no cluster, or none any more."""
    text = shortened(" ".join(str(found).split()).rstrip("."), 300)
    where = "here" if address is None else f"at {shortened(address, 100)}"
    return CatdogError(f"expected a {engine} cluster {where}, found {text}.", hint)
