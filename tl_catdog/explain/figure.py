"""One tall figure that walks through a network, from the picture to the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from tl_catdog.explain.activations import Block, dimensions
from tl_catdog.explain.explanation import Explanation
from tl_catdog.explain.occlusion import covered
from tl_catdog.pages.charts import BLUE, GREY, new_figure
from tl_catdog.wording import percent, printable

WIDTH = 10.0  # inches, about a page of A4
TOP, STEP, TITLE, LOOK, ANSWER = 3.4, 1.1, 0.4, 3.7, 1.8  # heights in inches

SIGNED = "RdBu_r"  # blue is negative, white is zero, red is positive
LEGEND = "   (red is positive, white zero, blue negative)"
HEAT = "inferno"
FULL = (0.0, 1.0, 1.0, 0.0)  # a picture's place: parts of its width and height, downwards

SMALLEST = 64
"""Maps are enlarged to as many pixels at least, so that the gaps between them look alike."""

FAINT = 0.5
"""Logit: where occlusion does no more than that, the colours stay pale."""

MOST_CLASSES = 6


def explain_figure(explanation: Explanation, title: str) -> Figure:
    """Draw an explanation from top to bottom, in the order of the network's layers.

    Args:
        explanation: What to draw.
        title: The picture's name as it is to be shown.
    """
    blocks = explanation.activations.blocks
    heights = [TOP, *(TITLE + STEP * len(block.steps) for block in blocks), LOOK, ANSWER]
    figure = new_figure(WIDTH, sum(heights) + 0.6)
    figure.set_layout_engine("constrained", h_pad=0.02, w_pad=0.04, hspace=0.0, wspace=0.01)
    figure.suptitle(
        printable(
            f"{title}: {explanation.label}, "
            f"{percent(explanation.probabilities[explanation.label])}  (run {explanation.run})"
        ),
        x=0.02,
        ha="left",
        weight="bold",
        parse_math=False,
    )
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    _first_row(figure, grid[0], explanation)
    for row, block in enumerate(blocks, start=1):
        _block(figure, grid[row], block, "" if row > 1 else LEGEND)
    _looking_row(figure, grid[-2], explanation)
    _answer_row(figure, grid[-1], explanation)
    return figure


def _axes(figure: Figure, place: SubplotSpec, title: str = "") -> Axes:
    """Add axes without frame and ticks."""
    axes = figure.add_subplot(place)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(_shown(title), loc="left", fontsize=9, parse_math=False)
    return axes


def _first_row(figure: Figure, place: SubplotSpec, explanation: Explanation) -> None:
    grid = place.subgridspec(1, 2, width_ratios=(1, 1.9))
    size = dimensions(explanation.pixels.shape)
    axes = _axes(figure, grid[0], f"the picture as the network sees it, {size}")
    axes.imshow(explanation.pixels, interpolation="nearest")
    filters = explanation.activations.filters
    size = dimensions(filters.shape[1:])
    title = f"{explanation.activations.first}: its {len(filters)} filters {size} (grey is zero)"
    axes = _axes(figure, grid[1], title)
    axes.imshow(mosaic(filters, columns=8), interpolation="nearest")


def _block(figure: Figure, place: SubplotSpec, block: Block, legend: str) -> None:
    grid = place.subgridspec(len(block.steps), 2, width_ratios=(1, 8.2))
    for row, step in enumerate(block.steps):
        # Each map by itself: zero is white in all of them, the greatest value is the deepest.
        greatest = np.abs(step.maps).max(axis=(1, 2), keepdims=True)
        values = step.maps / np.maximum(greatest, 1e-12)
        axes = _axes(figure, grid[row, 1], "" if row else block.title + legend)
        image = mosaic(values, columns=len(values))
        axes.imshow(image, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
        axes.set_anchor("W")
        words = f"{step.does}\n{dimensions(step.shape)}"
        label = _axes(figure, grid[row, 0])
        label.text(1, 0.5, words, ha="right", va="center", fontsize=8)


def _looking_row(figure: Figure, place: SubplotSpec, explanation: Explanation) -> None:
    grid = place.subgridspec(1, 3)
    found = explanation.occlusion
    axes = _axes(figure, grid[0], f"Grad-CAM:\nwhere it sees {explanation.target}")
    axes.imshow(explanation.sharp, extent=FULL)
    heatmap = explanation.heatmap
    axes.imshow(
        heatmap, cmap=HEAT, extent=FULL, alpha=0.7 * heatmap, interpolation="bilinear", vmin=0
    )
    _mark(axes, explanation)

    lowest = f"{percent(found.lowest)} {explanation.target} at the least"
    axes = _axes(figure, grid[1], f"occlusion, red takes and blue gives:\n{lowest}")
    axes.imshow(explanation.sharp, extent=FULL)
    lost = found.lost_logit
    limit = max(float(np.abs(lost).max()), FAINT)
    strength = 0.75 * np.abs(lost) / limit
    axes.imshow(
        lost,
        cmap=SIGNED,
        extent=FULL,
        alpha=strength,
        interpolation="bilinear",
        vmin=-limit,
        vmax=limit,
    )
    if explanation.peak is None or found.at_peak is None:
        return
    hidden = covered(explanation.sharp, explanation.peak, found.side)
    title = f"covered where it looks most:\n{percent(found.at_peak)} {explanation.target}"
    _axes(figure, grid[2], title).imshow(hidden, extent=FULL)


def _mark(axes: Axes, explanation: Explanation) -> None:
    if explanation.peak is not None:
        for colour, width in (("black", 3.0), ("white", 1.5)):
            axes.scatter(
                explanation.peak.x,
                explanation.peak.y,
                s=110,
                facecolors="none",
                edgecolors=colour,
                linewidths=width,
                clip_on=False,
            )


def _answer_row(figure: Figure, place: SubplotSpec, explanation: Explanation) -> None:
    grid = place.subgridspec(1, 2)
    ranked = sorted(explanation.probabilities.items(), key=lambda item: -item[1])[:MOST_CLASSES]
    axes = _axes(figure, grid[0], "the answer")
    names, values = zip(*ranked, strict=True)
    rows = range(len(ranked))
    colours = [BLUE if name == explanation.label else GREY for name in names]
    axes.barh(rows, values, color=colours, height=0.6)
    for row, value in zip(rows, values, strict=True):
        axes.text(value + 0.01, row, percent(value), va="center", fontsize=9)
    axes.set_yticks(rows, list(map(printable, names)), parse_math=False)
    axes.tick_params(left=False)
    axes.set_xlim(0, 1.25)
    axes.set_ylim(max(len(ranked), 3) - 0.4, -0.6)
    axes = _axes(figure, grid[1])
    text = f"{explanation.looks}\n\n{explanation.covering}"
    axes.text(0, 0.9, _wrapped(text), va="top", fontsize=9, parse_math=False)


def _wrapped(text: str, width: int = 62) -> str:
    import textwrap

    return "\n".join(textwrap.fill(part, width) for part in _shown(text).split("\n"))


def _shown(text: str) -> str:
    """Return lines of a text as a font can show them."""
    return "\n".join(map(printable, text.split("\n")))


def mosaic(images: npt.NDArray[Any], columns: int) -> npt.NDArray[np.float64]:
    """Put small pictures side by side, with gaps.

    Args:
        pictures: (N, h, w) or (N, h, w, 3).
        columns: Pictures in a row.

    Returns:
        (H, W) with gaps of nan, or (H, W, 3) with white ones.
    """
    times = -(-SMALLEST // max(images.shape[1:3]))
    enlarged = images.repeat(times, axis=1).repeat(times, axis=2).astype(np.float64)
    count, height, width = enlarged.shape[:3]
    gap = max(1, height // 16)
    rows = -(-count // columns)
    blank = np.nan if images.ndim == 3 else 1.0
    size = rows * (height + gap) - gap, columns * (width + gap) - gap
    sheet = np.full((*size, *images.shape[3:]), blank)
    for number, image in enumerate(enlarged):
        y, x = number // columns * (height + gap), number % columns * (width + gap)
        sheet[y : y + height, x : x + width] = image
    return sheet
