"""The one family of errors a user may see: what is wrong, and the next command to type."""

from __future__ import annotations

import errno
import os
import reprlib
from collections.abc import Iterable
from typing import Any


class CatdogError(Exception):
    """A job that failed for a reason the user can act on.

    Args:
        message: What was expected and what was found, in one sentence.
        hint: The next command to type, or what to change.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(CatdogError):
    """The command, its options or the data it was pointed at are not usable as given."""

    exit_code = 2


class ImageError(CatdogError):
    """One picture can't be decoded; ``message`` is the reason, without the path."""


class CatdogWarning(UserWarning):
    """Something that a user should know of, though the work goes on without it; one line."""


def listing(items: Iterable[object], limit: int = 6) -> str:
    """Return the items in one line for an error, the first ``limit`` of them by name.

    >>> listing(["cats", "dogs"]), listing("abcdefgh", limit=3), listing([])
    ('cats, dogs', 'a, b, c and 5 more', 'nothing')
    """
    names = [str(item) for item in items]
    if len(names) <= limit:
        return ", ".join(names) if names else "nothing"
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"


REFUSALS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.EACCES, errno.EIO, errno.EMFILE),
)
"""What a system refuses because of its disks or limits, whatever this program does."""


def refusal_in(error: BaseException) -> int | None:
    """Return which refusal of the system an error is, or tells of in words; None if it is none.

    TensorFlow, HDF5 and SQLite have errors of their own for a full disk.

    >>> refusal_in(RuntimeError("write failed: No space left on device")) == errno.ENOSPC
    True
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in REFUSALS else None
    text = str(error)
    if "database or disk is full" in text:  # SQLite
        return errno.ENOSPC
    return next((number for number in REFUSALS if os.strerror(number) in text), None)


LONGEST = 60
"""Characters of a value that an error shows at most; of what a stranger made there may be any."""


def shown(value: Any) -> str:
    """Return a value as an error shows it: a text in quotes, none of it longer than a line.

    >>> shown("cats"), shown(float("nan")), shown(["a"] * 1000), shown(10**5000)
    ("'cats'", 'nan', "['a', 'a', 'a', 'a', 'a', 'a', ...]", 'int of many digits')
    >>> len(shown("a" * 3000))
    60
    """
    try:
        return shortened(_SHORT.repr(value))
    except ValueError:  # Python prints no number of more than 4,300 digits
        return f"{type(value).__name__} of many digits"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = LONGEST


def shortened(text: str, most: int = LONGEST) -> str:
    """Return a text with its middle left out where it is longer than ``most``.

    >>> shortened("abcdefghij", 7), shortened("abc", 7)
    ('abc…hij', 'abc')
    """
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[: most - 1 - half]}…{text[-half:]}"
