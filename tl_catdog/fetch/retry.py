"""When a failed request is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server, in seconds, and how often to try again.

    Args:
        connect: For a connection.
        read: For the next bytes.
        tries: In a row that bring less than a hundredth of the file.
        first: The wait after the first failure; it doubles with each.
        longest: The longest such wait.
        asked: The longest wait that a server may ask for.
        sleep: What waits.
    """

    connect: float = 10
    read: float = 30
    tries: int = 6
    first: float = 1
    longest: float = 30
    asked: float = 120
    sleep: Callable[[float], None] = time.sleep

    def pause(self, failures: int) -> float:
        """Return how long to wait after so many failures: doubling, with chance, so that many
        clients don't come back at once.
        """
        return min(self.longest, self.first * 2.0 ** (failures - 1)) * random.uniform(0.5, 1)
