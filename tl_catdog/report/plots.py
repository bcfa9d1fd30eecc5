"""Charts of an evaluation: reliability, robustness, learning, confusion."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import PercentFormatter

from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.evaluation.reliability import Reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.models.forward import PLAIN
from tl_catdog.pages.charts import BLUE, GREY, ORANGE, new_axes, new_figure
from tl_catdog.statistics import Estimate
from tl_catdog.wording import PERCENT, printable

WIDTH = 4.6
"""Inches: text is still readable where a phone shows the whole width."""


def reliability_chart(found: Reliability) -> Figure:
    """Draw how often answers are right against how sure they are, a point for each bin."""
    figure = new_figure(WIDTH, 3.4)
    axes = new_axes(figure, "Are 90 % of the 90 % answers right?", "how sure", "how often right")
    low = min(min(item.confidence, item.accuracy.interval.low) for item in found.bins)
    axes.plot([low, 1], [low, 1], color=GREY, linestyle="--", linewidth=1)
    axes.errorbar(
        [item.confidence for item in found.bins],
        [item.accuracy.value for item in found.bins],
        yerr=_whiskers([item.accuracy for item in found.bins]),
        fmt="o",
        color=BLUE,
        markersize=4,
        capsize=2,
        linewidth=1,
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, symbol=PERCENT))
    return figure


def robustness_chart(conditions: Sequence[Condition]) -> Figure:
    """Draw accuracy under each corruption with its interval, and the plain one as a line."""
    shown = sorted(conditions, key=lambda item: item.accuracy.value)
    figure = new_figure(WIDTH, 0.6 + 0.33 * len(shown))
    axes = new_axes(figure, f"The same {shown[0].accuracy.n} pictures, made worse")
    axes.barh(
        [item.name for item in shown],
        [item.accuracy.value for item in shown],
        xerr=_whiskers([item.accuracy for item in shown]),
        color=[ORANGE if item.name == PLAIN else BLUE for item in shown],
        error_kw={"linewidth": 1, "capsize": 2},
    )
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=PERCENT))
    return figure


def learning_chart(rows: Sequence[Mapping[str, Any]], key: str) -> Figure:
    """Draw ``loss`` or ``accuracy`` of each epoch, as ``metrics.jsonl`` has them."""
    figure = new_figure(WIDTH, 2.8)
    axes = new_axes(figure, key.capitalize(), "epoch")
    epochs = range(1, len(rows) + 1)
    axes.plot(epochs, [row[key] for row in rows], color=GREY, label="training")
    axes.plot(epochs, [row[f"val_{key}"] for row in rows], color=BLUE, label="validation")
    for start in range(1, len(rows)):
        if rows[start]["stage"] != rows[start - 1]["stage"]:
            axes.axvline(start + 0.5, color=GREY, linestyle=":", linewidth=1)
    axes.legend(frameon=False)
    return figure


SMALL, LARGE, TALLEST = 0.13, 0.24, 20.0
"""Inches: a cell of many classes and of few, and the tallest figure; names have three quarters."""

LETTERS = 32
"""Of a name in the chart; the tables below it have all of them."""


def confusion_chart(item: Metrics) -> Figure:
    """Draw the confusion matrix: a row for what is true, a column for what was said.

    Each row is coloured by the parts of its class, the right ones in blue, mistakes in orange.
    Counts stand in the cells where there is room for them.
    """
    classes = len(item.classes)
    cell = LARGE if classes <= 30 else min(SMALL, TALLEST / classes)
    names = [_shortened(printable(label)) for label in item.classes]
    font = min(9.0, 54 * cell)  # points: 72 an inch
    margin = max(_inches(name, font) for name in names) + 0.5
    figure = new_figure(margin + cell * classes, margin + cell * classes)
    axes = new_axes(figure)
    counts = np.array(item.confusion)
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(_colours(parts), interpolation="nearest", aspect="equal")
    axes.set_xticks(range(classes), names, rotation=90, fontsize=font, parse_math=False)
    axes.set_yticks(range(classes), names, fontsize=font, parse_math=False)
    axes.set_xlabel("said to be")
    axes.set_ylabel("is")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(classes - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(classes - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#e2e8f0", linewidth=0.4)
    axes.tick_params(which="minor", length=0)
    if cell == LARGE:
        for truth, said in zip(*np.nonzero(counts), strict=True):
            colour = "white" if parts[truth, said] > 0.6 else "black"
            text = str(counts[truth, said])
            axes.text(
                said, truth, text, ha="center", va="center", fontsize=0.7 * font, color=colour
            )
    return figure


def _colours(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the colour of each cell, (C, C, 3) of 0..1: even one picture of many is seen."""
    strong = np.where(np.eye(len(parts), dtype=bool)[..., None], to_rgb(BLUE), to_rgb(ORANGE))
    depth = np.where(parts > 0, 0.25 + 0.75 * parts, 0.0)[..., None]
    return np.asarray(1 - depth * (1 - strong))


def _inches(text: str, font: float) -> float:
    """Return how wide a text is in letters of a size in points."""
    # Our font lacks the letters of some scripts; the reader's has them, as wide as a W.
    known = "".join("W" if unicodedata.east_asian_width(char) in "WF" else char for char in text)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        width, _, _ = text_to_path.get_text_width_height_descent(
            known, FontProperties(size=font), ismath=False
        )
    return float(width) / 72


def _shortened(name: str) -> str:
    if len(name) <= LETTERS:
        return name
    half = LETTERS // 2
    return f"{name[:half]}…{name[-half + 1 :]}"


def _whiskers(found: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return how far intervals reach below and above their values."""
    below = [max(item.value - item.interval.low, 0.0) for item in found]
    above = [max(item.interval.high - item.value, 0.0) for item in found]
    return below, above
