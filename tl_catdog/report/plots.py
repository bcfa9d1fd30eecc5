"""Charts of an evaluation: reliability, robustness, learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tl_catdog.evaluation.reliability import Reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.models.forward import PLAIN
from tl_catdog.pages.charts import BLUE, GREY, ORANGE, new_axes, new_figure
from tl_catdog.statistics import Estimate
from tl_catdog.wording import PERCENT

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


def _whiskers(found: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return how far intervals reach below and above their values."""
    below = [max(item.value - item.interval.low, 0.0) for item in found]
    above = [max(item.interval.high - item.value, 0.0) for item in found]
    return below, above
