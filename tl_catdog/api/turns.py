"""Trainings take turns in a process, and leave its random numbers as they were.

A training seeds generators that the whole process shares: Python's, NumPy's and TensorFlow's. Two
at once would draw from each other's, and neither would give what it gives alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tl_catdog.errors import UsageError
from tl_catdog.runtime import ProcessLock, random_numbers_kept

_turn = ProcessLock()


@contextlib.contextmanager
def turn(waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Wait until no other thread trains, and train in the block; seeds nobody else notices.

    Args:
        waiting: Called if there is something to wait for.

    Raises:
        UsageError: This thread trains already: an observer called us.
    """
    if _turn.is_mine:
        raise UsageError(
            "expected a training that has ended, found one that is under way in this thread: its "
            "observer can't train, as the two would draw from the same random numbers.",
            "Train when it has ended, or in another process.",
        )
    if waiting is not None and _turn.is_taken:
        waiting()
    with _turn, random_numbers_kept():
        yield
