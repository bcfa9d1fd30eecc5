"""Where output goes: results to standard output, everything said on the way to standard error.

Texts may hold the names of files, classes and runs, which are whatever a stranger called them:
everything here shows control characters, reads no markup and leaves long lines to the terminal.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from tl_catdog.errors import CatdogError, CatdogWarning, UsageError, shortened
from tl_catdog.files import naming
from tl_catdog.wording import printable

if TYPE_CHECKING:
    from rich.progress import SpinnerColumn, TextColumn

PNG = ".png"
INTERRUPTED = 130  # what shells give for a process that SIGINT ended: 128 + 2


def results() -> Console:
    """Return the console for results."""
    return _console()


def notices() -> Console:
    """Return the console for progress, notes and warnings."""
    return _console(stderr=True)


def _console(*, stderr: bool = False) -> Console:
    """Return a console that shows every text as it is: no ``[red]``, no ``:dog:`` is read in it."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def spinner_column() -> SpinnerColumn:
    """Return what turns while work goes on whose end nobody knows yet."""
    from rich.progress import SpinnerColumn

    return SpinnerColumn()


def text_column(text: str) -> TextColumn:
    """Return a column of a progress bar that shows its text as it is."""
    from rich.progress import TextColumn

    return TextColumn(text, markup=False)


def say(*lines: object, style: str | None = None) -> None:
    """Print results, one line for each."""
    for line in lines:
        results().print(printable(line), style=style, soft_wrap=True)


def note(text: str, *, style: str = "yellow") -> None:
    """Print one line that is no result to standard error."""
    notices().print(printable(text), style=style, soft_wrap=True)


def complain(error: CatdogError) -> None:
    """Say in one line what was expected, what was found, and what to type next."""
    line = " ".join(_bounded(word) for word in f"{error.message} {error.hint}".split())
    note(f"Error: {shortened(line, MOST)}", style="red")


WORD, MOST = 255, 1500
"""Characters of a word, such as a path, and of an error, which may quote what a stranger wrote."""


def _bounded(word: str) -> str:
    return word if len(word) <= WORD else shortened(word)


@contextlib.contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Show each warning of ours in one line, once, and those of others as Python does."""
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, CatdogWarning):
            others(message, category, *place, **more)
        elif str(message) not in said:
            said.add(str(message))
            note(f"Warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", CatdogWarning)
        others, warnings.showwarning = warnings.showwarning, show
        yield


@contextlib.contextmanager
def on_ctrl_c(message: str | Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C in the block into a note and exit code 130.

    Args:
        message: What became of the work; a function is called when it happens.
    """
    try:
        yield
    except KeyboardInterrupt:
        note(message if isinstance(message, str) else message())
        raise typer.Exit(INTERRUPTED) from None


def print_json(value: Any) -> None:
    """Print a value as one line of JSON, plain and unwrapped.

    Objects within it are printed as their ``to_json`` gives them, paths as text.
    """
    sys.stdout.write(json.dumps(value, default=_jsonable) + "\n")
    sys.stdout.flush()


def _jsonable(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return value.to_json()


MISPLACED = (
    errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS,
)  # fmt: skip
"""What is wrong with the place that was named, rather than with the disk."""


@contextlib.contextmanager
def writing(path: Path, option: str = "--out") -> Iterator[None]:
    """Turn the failure to write what an option names into an error that says so.

    Raises:
        UsageError: The place can't be written to.
        OSError: Something else is wrong, such as a disk that is full; it names the place.
    """
    try:
        with naming(path):
            yield
    except OSError as error:
        if error.errno not in MISPLACED:
            raise
        raise UsageError(
            f"expected a file that can be written, found {path} ({error.strerror}).",
            f"Type: {option} {path.name or 'FILE'}",
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
