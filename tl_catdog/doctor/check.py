"""One line of the check-up, and how a check that fails in an unforeseen way becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tl_catdog.errors import CatdogError

State = Literal["ok", "warning", "failed"]
OK: State = "ok"
WARNING: State = "warning"
FAILED: State = "failed"

LONGEST = 200
"""Characters of another program's message; some of TensorFlow's go over pages."""


@dataclass(frozen=True)
class Check:
    """What was checked, how it is, and what to do about it if it isn't well."""

    name: str
    state: State
    detail: str
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the check for ``--json``."""
        return asdict(self)


def guarded(name: str, work: Callable[[], Iterable[Check]], hint: str) -> list[Check]:
    """Return the checks of ``work``; a failure becomes one of this name, with its hint or this."""
    found: list[Check] = []
    try:
        for check in work():  # those before a failure stay
            found.append(check)
    except CatdogError as error:
        found.append(Check(name, FAILED, error.message, error.hint or hint))
    except Exception as error:  # whatever it is, the other checks go on
        found.append(Check(name, FAILED, reason(error), hint))
    return found


def reason(error: BaseException) -> str:
    """Return an error's kind and the beginning of its message, in one line."""
    return one_line(f"{type(error).__name__}: {error}").removesuffix(":")


def one_line(text: str) -> str:
    """Return the beginning of another program's message, in one line."""
    return " ".join(text.split())[:LONGEST]
