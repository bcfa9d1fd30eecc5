"""Work through a list on all cores, in order, never far ahead of the reader."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from tl_catdog import runtime
from tl_catdog.cores import usable_cores
from tl_catdog.errors import CatdogError

T = TypeVar("T")
R = TypeVar("R")

Progress = Callable[[int, int], None]
"""Called with (done, total) while a list is worked through; both count items."""

BATCH = 32
"""Items that a process is given at a time: sending each by itself would take longer than some."""


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``, the last one shorter."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def map_threaded(work: Callable[[T], R], items: Iterable[T], ahead: int = 64) -> Iterator[R]:
    """Apply ``work`` in threads, yielding results in order and at most ``ahead`` of the reader.

    Unlike ``Executor.map`` it never queues the whole input, so memory stays flat. Threads serve
    where the work lets go of the interpreter's lock, as Pillow's decoding and hashing do.
    """
    threads = min(usable_cores(), 32)
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="decode") as pool:
        source = iter(items)
        pending = deque(pool.submit(work, item) for item in islice(source, ahead))
        try:
            while pending:
                result = pending.popleft().result()
                pending.extend(pool.submit(work, item) for item in islice(source, 1))
                yield result
        finally:
            for future in pending:
                future.cancel()


def map_processes(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Apply ``work`` in processes, yielding results in order; memory stays flat here as well.

    They serve where the work holds the interpreter's lock, and cost a second to start.

    Args:
        work: A function of a module; it, the items and the results are sent between processes.
        items: What to apply it to.

    Raises:
        CatdogError: A process was killed, as systems do that run out of memory.
    """
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    batches = (delayed(_each)(work, batch) for batch in chunks(items, BATCH))
    try:
        with parallel_config("loky", inner_max_num_threads=1):  # a core for each
            results = Parallel(usable_cores(), return_as="generator")(batches)
        for some in results:
            yield from some
    except BrokenProcessPool as error:
        raise CatdogError(
            "expected enough memory for a process on each core, found one was killed.",
            "Close other programs, then type the command again.",
        ) from error


def _each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    runtime.ignore_pillow_warnings()  # this process is nobody else's
    return [work(item) for item in items]
