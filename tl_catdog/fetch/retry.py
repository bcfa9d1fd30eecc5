"""When a failed request is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server, in seconds, and how often to try again.

    Attributes:
        connect_timeout: The longest wait for a connection.
        read_timeout: The longest wait for the next bytes.
        tries: Give up after so many in a row that bring less than a hundredth of the file.
        first_wait: The wait after the first failure; it doubles with each.
        longest_wait: The longest such wait.
        longest_retry_after: The longest wait that a server may ask for.
        sleep: Called with the seconds to wait.
    """

    connect_timeout: float = 10
    read_timeout: float = 30
    tries: int = 6
    first_wait: float = 1
    longest_wait: float = 30
    longest_retry_after: float = 120
    sleep: Callable[[float], None] = time.sleep

    def wait_after(self, failures: int) -> float:
        """Return how many seconds to wait after so many failures, 1 or more.

        The wait doubles with each, and half of it is left to chance, so that many clients don't
        come back at once.
        """
        doubled = self.first_wait * 2.0 ** (failures - 1)
        return min(self.longest_wait, doubled) * random.uniform(0.5, 1)
