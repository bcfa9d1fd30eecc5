"""The tables name the worst set first, and say what wasn't measured."""

import json
import sys
from pathlib import Path

import pytest
import report
from made_up import ON_SETS, made_up_sets
from sets.tables import markdown


def parts() -> list[str]:
    return markdown({**ON_SETS, "measurements": made_up_sets()}).split("\n\n")


def row(table: str, name: str) -> list[str]:
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_worst_set_stands_above_each_table() -> None:
    texts = parts()
    worst = [text for text in texts if text.startswith("The worst: ")]
    assert worst == [
        "The worst: fewest right: **insects**, 71.0; most behind: **insects**, −4.0.",
        "The worst: calibration error from 2 × 10: **pets**, 13.0; "
        "recall of the rare class: **pets**, 40.0.",
        "The worst: foreign ones withheld: **pets**, 60.0.",
        "The worst: flips in the first rows: **insects**, 80.0; "
        "doublings within their forecast: 2 of 3.",
        "The worst: planted copies found: **insects**, 98.0.",
    ]


def test_cells_are_means_over_seeds_with_the_least_and_greatest() -> None:
    learning, few, refusing, labels, copies = (
        text for text in parts() if text.startswith("| set |")
    )
    insects = row(learning, "insects")
    assert insects[1:5] == ["5 / 1,000", "400 test", "71.0 (70.0–72.0)", "65.1–76.3"]
    assert insects[5:7] == ["75.0", "−4.0 (−5.0 to −3.0)"]
    assert row(learning, "pets")[-1] == "85.0"
    assert insects[-1] == "–"
    assert row(few, "pets")[1:3] == ["90.0 / 90.0", "13.0"]
    assert row(few, "pets")[5] == "60 : 3"
    assert "insects" not in few  # it hasn't two classes
    assert row(refusing, "pets")[-2:] == ["80.0", "60.0 (tools)"]
    assert row(labels, "insects") == ["insects", "10", "80.0", "90.0", "70.0", "1 of 2"]
    assert row(copies, "insects") == ["insects", "2 / 1 / 0", "98.0", "2.0", "1"]
    for table in (learning, few, refusing, labels, copies):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_what_is_not_measured_is_said() -> None:
    last = parts()[-1].splitlines()
    assert "- tools: learning, seed 0: not measured" in last
    assert "- pets: learning, seed 1: not measured" in last
    assert "- insects: copies, seed 1, planted: RuntimeError: no memory" in last
    assert not any("insects: learning" in line for line in last)


def test_the_report_prints_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    document = {**ON_SETS, "measurements": made_up_sets(), "summary": []}
    path.write_text(json.dumps(document))
    monkeypatch.setattr(sys, "argv", ["report.py", str(path), "--markdown"])
    report.main()
    assert capsys.readouterr().out == markdown(document)
    monkeypatch.setattr(sys, "argv", ["report.py", str(path)])
    report.main()
    assert "(g) all picture sets" in capsys.readouterr().out
