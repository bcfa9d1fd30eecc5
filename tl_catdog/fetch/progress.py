"""What a download says on its way, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _silent(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Listener:
    """Who hears of it.

    ``progress`` takes what is done, and how many bytes of how many; ``say`` takes a sentence.
    """

    progress: Callable[[str, int, int], None] = _silent
    say: Callable[[str], None] = _silent


def megabytes(size: int) -> str:
    """Return bytes as ``68.6 MB``."""
    return f"{size / 1e6:,.1f} MB"
