"""How far a batch is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Progress:
    """How far a batch is.

    Attributes:
        step: ``listing``, ``looking``, ``working`` or ``closing``.
        shards: How many there are; 0 while that isn't known.
        rows: How many pictures there are, or are listed so far.
        done: Shards that are done, those of earlier commands among them.
        done_rows: Their pictures.
        computed_rows: Pictures that were computed by this command.
        seconds: Since the work began.
        errors: Pictures that have an error, by kind.
        failures: Tries of shards that failed, by reason.
    """

    step: str = "listing"
    shards: int = 0
    rows: int = 0
    done: int = 0
    done_rows: int = 0
    computed_rows: int = 0
    seconds: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.computed_rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end; None while that can't be told."""
        return (self.rows - self.done_rows) / self.rate if self.rate else None


Show = Callable[[Progress], None]
