"""What threads with long work do for others: stand behind them, and give their memory back."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from functools import cache

NICE = 15
"""How far long work stands behind: a core that both want is its own for a thirtieth of the time."""


def give_way() -> None:
    """Let this thread's work wait for that of others.

    On Linux alone a priority can be a thread's; elsewhere it would be the whole program's.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def return_memory() -> None:
    """Give freed memory back to the system, where the C library would keep it for later."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than GNU's
            found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
            return found
    return lambda pad: None
