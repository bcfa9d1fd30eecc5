"""Which request of a page was the last that changed something, so that a repeat does nothing.

Whoever loses the connection can't know whether a request came through, and sends it again. A page
gives what it asks for growing numbers, and sends one at a time: the last one of each is enough.
"""

from __future__ import annotations

from typing import Any

from tl_catdog.errors import UsageError

TABS = 1000  # whose last request is remembered


class Repeats:
    """The last request of each tab, and where the journal says what it did."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}

    def heard(self, tab: str, request: Any, line: int) -> None:
        """Take note that a request was done; of what is no number of one nothing is noted.

        Args:
            tab: Whose it is.
            request: Its number, above 0.
            line: Where its line begins in the journal.
        """
        if type(request) is int and request > 0:
            self._last.pop(tab, None)
            self._last[tab] = request, line
            if len(self._last) > TABS:
                del self._last[next(iter(self._last))]

    def line(self, tab: str, request: int) -> int | None:
        """Return where the journal says what a request did; None: it is a new one.

        Raises:
            UsageError: The tab has asked for something since: this one comes too late.
        """
        last, line = self._last.get(tab, (0, 0))
        if request < last:
            raise UsageError(
                "expected something new, found what was asked for before the last change.",
                "Look at the folder again, then say it again",
            )
        return line if request == last else None
