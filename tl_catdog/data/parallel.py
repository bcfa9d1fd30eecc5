"""Work through a list in threads, in order, never far ahead of the reader."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def usable_cores() -> int:
    """Return how many cores this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``, the last one shorter."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def in_order(work: Callable[[T], R], items: Iterable[T], ahead: int = 64) -> Iterator[R]:
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
