"""A line for each request, which nobody can forge and which holds nothing up."""

from __future__ import annotations

import io
import json
import threading
from datetime import UTC, datetime

import pytest

from tl_catdog.serve import access_log
from tl_catdog.serve.access_log import AccessLog, line_of
from tl_catdog.serve.guard import Seen

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


@pytest.mark.parametrize(
    "path", ["/a\nb", "/\x1b[2J", '/"}', "/\u2028", "/\udcff", "/" + "a" * 9999]
)
def test_whatever_a_path_holds_it_is_one_line_of_ascii(path: str) -> None:
    line = line_of(Seen("192.0.2.7", "GET", path, 404), NOW)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 2000
    assert json.loads(line)["path"][:4] == path[:4]


def test_a_line_says_when_who_what_and_how_long() -> None:
    seen = Seen("192.0.2.7", "POST", "/predict", 200, 1234, 0.05678, 3)
    assert json.loads(line_of(seen, NOW)) == {
        "time": "2026-01-02T03:04:05.678Z",
        "client": "192.0.2.7",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "ms": 56.8,
        "bytes": 1234,
        "pictures": 3,
    }


def test_lines_are_written_in_order_and_all_of_them_at_the_end() -> None:
    out = io.StringIO()
    log = AccessLog(out)
    for number in range(100):
        log.write(Seen("", "GET", f"/{number}", 200))
    log.close()
    assert [json.loads(line)["path"] for line in out.getvalue().splitlines()] == [
        f"/{number}" for number in range(100)
    ]


def test_a_reader_that_is_stuck_holds_nothing_up_and_its_losses_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going = threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            going.wait(20)
            return super().write(text)

    monkeypatch.setattr(access_log, "WAITING", 3)
    out = Stuck()
    log = AccessLog(out)
    for number in range(50):
        log.write(Seen("", "GET", f"/{number}", 200))  # returns at once
    going.set()
    log.close()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) + sum(line.get("lines_lost_before", 0) for line in lines) <= 50
    assert len(lines) < 10


def test_a_full_disk_costs_lines_alone() -> None:
    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                self.full = False
                raise OSError("no space")
            return super().write(text)

    out = Full()
    log = AccessLog(out)
    for number in range(2):
        log.write(Seen("", "GET", f"/{number}", 200))
    log.close()
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["lines_lost_before"] == 1
