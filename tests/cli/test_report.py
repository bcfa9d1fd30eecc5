"""``tl-catdog report``: which runs go into which page."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli, Trained
from tests.support.commands import watched
from tl_catdog.evaluation.comparison import compare
from tl_catdog.report.report import Report
from tl_catdog.runs.folder import list_runs

WRITE = "tl_catdog.report.report.report"


@pytest.mark.parametrize(
    ("words", "names", "split"),
    [
        ([], ["small", "tuned"], None),
        (["tuned", "tuned"], ["tuned"], None),
        (["tuned", "small", "--split", "validation"], ["tuned", "small"], "validation"),
    ],
)
def test_runs_and_split_reach_the_report(
    cli: Cli,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    names: list[str],
    split: str | None,
) -> None:
    calls = watched(monkeypatch, WRITE)
    cli("report", *words, "--runs-dir", trained.runs_dir)
    ((runs, wanted, progress), _) = calls[0]
    assert [run.name for run in runs] == names
    assert wanted == split
    progress(1, 2)


def test_the_page_goes_where_it_is_told_or_here(
    cli: Cli, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    groups = compare(list_runs(trained.runs_dir).runs)
    watched(monkeypatch, WRITE, lambda *_: Report("<html>é", groups))
    outcome = cli("report", "--runs-dir", trained.runs_dir)
    assert outcome.out == "The report on small, tuned is in report.html.\n"
    assert Path("report.html").read_text(encoding="utf-8") == "<html>é"
    words = ("report", "small", "--runs-dir", trained.runs_dir, "--out", "deep/a.html", "--json")
    found = json.loads(cli(*words).out)
    assert (found["path"], found["bytes"]) == ("deep/a.html", 8)
    assert found["groups"] == [group.to_json() for group in groups]


def test_without_runs_there_is_nothing_to_report_on(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("report", "--runs-dir", tmp_path, "--out", tmp_path / "a.html")
    assert outcome.code == 2
    assert "Type: tl-catdog train --arch baseline" in outcome.err
    assert not (tmp_path / "a.html").exists()
