"""Declares one setting, and checks what is given for it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from tl_catdog.errors import LONGEST, UsageError, shown


def option(
    group: str, default: Any, help: str, *, low: float | None = None, high: float | None = None
) -> Any:
    """Declare a setting: its group, its default, its help text and its inclusive range."""
    metadata = {"group": group, "help": help, "low": low, "high": high}
    return field(default=default, metadata=metadata)


def flag(name: str) -> str:
    """Return the command-line option of a setting."""
    return "--from" if name == "from_run" else "--" + name.replace("_", "-")


def check(
    name: str,
    value: Any,
    accepted: tuple[Any, ...],
    words: tuple[str, ...],
    metadata: Mapping[str, Any],
) -> None:
    """Make sure that a setting's value is one.

    Args:
        name: The setting.
        value: What is given for it.
        accepted: The types that it accepts.
        words: The words that it accepts, if it is a choice.
        metadata: What ``option`` made of its limits.

    Raises:
        UsageError: It is of another type, no such word, or out of range.
    """
    if value is None and type(None) in accepted:
        return
    if words:
        if not isinstance(value, str) or value not in words:
            near = nearest(value[:LONGEST], words) if isinstance(value, str) else None
            raise UsageError(
                f"expected {name} to be one of {', '.join(words)}, found {shown(value)}.",
                f"Type: {flag(name)} {near or words[0]}",
            )
        return
    low, high = metadata["low"], metadata["high"]
    whole = float in accepted and type(value) is int  # will do for a fraction
    if type(value) not in accepted and not whole:
        wanted = " or ".join(kind.__name__ for kind in accepted if kind is not type(None))
    elif isinstance(value, str) and not _can_be_a_name(value):
        wanted = "a text that isn't empty and that a file could be named"
    elif low is not None and not low <= value <= high:  # also refuses nan
        wanted = f"from {low} to {high}"
    else:
        return
    raise UsageError(
        f"expected {name} to be {wanted}, found {shown(value)}.", "Type: tl-catdog train --help"
    )


def _can_be_a_name(text: str) -> bool:
    try:
        return bool(text.strip()) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a character
        return False


def nearest(word: str, words: tuple[str, ...]) -> str | None:
    """Return the word that was probably meant, or None."""
    return next(iter(difflib.get_close_matches(word, words, 1)), None)
