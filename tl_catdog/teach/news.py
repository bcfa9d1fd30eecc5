"""Tells waiting pages that something has changed, whichever part of the server changed it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from tl_catdog.errors import CatdogError

LOOKS_EACH = 2.0
"""Seconds between two looks at what others changed on the disk, while a page waits."""


class News:
    """A number that changes with everything a page shows, and those who wait for another one.

    It begins at the time in milliseconds, so that a page of a server that ended knows nothing of
    the next one.

    Args:
        look: Called in a thread now and then while somebody waits.
    """

    def __init__(self, look: Callable[[], object] = lambda: None) -> None:
        self._look = look
        self._number = int(1000 * time.time())
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._ended = False
        self._looked = 0.0

    @property
    def number(self) -> int:
        """Which news is the last."""
        return self._number

    def tell(self) -> None:
        """Say that something changed; from any thread, also from a signal's handler."""
        self._number += 1  # a lost update of two threads still is another number
        self._wake()

    def end(self) -> None:
        """Let nobody wait any longer: the server ends."""
        self._ended = True
        self._wake()

    async def after(self, since: int, seconds: float) -> int:
        """Return the number once it is another than ``since``, or after so many seconds."""
        loop = asyncio.get_running_loop()
        waiter = (loop, asyncio.Event())
        until = loop.time() + seconds
        self._waiting.add(waiter)
        try:
            while self._number == since and not self._ended:
                left = until - loop.time()
                if left <= 0:
                    break
                if loop.time() - self._looked >= LOOKS_EACH:
                    self._looked = loop.time()
                    with contextlib.suppress(OSError, CatdogError):  # the next request says it
                        await asyncio.to_thread(self._look)
                    continue
                try:
                    await asyncio.wait_for(waiter[1].wait(), min(left, LOOKS_EACH))
                except TimeoutError:
                    continue
                waiter[1].clear()
        finally:
            self._waiting.discard(waiter)
        return self._number

    def _wake(self) -> None:
        for loop, event in list(self._waiting):
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # that loop has ended
                self._waiting.discard((loop, event))
