"""Gives memory back that large requests needed."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time
from collections.abc import Callable
from functools import cache

LARGE = 2**20
"""Bytes of a request after which there is something to give back."""

EACH = 2.0
"""Seconds from one time to the next: each takes some milliseconds."""


class Memory:
    """What the C library keeps of freed memory for later, and would never give back."""

    def __init__(self) -> None:
        self._last = -EACH

    def give_back(self, used: int) -> bool:
        """Give freed memory back to the system after a large request; return whether it was done.

        Args:
            used: Bytes of the request.
        """
        now = time.monotonic()
        if used < LARGE or now - self._last < EACH:
            return False
        self._last = now
        _trim()(0)
        return True


@cache
def _trim() -> Callable[[int], object]:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than GNU's
            found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
            return found
    return lambda pad: None
