"""Answers as a table for spreadsheets and programs, written while they come."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tl_catdog.files import atomic_path
from tl_catdog.spreadsheets import defused

if TYPE_CHECKING:
    from tl_catdog.api import Prediction

COLUMNS = ("path", "label", "probability", "answer", "doubt", "novelty", "error")
"""What every row has; then come the classes' probabilities, or the most probable classes."""
CLASS = "p:"

Add = Callable[["Prediction"], None]


def columns(classes: Sequence[str], top: int | None) -> tuple[str, ...]:
    """Return the table's columns.

    Args:
        classes: The run's.
        top: How many of the most probable classes a row has, instead of all of them in their order.

    >>> columns(("cat", "dog"), None)[-3:]
    ('error', 'p:cat', 'p:dog')
    >>> columns(("cat", "dog", "fox"), 2)[-3:]
    ('error', 'label 2', 'probability 2')
    """
    if top is None:
        return (*COLUMNS, *(CLASS + name for name in classes))
    places = range(2, min(top, len(classes)) + 1)
    return (
        *COLUMNS,
        *(f"{name} {place}" for place in places for name in ("label", "probability")),
    )


def row(said: Prediction, classes: Sequence[str], top: int | None) -> list[str]:
    """Return an answer's cells, as ``columns`` heads them; probabilities have six decimals."""
    known = said.probabilities or {}
    cells = [
        str(said.place),
        said.label or "",
        _number(said.confidence),
        said.answer or "",
        said.doubt or "",
        _number(said.novelty),
        said.error or "",
    ]
    if top is None:
        return [*cells, *(_number(known.get(name)) for name in classes)]
    for name, chance in most_probable(said, top)[1:]:
        cells += [name, _number(chance)]
    return cells + [""] * (len(columns(classes, top)) - len(cells))


def most_probable(said: Prediction, top: int) -> list[tuple[str, float]]:
    """Return the most probable classes and their probabilities, most probable first."""
    return sorted((said.probabilities or {}).items(), key=lambda item: -item[1])[:top]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


@contextlib.contextmanager
def table(path: Path, classes: Sequence[str], top: int | None) -> Iterator[Add]:
    """Give what adds a row; at the end of the block the table has its name.

    It has it as well, with the rows so far, if Ctrl-C ends the block. No cell can be a formula in a
    spreadsheet (``spreadsheets.restored`` takes off what that needs).

    Raises:
        OSError: It can't be written.
    """
    stopped: KeyboardInterrupt | None = None
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out,
    ):
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(map(defused, columns(classes, top)))
        try:
            yield lambda said: writer.writerow(map(defused, row(said, classes, top)))
        except KeyboardInterrupt as error:
            stopped = error
    if stopped is not None:
        raise stopped
