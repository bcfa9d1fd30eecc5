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
"""Characters of another library's message; some of TensorFlow's go over pages."""


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, and what to do about it if it isn't well."""

    name: str
    state: State
    detail: str
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the check for ``--json``."""
        return asdict(self)


def guarded(name: str, work: Callable[[], Iterable[Check]], hint: str) -> list[Check]:
    """Return the checks of ``work``; where it fails, one failed check with the reason.

    Args:
        name: Of the failed check.
        work: Makes the checks.
        hint: What to do about a failure that doesn't say it itself.
    """
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
    text = " ".join(str(error).split())[:LONGEST]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def amount(size: float) -> str:
    """Return bytes as ``3.2 MB`` or ``12 GB``, in powers of ten as disks are sold."""
    for limit, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= limit:
            value = size / limit
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"
