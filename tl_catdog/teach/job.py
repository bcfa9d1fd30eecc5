"""Something that is kept by a command: what it is, how far it is, what it said."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.data.reading import open_file
from tl_catdog.wording import printable

MOST = 2**40  # bytes of what a command said
LINES, TAIL = 60, 16_384  # that are told of what a process says; bytes that they are looked for in

RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"


@dataclass(frozen=True)
class Job:
    """Something that is being done by a command, or was.

    Attributes:
        id: What the page calls it.
        kind: ``train``, ``export``, ``report`` or ``compare``.
        run: The run that it makes, or is about.
        command: What a person would type for the same.
        state: ``running``, ``done``, ``failed`` or ``stopped``.
        lines: What it said last, oldest first.
        seconds: How long it took, or takes so far.
        out: What it leaves, a folder or a file; None for a run's own place.
    """

    id: str
    kind: str
    run: str
    command: str
    state: str = RUNNING
    lines: tuple[str, ...] = ()
    seconds: float = 0.0
    out: Path | None = None

    @property
    def download(self) -> bool:
        """Whether there is something to download."""
        return self.state == DONE and self.out is not None

    def to_json(self) -> dict[str, Any]:
        """Return what the page is told."""
        return {
            "id": self.id,
            "kind": self.kind,
            "run": self.run,
            "command": self.command,
            "state": self.state,
            "lines": list(self.lines),
            "seconds": round(self.seconds, 1),
            "download": self.download,
        }


def last_lines(log: Path) -> tuple[str, ...]:
    """Return the last lines of what a command said, as they may be shown.

    A folder may be a stranger's: what a link leads to isn't shown, and no pipe is waited for.
    """
    if log.is_symlink():
        return ()
    try:
        with open_file(log, MOST) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            text = file.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return ()
    lines = [printable(line.rstrip()) for line in text.splitlines() if line.strip()]
    return tuple(lines[-LINES:])
