"""Draw the ratios of a results file as horizontal bars.

usage: python benchmarks/chart.py benchmarks/results/NAME.json chart.png

A bar reaches from 1 to the median, the thin line from the least to the greatest, the tick is the
target. The axis is logarithmic: twice as fast and half as fast are the same length.
"""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import AT_LEAST, RATIO

from tl_catdog.files import atomic_path, read_json

# Okabe and Ito's colours, told apart by colour-blind readers and in print.
COLOURS = {True: "#0072B2", False: "#D55E00", None: "#999999"}
MEANING = {True: "target met", False: "target missed", None: "no target"}
INK = "#222222"
INCHES, DPI = 8.0, 200
LABEL, CAPTION = 42, 112
"""Characters in a line of a label and of the caption."""


def main() -> None:
    """Draw the chart."""
    parser = argparse.ArgumentParser(description="Draw the ratios of a results file.")
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
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
        draw(lines, words, options.picture)
    except ModuleNotFoundError as error:
        sys.exit(f"Error: chart.py needs {error.name}; type: python -m pip install matplotlib")


def ratios(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the figures that a logarithmic axis can show."""
    return [line for line in document["summary"] if line["unit"] == RATIO and line["min"] > 0]


def caption(document: Mapping[str, Any]) -> str:
    """Return where, with what and when the figures were measured."""
    machine, versions = document["machine"], document["versions"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
        f"TensorFlow {versions['tensorflow']}, Keras {versions['keras']}, "
        f"ONNX Runtime {versions['onnxruntime']}; {document['updated'][:10]}. "
        "Bars: median of the repeats; thin lines: least to greatest; ticks: targets."
    )


def draw(lines: Sequence[Mapping[str, Any]], words: str, picture: Path) -> None:
    """Draw the ratios, the first at the top, into a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter, NullFormatter

    names = [textwrap.fill(f"({line['section']}) {line['name']}", LABEL) for line in lines]
    # A place for each line of its label, and some air.
    heights = [0.62 + 0.45 * name.count("\n") for name in names]
    tops = [sum(heights[:index]) for index in range(len(heights))]
    places = [top + height / 2 for top, height in zip(tops, heights, strict=True)]
    figure, axes = pyplot.subplots(figsize=(INCHES, 1.5 + 0.36 * sum(heights)), dpi=DPI)
    for place, line in zip(places, lines, strict=True):
        _bar(axes, place, line)
    axes.set_xscale("log")
    numbers = [value for line in lines for value in (line["min"], line["max"])]
    numbers += [1.0, *(line["target"] for line in lines if line["target"])]
    low, high = min(numbers), max(numbers)
    room = 0.06 * math.log(max(high / low, 2))
    # Room on the right for the numbers.
    axes.set_xlim(low * math.exp(-room), high * math.exp(4.5 * room))
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks(places, names, fontsize=8.5, color=INK)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", labelsize=8.5, colors=INK)
    axes.tick_params(axis="y", length=0)
    axes.axvline(1, color=INK, linewidth=0.8)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    shown = [kind for kind in COLOURS if any(line["met"] is kind for line in lines)]
    figure.legend(
        handles=[Patch(color=COLOURS[kind], label=MEANING[kind]) for kind in shown],
        loc="upper center",
        ncols=len(shown),
        fontsize=8.5,
        frameon=False,
    )
    size = figure.get_size_inches()[1]
    figure.text(
        *(0.02, 0.1 / size, textwrap.fill(words, CAPTION)), fontsize=7.5, color=INK, va="bottom"
    )
    figure.subplots_adjust(left=0.36, right=0.98, top=1 - 0.42 / size, bottom=0.75 / size)
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, dpi=DPI, facecolor="white")
    pyplot.close(figure)


def _bar(axes: Any, place: float, line: Mapping[str, Any]) -> None:
    """Draw one ratio: its bar, its spread, its number and its target."""
    median = line["median"]
    axes.barh(place, median - 1, left=1, height=0.38, color=COLOURS[line["met"]], zorder=2)
    axes.plot([line["min"], line["max"]], [place, place], color=INK, linewidth=1.0, zorder=3)
    text = f"{median:.3g}{RATIO}"
    if line["target"] is not None:
        sign = "≥" if line["wanted"] == AT_LEAST else "≤"
        text += f"  ({sign} {line['target']:g})"
        axes.plot(
            *([line["target"]] * 2, [place - 0.29, place + 0.29]),
            **{"color": INK, "linewidth": 2.2, "zorder": 4},
        )
    right = max(median, line["max"], line["target"] or 1, 1)
    axes.annotate(
        text,
        (right, place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=INK,
    )


if __name__ == "__main__":
    main()
