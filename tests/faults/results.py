"""What came of each fault, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """A fault that was planted.

    Attributes:
        kind: The kind of fault, and the command: a line of the table.
        where: Where it was planted.
        then: What was done afterwards.
        wrong: What was wrong; nothing if it was survived.
    """

    kind: str
    where: str
    then: str = ""
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of the table: so many faults of a kind, so many survived."""

    kind: str
    planted: int
    survived: int


def lines(faults: Iterable[Fault]) -> list[Line]:
    """Return the table."""
    counts: dict[str, list[int]] = {}
    for fault in faults:
        count = counts.setdefault(fault.kind, [0, 0])
        count[0] += 1
        count[1] += not fault.wrong
    return [Line(kind, *count) for kind, count in counts.items()]


def append(path: Path, fault: Fault) -> None:
    """Add a fault to a file of results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(fault), ensure_ascii=False) + "\n")


def read(path: Path) -> list[Fault]:
    """Return the faults of a file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Fault(**{**row, "wrong": tuple(row["wrong"])}) for row in rows]
