"""What getting a set tells its caller on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _silent(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Listener:
    """What to call on the way.

    Attributes:
        progress: Called with (step, done, total): ``downloading``, ``checking`` or ``unpacking``,
            and bytes.
        say: Called with a sentence for people.
    """

    progress: Callable[[str, int, int], None] = _silent
    say: Callable[[str], None] = _silent
