"""The benchmarks' own machinery, on commands that take no time; nothing here trains or measures."""

import sys
from pathlib import Path
from typing import Any

import measure
import pytest
from bench import Bench
from made_up import AROUND, made_up
from measure import Job, Task
from summary import summarise


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def one(name: str, log: list[str] | None = None) -> Task:
    def prepare(repeat: int) -> Job:
        if log is not None:
            log.append(f"{name} {repeat}")
        return Job(python(f"print('{{\"n\": {repeat}}}')"), measure.read_json_line)

    return Task("a", name, prepare)


def bench_in(folder: Path) -> Bench:
    return Bench(folder, folder, program="/somewhere/bin/tl-catdog")


@pytest.fixture
def document() -> dict[str, Any]:
    summary = {"measurements": made_up(), "summary": summarise(made_up())}
    return {**AROUND, "updated": "2026-01-02T03:04:05+00:00", **summary}
