"""What ``batch_scale.py`` measured, as a table in Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any


def table(what: str, measured: Sequence[dict[str, Any]]) -> str:
    """Return what was measured as Markdown: median and range of the repeats."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for item in measured:
        if "failed" not in item:
            groups.setdefault((item["engine"], item["nodes"], item["pictures"]), []).append(item)

    def of(some: Sequence[dict[str, Any]], name: str) -> float:
        return float(statistics.median(item[name] for item in some))

    if what == "memory":
        lines = ["| | paths | the command | a worker | all | seconds |", "|-|-|-|-|-|-|"]
        for (engine, _, count), some in groups.items():
            sizes = (f"{of(some, name):,.0f}" for name in ("driver_mib", "worker_mib", "all_mib"))
            wall = f"{of(some, 'wall_seconds'):.0f}"
            lines.append(f"| {' | '.join([engine, f'{count:,}', *sizes, wall])} |")
    else:
        lines = [
            "| | nodes | pictures a second (range) | of plain, a core | of one node | ms |",
            "|-|-|-|-|-|-|",
        ]
        by = {(engine, nodes): some for (engine, nodes, _), some in groups.items()}
        for (engine, nodes), some in by.items():
            rate, each = of(some, "rate"), sorted(item["rate"] for item in some)
            plainly = of(by["plain", 1], "rate") if ("plain", 1) in by else math.nan
            one = of(by[engine, 1], "rate") if (engine, 1) in by else math.nan
            cells = [engine, f"{nodes}", f"{rate:.0f} ({each[0]:.0f} to {each[-1]:.0f})"]
            cells += [f"{rate / nodes / plainly:.2f}", f"{rate / one:.2f}" if nodes > 1 else "–"]
            lines.append(f"| {' | '.join(cells)} | {of(some, 'processor_ms'):.1f} |")
    lines += [
        f"\n{item['engine']}, {item['nodes']} nodes: {item['failed']}"
        for item in measured
        if "failed" in item
    ]
    return "\n".join(lines)
