"""Where output goes: results to standard output, everything said on the way to standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from tl_catdog.errors import CatdogError, UsageError

PNG = ".png"


def results() -> Console:
    """Return the console for results."""
    return Console(highlight=False)


def notices() -> Console:
    """Return the console for progress, notes and warnings."""
    return Console(stderr=True, highlight=False)


def complain(error: CatdogError) -> None:
    """Say in one line what was expected, what was found, and what to type next."""
    line = " ".join(f"{error.message} {error.hint}".split())
    notices().print(f"Error: {line}", style="red", markup=False, soft_wrap=True)


def note(text: str, *, style: str = "yellow") -> None:
    """Say something in passing."""
    notices().print(text, style=style, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON, plain and unwrapped."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the failure to write what ``--out`` names into an error that says so.

    Raises:
        UsageError: The block couldn't write.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"expected a file that can be written, found {path} ({error.strerror}).",
            f"Type: --out {path.name or 'FILE'}",
        ) from error


def png_file(path: Path) -> Path:
    """Return a path that a picture can be written to.

    Raises:
        UsageError: Its name ends otherwise, or it is a folder.
    """
    if path.suffix.lower() != PNG or path.is_dir():
        raise UsageError(
            f"expected the name of a file that ends in {PNG}, found {path}.",
            f"Type: --out {path.with_suffix(PNG) if path.name else f'picture{PNG}'}",
        )
    return path


def printable(name: object) -> str:
    """Return a file's name with control characters made visible, for people's eyes."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(name))
