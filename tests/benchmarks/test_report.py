"""The tables read well at 80 columns."""

from typing import Any

import pytest
import report
from rich.console import Console


def test_the_tables_fit_80_columns_and_say_whether_targets_are_met(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    next(line for line in document["summary"] if line["target"] == 8)["met"] = False
    Console(width=80, highlight=False).print(report.report(document))
    text = capsys.readouterr().out
    assert max(len(line) for line in text.splitlines()) <= 80
    for words in ("Some CPU, 2 cores, 16 GiB", "≥ 8 missed", "≥ 5 met", "never", "+8.0 points"):
        assert words in text
    assert "…" not in text  # nothing is cut off
    assert [report.number(x) for x in (1234.5, 12.34, 1.234)] == ["1234", "12.3", "1.23"]
