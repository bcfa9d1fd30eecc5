"""Writes the tables of docs/reliability.md from what was counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.results import Count, Counts

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
ON_COMMANDS = {
    "killed": "killed",
    "asked to stop": "asked to stop",
    "disk full": "disk full",
    "quota used up": "quota",
    "read-only from there on": "read-only",
    "one write fails": "one write fails",
    "no cache": "the cache fails",
    "real small disk": "a real full disk",
    "real read-only disk": "a real read-only disk",
}
"""Groups of faults that are planted in each command, and what their columns are called."""


def write(counts: Counts, path: Path = PAGE) -> None:
    """Put the tables into the page."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{tables(counts)}\n{END}{after}", encoding="utf-8")


def tables(counts: Counts) -> str:
    """Return the tables: faults in each command, and all others."""
    groups: dict[str, Counts] = {}
    for kind, item in counts.items():
        group, _, name = kind.partition(": ")
        groups.setdefault(group, {})[name] = item
    planted = sum(item.planted for item in counts.values())
    failed = planted - sum(item.survived for item in counts.values())
    dates = sorted({item.date for item in counts.values()})
    seeds = sorted({item.seed for item in counts.values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}" if dates else "never"
    seed = ", ".join(map(str, seeds))
    lines = [
        f"**{planted:,} faults, {planted - failed:,} survived, {failed:,} not.** "
        f"Two cores of a server, {when}, seed {seed}.",
        "",
        *_on_commands(groups),
        "",
        *_others({name: rows for name, rows in groups.items() if name not in ON_COMMANDS}),
        "",
        *_failures(counts),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["-"] * len(head), *rows)]


def _cell(item: Count | None) -> str:
    if item is None or not item.planted:
        return ""
    if item.survived == item.planted:
        return f"{item.planted:,}"
    return f"**{item.survived:,} of {item.planted:,}**"


def _on_commands(groups: dict[str, Counts]) -> list[str]:
    shown = [group for group in ON_COMMANDS if group in groups]
    rows = [
        [f"`{command.name}`", *(_cell(groups[group].get(command.name)) for group in shown)]
        for command in COMMANDS
    ]
    total = ["all", *(_cell(_sum(groups[group].values())) for group in shown)]
    head = ["faults survived", *(ON_COMMANDS[group] for group in shown)]
    return _table(head, [*(row for row in rows if any(row[1:])), total])


def _sum(counts: Iterable[Count]) -> Count:
    total = Count()
    for item in counts:
        total.planted += item.planted
        total.survived += item.survived
    return total


def _others(groups: dict[str, Counts]) -> list[str]:
    rows = []
    for group, counts in groups.items():
        total = _sum(counts.values())
        names = ", ".join(sorted(counts))
        rows.append([group, names, _cell(total)])
    return _table(["what happens", "in", "survived"], rows)


def _failures(counts: Counts) -> list[str]:
    """Return what isn't survived, in words."""
    said = []
    for kind, item in sorted(counts.items()):
        if item.failures:
            first = item.failures[0]
            wrong = re.sub(r"[0-9a-f]{8,}", "…", "; ".join(first.wrong[:2]))[:200]
            wrong = wrong.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
            said.append(f"- {kind}: {item.planted - item.survived} of {item.planted}, such as "
                        f"{first.where}: {wrong}")  # fmt: skip
    return ["What isn't survived:", "", *said] if said else []
