"""What came of each fault: counted by kind, kept in a file, the failures with their places."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = Path(__file__).with_name("results.json")
MOST_KEPT = 10
"""Failures of a kind that are kept with all that is known of them."""


@dataclass(frozen=True)
class Fault:
    """A fault that was planted.

    Attributes:
        kind: ``GROUP: NAME``, such as ``killed: data fix``: a cell of the page's tables.
        where: Where it was planted.
        then: What was typed afterwards, or what the command said.
        wrong: What was wrong; nothing if it was survived.
    """

    kind: str
    where: str
    then: str = ""
    wrong: tuple[str, ...] = ()


@dataclass
class Count:
    """So many faults of a kind.

    Attributes:
        planted: How many there were.
        survived: After how many nothing was wrong.
        seed: What chose them.
        date: When.
        failures: Those after which something was wrong, the first of them.
    """

    planted: int = 0
    survived: int = 0
    seed: int = 0
    date: str = ""
    failures: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Count a fault."""
        self.planted += 1
        self.survived += not fault.wrong
        if fault.wrong and len(self.failures) < MOST_KEPT:
            self.failures.append(fault)


Counts = dict[str, Count]


def count(faults: Iterable[Fault], seed: int) -> Counts:
    """Count faults by their kind."""
    found: Counts = {}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    for fault in faults:
        found.setdefault(fault.kind, Count(seed=seed, date=today)).add(fault)
    return found


def read(path: Path = FILE) -> Counts:
    """Return what was counted so far."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {
        kind: Count(**{**row, "failures": [Fault(**item) for item in row["failures"]]})
        for kind, row in rows.items()
    }


def write(counts: Counts, path: Path = FILE) -> None:
    """Keep what was counted; what was counted of the same kinds before is replaced."""
    rows = {kind: asdict(item) for kind, item in sorted({**read(path), **counts}.items())}
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
