"""The one family of errors a user may see: what is wrong, and the next command to type."""

from __future__ import annotations

from collections.abc import Iterable


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


def listing(items: Iterable[object], limit: int = 6) -> str:
    """Return the items in one line for an error, the first ``limit`` of them by name.

    >>> listing(["cats", "dogs"]), listing("abcdefgh", limit=3), listing([])
    ('cats, dogs', 'a, b, c and 5 more', 'nothing')
    """
    names = [str(item) for item in items]
    if len(names) <= limit:
        return ", ".join(names) if names else "nothing"
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"
