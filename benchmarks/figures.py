"""Figures: a number for each repeat, then their median, least and greatest.

A ratio is taken within a repeat, where the machine was in about the same state for both sides.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from measure import Record

Wanted = Literal["at least", "at most"]
AT_LEAST: Wanted = "at least"
AT_MOST: Wanted = "at most"
RATIO = "×"

Column = Mapping[int, float]
"""Repeat → number."""

Pick = Callable[[Record], float | None]


@dataclass(frozen=True)
class Figure:
    """One line of the summary.

    Attributes:
        section: The section's letter.
        name: What it is; for a ratio, what is divided by what.
        unit: ``×`` for a ratio, else ``s``, ``pictures/s`` or ``points`` (of a hundred).
        values: One for each repeat, in order.
        target: What the median should be, or None.
        wanted: On which side of the target it should be.
    """

    section: str
    name: str
    unit: str
    values: tuple[float, ...]
    target: float | None = None
    wanted: Wanted = AT_LEAST

    @property
    def median(self) -> float:
        """The median over the repeats."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is met, None without one."""
        if self.target is None:
            return None
        if self.wanted == AT_LEAST:
            return self.median >= self.target
        return self.median <= self.target

    def to_json(self) -> dict[str, Any]:
        """Return the figure as the results file keeps it."""
        return {
            "section": self.section,
            "name": self.name,
            "unit": self.unit,
            "median": round(self.median, 4),
            "min": round(min(self.values), 4),
            "max": round(max(self.values), 4),
            "values": [round(value, 4) for value in self.values],
            "target": self.target,
            "wanted": None if self.target is None else self.wanted,
            "met": self.met,
        }


def figure(
    section: str,
    name: str,
    found: Column,
    *,
    unit: str = RATIO,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Make a figure of a column, with one target or none."""
    target, wanted = (at_least, AT_LEAST) if at_most is None else (at_most, AT_MOST)
    values = tuple(found[repeat] for repeat in sorted(found))
    return Figure(section, name, unit, values, target, wanted)


def column(records: Sequence[Record], section: str, name: str, pick: Pick) -> Column:
    """Return a number of each repeat of a task, without those that it can't be told of."""
    chosen = (r for r in records if r["section"] == section and r["name"] == name)
    picked = {int(record["repeat"]): pick(record) for record in chosen}
    return {repeat: value for repeat, value in picked.items() if value is not None}


def combine(function: Callable[..., float | None], *columns: Column) -> Column:
    """Apply a function to the numbers of each repeat that all columns have."""
    shared = sorted(set.intersection(*(set(each) for each in columns)))
    found = {repeat: function(*(each[repeat] for each in columns)) for repeat in shared}
    return {repeat: value for repeat, value in found.items() if value is not None}


def quotient(upper: float, lower: float) -> float | None:
    """Return a ratio, or None where there is none."""
    return upper / lower if lower > 0 else None


def points(ours: float, theirs: float) -> float:
    """Return a difference of accuracies in points of a hundred."""
    return 100 * (ours - theirs)


def wall(record: Record) -> float:
    """Return the seconds of a whole process."""
    return float(record["wall_seconds"])


def memory(record: Record) -> float:
    """Return the greatest memory that a process held, in bytes."""
    return float(record["peak_rss_bytes"])


def printed(*path: str) -> Pick:
    """Return what picks a number out of what a process printed."""

    def pick(record: Record) -> float | None:
        found: Any = record["printed"]
        for key in path:
            if not isinstance(found, dict) or key not in found:
                return None
            found = found[key]
        return float(found)

    return pick


def first_stage(record: Record) -> float | None:
    """Return the seconds of a training's first stage."""
    stages = record["printed"].get("stages")
    return float(stages[0]["seconds"]) if stages else None


def reached(accuracy: float) -> Pick:
    """Return what picks the second at which a training reached a validation accuracy."""

    def pick(record: Record) -> float | None:
        clock = record["printed"].get("clock", [])
        return next((float(second) for second, value in clock if value >= accuracy), None)

    return pick
