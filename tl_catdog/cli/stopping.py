"""Signals that ask a training to end: it keeps what it has, and a second one ends it at once."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl-C; a container's stop and a scheduler's time limit; a terminal that closes."""

AGAIN = 0.05
"""Seconds after which a signal whose exception was lost is raised once more."""


class Asked:
    """Which signal asked, if one did.

    Attributes:
        number: The signal's, or 0.
    """

    def __init__(self) -> None:
        self.number = 0

    @property
    def exit_code(self) -> int:
        """What shells give for a process that a signal ended; 130 where it was Ctrl-C."""
        return 128 + (self.number or signal.SIGINT)


@contextlib.contextmanager
def asked_to_stop() -> Iterator[Asked]:
    """Raise ``KeyboardInterrupt`` at the first signal; leave the next one to the system.

    A signal that is ignored, as ``nohup`` ignores SIGHUP, stays so. One that comes while Python
    runs a callback of its own, as of a weak reference, where exceptions are only told, is raised
    again a moment later.
    """
    asked = Asked()
    kept = {
        number: signal.getsignal(number)
        for number in SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }

    def stop(number: int, frame: FrameType | None) -> None:
        asked.number = number
        for each in kept:
            signal.signal(each, signal.SIG_DFL)
        raise KeyboardInterrupt

    told = sys.unraisablehook

    def raise_again(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt) or not asked.number:
            told(lost)
            return
        signal.signal(asked.number, stop)
        threading.Timer(AGAIN, _thread.interrupt_main, (asked.number,)).start()

    for number in kept:
        signal.signal(number, stop)
    sys.unraisablehook = raise_again
    try:
        yield asked
    finally:
        sys.unraisablehook = told
        for number, handler in kept.items():
            signal.signal(number, handler)
