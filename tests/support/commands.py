"""What tests of commands share: errors in one line, calls that are watched, names that are odd."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

ODD = os.fsdecode(b"[red]odd\x1b[31m\xff")
"""A name that marks up, commands a terminal, and isn't UTF-8."""

SHOWN = r"[red]odd\x1b[31m\udcff"
"""The same as people may see it."""


def assert_one_line(err: str) -> None:
    """An error is one line that says what was expected, what was found and what to type."""
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, err
    assert "expected" in lines[0]
    assert "found" in lines[0]
    assert "Traceback" not in err


GROUPS = [("data",), ("batch",)]
"""They only hold commands."""


def commands() -> list[tuple[str, ...]]:
    """Return the words of each command and group, and of the program itself: none."""
    from tl_catdog.cli import app

    return [(), *_below(typer.main.get_command(app), ())]


def _below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, found in group.commands.items():
        yield (*words, name)
        if hasattr(found, "commands"):
            yield from _below(found, (*words, name))


class StoppedError(Exception):
    """Ends a command at a call that is watched."""


Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]


def watched(
    monkeypatch: pytest.MonkeyPatch, target: str, result: Callable[..., Any] | None = None
) -> Calls:
    """Record the calls of a function: its positional and its named arguments.

    Args:
        monkeypatch: Puts the function back.
        target: The function, by its dotted name.
        result: Called instead of it; by default the command ends there, with exit code 1.
    """
    calls: Calls = []

    def call(*args: Any, **named: Any) -> Any:
        calls.append((args, named))
        if result is None:
            raise StoppedError
        return result(*args, **named)

    monkeypatch.setattr(target, call)
    return calls


def interrupt(*_: Any, **__: Any) -> Any:
    """Stand in for a function during which Ctrl-C is pressed."""
    raise KeyboardInterrupt
