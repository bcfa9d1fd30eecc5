"""A line of JSON for each request, which never holds up an answer."""

from __future__ import annotations

import json
import queue
import threading
from datetime import UTC, datetime
from typing import TextIO

from tl_catdog.errors import shortened
from tl_catdog.serve.guard import Seen

WAITING = 10_000
"""Lines that may wait for a slow disk or reader; later ones are counted, not kept."""


def line_of(seen: Seen, now: datetime, lost: int = 0) -> str:
    """Return a request's line: ASCII, whatever its path is; no header, name of a file or token.

    >>> seen = Seen("192.0.2.7", "GET", "/a\\n\\x1b[2J", 404, 41, 0.0012)
    >>> print(line_of(seen, datetime(2026, 1, 2, 3, 4, 5, 678901, UTC))[:84])
    {"time": "2026-01-02T03:04:05.678Z", "client": "192.0.2.7", "method": "GET", "path":
    """
    found: dict[str, object] = {
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "client": shortened(seen.client),
        "method": shortened(seen.method, 16),
        "path": shortened(seen.path, 200),
        "status": seen.status,
        "ms": round(1000 * seen.seconds, 1),
        "bytes": seen.bytes,
        "pictures": seen.pictures,
    }
    if lost:
        found["lines_lost_before"] = lost
    return json.dumps(found)


class AccessLog:
    """Writes lines in a thread of its own.

    Args:
        file: Where to; flushed after each burst of lines. A reader that is gone or a full disk
            costs lines, which the next one counts.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lines: queue.Queue[tuple[Seen, datetime] | None] = queue.Queue(WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="access-log", daemon=True)
        self._thread.start()

    def write(self, seen: Seen) -> None:
        """Log a request."""
        try:
            self._lines.put_nowait((seen, datetime.now(UTC)))
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits; not for longer than a second, as its reader may be stuck."""
        try:
            self._lines.put(None, timeout=1)
        except queue.Full:
            return
        self._thread.join(1)

    def _write(self) -> None:
        while (found := self._lines.get()) is not None:
            lost, self._lost = self._lost, 0
            try:
                self._file.write(line_of(*found, lost) + "\n")
                if self._lines.empty():
                    self._file.flush()
            except (OSError, ValueError):
                self._lost += lost + 1
