"""Draw the ratios of a results file as horizontal bars: all of them, or the eight for the README.

usage: python benchmarks/chart.py benchmarks/results/NAME.json chart.png [--short short.png]

A bar reaches from 1 to the median, the thin line from the least to the greatest, the tick is the
target. The axis is logarithmic: twice as fast and half as fast are the same length.
"""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures import AT_LEAST, RATIO

from tl_catdog.files import atomic_path, read_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers and in print.
COLOURS = {True: "#0072B2", False: "#D55E00", None: "#999999"}
MEANING = {True: "target met", False: "target missed", None: "no target"}
INK = "#222222"
INCHES, DPI = 8.0, 200
CAPTION = 112
"""Characters in a line of the caption."""

SHORT = {
    ("b", "tutorial's frozen epochs / our command"): (
        "Training on a frozen backbone",
        "against the framework tutorial's ten epochs",
        "as fast",
    ),
    ("b", "tutorial's fine-tuning / ours"): (
        "Fine-tuning",
        "against the tutorial's ten epochs of it",
        "as fast",
    ),
    ("c", "tutorial's frozen epochs / head again"): (
        "Training again with another head",
        "against the tutorial's ten epochs",
        "as fast",
    ),
    ("a", "notebook / ours, seconds"): (
        "Training the video's network",
        "against the video's notebook",
        "as fast",
    ),
    ("d", "ours, whole command / Keras, whole command"): (
        "Answers for a folder of pictures",
        "against Keras' predict",
        "as fast",
    ),
    ("d", "ours, steady / bare forward pass"): (
        "Answers a second, once started",
        "against the network without decoding",
        "the rate",
    ),
    ("e", "predict one / import tensorflow"): (
        "Answer for one picture",
        "against importing TensorFlow",
        "the time",
    ),
    ("f", "train 50,000 / 2,000, peak memory"): (
        "Training on 50,000 pictures",
        "against 2,000 pictures",
        "the memory",
    ),
}
"""Section and name of a figure → what is measured, against what, and what the ratio multiplies."""


@dataclass(frozen=True)
class Bar:
    """One ratio as it is drawn.

    Attributes:
        label: The words beside it, in one or more lines.
        value: The words behind it.
        line: Its figure in the results file: ``median``, ``min``, ``max``, ``target``, ``met``.
    """

    label: str
    value: str
    line: Mapping[str, Any]


@dataclass(frozen=True)
class Style:
    """Sizes of a chart: points for the fonts, parts of the width for the left margin."""

    font: float
    left: float
    height: float
    """Inches of a bar whose label has one line."""
    room: float
    """How much of the axis is left to the words behind the bars."""
    grid: bool = True
    """Whether lines rise from the axis; they would cross words in two lines."""


FULL_STYLE = Style(font=8.5, left=0.36, height=0.36, room=4.5)
SHORT_STYLE = Style(font=10.5, left=0.42, height=0.38, room=6.5, grid=False)


def main() -> None:
    """Draw the charts."""
    parser = argparse.ArgumentParser(description="Draw the ratios of a results file.")
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--short", type=Path, help="the eight ratios for the README, in words")
    options = parser.parse_args()
    try:
        document = read_json(options.results)
        lines = ratios(document)
        words = caption(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"Error: expected a results file at {options.results}: {error!r}.")
    if not lines:
        sys.exit(f"Error: expected ratios in {options.results}, found none.")
    try:
        save(draw(full_bars(lines), words, FULL_STYLE), options.picture)
        if options.short:
            save(draw(short_bars(lines), words, SHORT_STYLE), options.short)
    except ModuleNotFoundError as error:
        sys.exit(f"Error: chart.py needs {error.name}; type: python -m pip install matplotlib")


def ratios(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the figures that a logarithmic axis can show."""
    return [line for line in document["summary"] if line["unit"] == RATIO and line["min"] > 0]


def full_bars(lines: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Return a bar for each ratio, by the names of the results file."""
    width = 42  # characters
    return [
        Bar(
            textwrap.fill(f"({line['section']}) {line['name']}", width),
            f"{line['median']:.3g}{RATIO}{_target(line, '  ({sign} {target:g})')}",
            line,
        )
        for line in lines
    ]


def short_bars(lines: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Return the bars of ``SHORT`` that were measured, in its order."""
    measured = {(line["section"], line["name"]): line for line in lines}
    bars = []
    for key, (what, against, noun) in SHORT.items():
        if key in measured:
            line = measured[key]
            # Near 1, two digits would say that nothing changed.
            digits = 3 if 0.9 < line["median"] < 1.1 else 2
            value = f"{line['median']:.{digits}g} {RATIO} {noun}"
            bars.append(Bar(f"{what}\n{against}", value + _target(line, TARGET), line))
    return bars


TARGET = "\n(target {sign} {target:g})"


def _target(line: Mapping[str, Any], words: str) -> str:
    """Return a ratio's target in words with the fields ``sign`` and ``target``, or nothing."""
    if line["target"] is None:
        return ""
    sign = "≥" if line["wanted"] == AT_LEAST else "≤"
    return words.format(sign=sign, target=line["target"])


def caption(document: Mapping[str, Any]) -> str:
    """Return where, with what and when the figures were measured."""
    machine, versions = document["machine"], document["versions"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
        f"TensorFlow {versions['tensorflow']}, Keras {versions['keras']}, "
        f"ONNX Runtime {versions['onnxruntime']}; {document['updated'][:10]}. "
        "Bars: median of the repeats; thin lines: least to greatest; ticks: targets."
    )


def draw(bars: Sequence[Bar], words: str, style: Style) -> Figure:
    """Return a figure of the bars, the first at the top, with the caption below."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter, NullFormatter

    lines = [bar.line for bar in bars]
    # A place for each line of its label, and some air.
    heights = [0.62 + 0.45 * bar.label.count("\n") for bar in bars]
    tops = [sum(heights[:index]) for index in range(len(heights))]
    places = [top + height / 2 for top, height in zip(tops, heights, strict=True)]
    small: dict[str, Any] = {"fontsize": style.font, "color": INK}
    figure = Figure(figsize=(INCHES, 1.5 + style.height * sum(heights)), dpi=DPI)
    axes = figure.subplots()
    for place, bar in zip(places, bars, strict=True):
        _bar(axes, place, bar, style)
    axes.set_xscale("log")
    numbers = [value for line in lines for value in (line["min"], line["max"])]
    numbers += [1.0, *(line["target"] for line in lines if line["target"])]
    low, high = min(numbers), max(numbers)
    room = 0.06 * math.log(max(high / low, 2))
    # Room on the right for the numbers.
    axes.set_xlim(low * math.exp(-room), high * math.exp(style.room * room))
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks(places, [bar.label for bar in bars], **small)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", labelsize=style.font, colors=INK)
    axes.tick_params(axis="y", length=0)
    axes.axvline(1, color=INK, linewidth=0.8)
    if style.grid:
        axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    shown = [kind for kind in COLOURS if any(line["met"] is kind for line in lines)]
    figure.legend(
        handles=[Patch(color=COLOURS[kind], label=MEANING[kind]) for kind in shown],
        loc="upper center",
        ncols=len(shown),
        fontsize=style.font,
        frameon=False,
    )
    size = figure.get_size_inches()[1]
    figure.text(
        *(0.02, 0.1 / size, textwrap.fill(words, CAPTION)), fontsize=7.5, color=INK, va="bottom"
    )
    figure.subplots_adjust(left=style.left, right=0.98, top=1 - 0.42 / size, bottom=0.75 / size)
    return figure


def save(figure: Figure, picture: Path) -> None:
    """Write a figure as a PNG of 1600 pixels' width, twice what a README shows."""
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, dpi=DPI, facecolor="white", format="png")


def _bar(axes: Any, place: float, bar: Bar, style: Style) -> None:
    """Draw one ratio: its bar, its spread, its number and its target."""
    line, median = bar.line, bar.line["median"]
    axes.barh(place, median - 1, left=1, height=0.38, color=COLOURS[line["met"]], zorder=2)
    axes.plot([line["min"], line["max"]], [place, place], color=INK, linewidth=1.0, zorder=3)
    if line["target"] is not None:
        axes.plot(
            *([line["target"]] * 2, [place - 0.29, place + 0.29]),
            **{"color": INK, "linewidth": 2.2, "zorder": 4},
        )
    right = max(median, line["max"], line["target"] or 1, 1)
    axes.annotate(
        bar.value,
        (right, place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.font,
        color=INK,
    )


if __name__ == "__main__":
    main()
