"""One look for every chart, and the ways out of matplotlib: a PNG file, or SVG within a page.

Figures are made without pyplot, so nothing opens a window or stays in memory.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tl_catdog.files import atomic_path

BLUE, ORANGE, GREY, GREEN, RED = "#2b6cb0", "#c05621", "#718096", "#2f855a", "#c53030"
"""Told apart by people with any usual kind of colour blindness; green and red never alone."""

STYLE: dict[Any, Any] = {
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11.0,
    "axes.titlelocation": "left",
    "svg.hashsalt": "tl-catdog",  # the same figure is the same file
    "svg.fonttype": "none",  # texts stay texts: the reader's fonts have the letters of any name
}


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, laid out so that nothing overlaps."""
    with mpl.rc_context(STYLE):
        return Figure(figsize=(width, height), layout="constrained")


def new_axes(
    figure: Figure,
    title: str = "",
    x: str = "",
    y: str = "",
    place: tuple[int, int, int] = (1, 1, 1),
) -> Axes:
    """Add a pair of axes with its title and labels; ``place`` is rows, columns and number."""
    with mpl.rc_context(STYLE):
        axes = figure.add_subplot(*place)
        axes.set_title(title)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
    return axes


@contextlib.contextmanager
def _drawing() -> Iterator[None]:
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A class may be named in letters that the font lacks: a box stands there then.
        warnings.filterwarnings("ignore", message="Glyph")
        yield


def write_png(figure: Figure, path: Path, *, dpi: int = 150) -> None:
    """Write a figure as PNG; a reader never sees half of it."""
    with _drawing(), atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi, facecolor="white")


def svg(figure: Figure) -> str:
    """Return a figure as an ``<svg>`` element: sharp at every size and in print."""
    out = io.StringIO()
    with _drawing():
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
