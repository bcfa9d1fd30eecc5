"""Cells of tables that people open in a spreadsheet, which takes some of them for formulas.

A class, a folder or a file may be called ``=HYPERLINK(…)``, and whoever called it so may mean harm.
A quote in front makes it a text (OWASP, "CSV injection"); what is read again loses it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")
"""How a cell begins that a spreadsheet may compute, after any quotes that are in front already."""
QUOTE = "'"


def defused(text: str) -> str:
    """Return a cell that every spreadsheet takes for a text.

    >>> defused("=1+1"), defused("-cats"), defused("cats"), defused("'=1+1"), defused("'cats'")
    ("'=1+1", "'-cats", 'cats', "''=1+1", "'cats'")
    """
    return QUOTE + text if FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Return what ``defused`` made a cell of.

    >>> [restored(defused(text)) for text in ("=1+1", "'=1+1", "cats", "'cats'")]
    ['=1+1', "'=1+1", 'cats', "'cats'"]
    """
    return cell[1:] if cell.startswith(QUOTE) and FORMULA.match(cell) else cell


def to_csv(rows: Iterable[Sequence[object]], *, lineterminator: str = "\r\n") -> str:
    """Return a table for people; texts are defused, numbers are as they are."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=lineterminator)
    for row in rows:
        writer.writerow([defused(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()
