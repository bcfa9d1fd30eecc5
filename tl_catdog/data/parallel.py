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


def workers() -> int:
    """Return how many threads decode: Pillow lets go of the interpreter's lock while it works."""
    usable = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    return int(min(usable, 32))


def in_order(work: Callable[[T], R], items: Iterable[T], ahead: int = 64) -> Iterator[R]:
    """Apply ``work`` in threads, yielding results in order and at most ``ahead`` of the reader.

    Unlike ``Executor.map`` it never queues the whole input, so memory stays flat.
    """
    with ThreadPoolExecutor(max_workers=workers(), thread_name_prefix="decode") as pool:
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
