"""Which words of a command line may be addresses such as ``s3://bucket/cats``; others are refused.

Taken for a file's name, an address would make a folder ``s3:`` here, and say that all went well.
"""

from __future__ import annotations

from typing import Any

from tl_catdog.errors import UsageError
from tl_catdog.storage.places import bare, is_url, protocol_of

ANYWHERE = frozenset(
    {"--features", "--address", "--allow-origin", "--allow-host", "--host", "--root-path"}
)
"""Options that may hold an address in each command that has them; the last five are of servers."""

OF_COMMANDS = {
    "train": {"--data"},
    "evaluate": {"--data"},
    "learning-curve": {"--data"},
    "tune": {"--data"},
    "export": {"--data"},
    "predict": {"paths"},
    "explain": {"picture"},
    "data check": {"folder"},
    "data show": {"folder"},
    "batch predict": {"source", "--out"},
    "batch features": {"source", "--out"},
    "batch check": {"source", "--out"},
}
"""What else may: pictures, which are fetched, and what ``batch`` writes."""


def refuse_others(command: str, item: Any, values: list[Any] | tuple[Any, ...]) -> None:
    """Make sure that a word of a command line is no address, unless it may be.

    Args:
        command: The words of the command, such as ``data check``.
        item: The option or argument.
        values: What was given for it.

    Raises:
        UsageError: One is an address.
    """
    name = item.opts[0] if item.opts[0].startswith("-") else str(item.name)
    if name in ANYWHERE or name in OF_COMMANDS.get(command, ()):
        return
    for value in values:
        if isinstance(value, str) and is_url(value):
            web = protocol_of(value) in ("http", "https")
            copy = "download it" if web else "copy it from or to the store"
            raise UsageError(
                f"expected a file or folder of this machine for {name}, found an address, "
                f"{bare(value)}.",
                f"Name one here, and {copy}",
            )
