"""Print a results file as tables, 80 columns wide.

usage: python benchmarks/report.py benchmarks/results/NAME.json [--markdown]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import AT_LEAST, RATIO, column, reached
from measure import Record
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from sections import SECTIONS
from sets.tables import markdown
from summary import REACHES

from tl_catdog.files import read_json

WIDTH = 80


def console(*, stderr: bool = False) -> Console:
    """Return a console for tables or, on standard error, for notes."""
    return Console(width=WIDTH, stderr=stderr, highlight=False)


def report(document: Mapping[str, Any]) -> RenderableType:
    """Return all tables of a results file."""
    parts: list[RenderableType] = [surroundings(document)]
    for section in SECTIONS:
        records = [r for r in document["measurements"] if r["section"] == section.letter]
        if not records:
            continue
        parts.append(Text(f"\n({section.letter}) {section.title}", style="bold"))
        parts.append(measured(records))
        if section.letter == "b":
            parts.append(times_to_accuracy(records))
        lines = [f for f in document["summary"] if f["section"] == section.letter]
        if lines:
            parts.append(figures_table(lines))
    return Group(*parts)


def surroundings(document: Mapping[str, Any]) -> Text:
    """Return a paragraph on where and with what the figures were measured."""
    machine, versions, git = document["machine"], document["versions"], document["git"]
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    commit = (git["commit"] or "unknown")[:10] + (" with changes" if git["changed"] else "")
    return Text(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
        f"{machine['system']}; {packages}; commit {commit}; {document['updated'][:10]}."
    )


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), width=WIDTH)


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def measured(records: Sequence[Record]) -> Table:
    """Return the medians of what each process took."""
    rows = _table()
    rows.add_column("process", overflow="fold", ratio=1)
    trains = any(accuracy(record) is not None for record in records)
    names = ("runs", "seconds", "min–max", "CPU s", "peak MiB", *["validation"] * trains)
    for name in names:
        rows.add_column(name, justify="right", no_wrap=True)
    for name in dict.fromkeys(record["name"] for record in records):
        own = [record for record in records if record["name"] == name]
        wall = [record["wall_seconds"] for record in own]
        cpu = [record["user_seconds"] + record["system_seconds"] for record in own]
        right = [value for record in own if (value := accuracy(record)) is not None]
        cells = [
            str(len(own)),
            number(_median(wall)),
            f"{number(min(wall))}–{number(max(wall))}",
            number(_median(cpu)),
            f"{_median([record['peak_rss_bytes'] for record in own]) / 2**20:.0f}",
            f"{100 * _median(right):.1f} %" if right else "",
        ]
        rows.add_row(name, *cells[: len(names)])
    return rows


def accuracy(record: Record) -> float | None:
    """Return the validation accuracy that a training ended with: its best, or its last stage's."""
    found = record["printed"]
    if isinstance(found.get("accuracy"), dict):
        value = found["accuracy"].get("validation")
    else:
        value = found.get("best", found.get("finetuned", found.get("frozen")))
    return None if value is None else float(value)


def times_to_accuracy(records: Sequence[Record]) -> RenderableType:
    """Return when each training reached which validation accuracy, start-up included."""
    rows = _table()
    rows.add_column("seconds to validation accuracy", ratio=1)
    for goal in REACHES:
        rows.add_column(f"{100 * goal:.0f} %", justify="right", no_wrap=True)
    for name in dict.fromkeys(record["name"] for record in records):
        runs = sum(1 for record in records if record["name"] == name)
        cells = []
        for goal in REACHES:
            times = column(records, "b", name, reached(goal))
            text = number(_median(list(times.values()))) if times else "never"
            # A median of the lucky runs alone would flatter, so say how many there were.
            cells.append(f"{text} ({len(times)} of {runs})" if 0 < len(times) < runs else text)
        rows.add_row(name, *cells)
    return rows


def figures_table(lines: Sequence[Mapping[str, Any]]) -> Table:
    """Return the figures of a section with their targets."""
    rows = _table()
    rows.add_column("figure", overflow="fold", ratio=1)
    for name in ("median", "min–max", "target"):
        rows.add_column(name, justify="right", no_wrap=True)
    for line in lines:
        style = {True: "green", False: "red", None: ""}[line["met"]]
        rows.add_row(
            Text(line["name"]),
            Text(with_unit(line["median"], line["unit"]), style="bold"),
            spread(line),
            Text(goal(line), style=style),
        )
    return rows


def spread(line: Mapping[str, Any]) -> str:
    """Return a figure's least and greatest value."""
    if line["unit"] == "points":
        # A dash between signed numbers would read as another sign.
        return f"{signed(line['min'])} to {signed(line['max'])}"
    return f"{number(line['min'])}–{number(line['max'])}"


def goal(line: Mapping[str, Any]) -> str:
    """Return a figure's target and whether it is met, in words: colour alone tells not all."""
    if line["target"] is None:
        return ""
    sign = "≥" if line["wanted"] == AT_LEAST else "≤"
    return f"{sign} {line['target']:g} {'met' if line['met'] else 'missed'}"


def with_unit(value: float, unit: str) -> str:
    """Return a number with its unit; a difference keeps its sign."""
    if unit == "points":
        return f"{signed(value)} {unit}"
    return f"{number(value)} {unit}" if unit != RATIO else f"{number(value)}{RATIO}"


def signed(value: float) -> str:
    """Return a difference with one decimal and its sign."""
    return f"{value:+.1f}".replace("-", "−")


def number(value: float) -> str:
    """Return a number with three digits that count."""
    size = abs(value)
    text = f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    return text.replace("-", "−")


def main() -> None:
    """Print the tables of a file."""
    parser = argparse.ArgumentParser(description="Print a results file as tables.")
    parser.add_argument("results", type=Path)
    parser.add_argument("--markdown", action="store_true", help="the tables of section g")
    options = parser.parse_args()
    path = options.results
    try:
        document = read_json(path)
    except (OSError, ValueError) as error:
        sys.exit(f"Error: expected a results file at {path}: {error}.")
    if options.markdown:
        print(markdown(document), end="")
    else:
        console().print(report(document))


if __name__ == "__main__":
    main()
