"""Which run works when none is named, and which runs when several may be."""

import shutil
from pathlib import Path

import pytest

from tests.support.bare_runs import publish
from tests.support.commands import ODD, SHOWN
from tl_catdog.cli.runs import chosen_run, chosen_runs
from tl_catdog.errors import UsageError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    publish(folder, "old", created="2026-01-01")
    publish(folder, "new", created="2026-01-03")
    publish(folder, "mid", created="2026-01-02")
    return folder


def test_the_run_named_is_taken_without_a_word(runs_dir: Path, capsys: Captured) -> None:
    assert chosen_run("old", runs_dir).path == runs_dir / "old"
    assert capsys.readouterr() == ("", "")


def test_the_newest_run_is_taken_and_said(runs_dir: Path, capsys: Captured) -> None:
    assert chosen_run(None, runs_dir).path == runs_dir / "new"
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Using the newest run, new; name another to use that.\n"


def test_without_runs_the_one_that_ships_is_taken_and_said(
    tmp_path: Path, capsys: Captured
) -> None:
    assert chosen_run(None, tmp_path / ODD).ships
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"No run in {tmp_path / SHOWN}, so cats-dogs, which ships")
    assert "it knows cats, dogs only" in err
    assert err.endswith("type: tl-catdog train --data DIR\n")


def test_several_runs_are_taken_in_the_order_named_each_once(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(runs_dir)
    (runs_dir / "linked").symlink_to("old")
    names = ["new", "old", "new", str(runs_dir / "old"), "./new", "linked"]
    found = chosen_runs(names, runs_dir)
    assert [run.path.resolve() for run in found] == [runs_dir / "new", runs_dir / "old"]
    assert capsys.readouterr() == ("", "")


def test_all_finished_runs_are_taken_oldest_first_and_the_others_said(
    runs_dir: Path, capsys: Captured
) -> None:
    shutil.copytree(runs_dir / "old", runs_dir / f"{ODD}.unfinished-x1")
    none: list[str] = []
    for names in (None, none):
        assert [run.name for run in chosen_runs(names, runs_dir)] == ["old", "mid", "new"]
        out, err = capsys.readouterr()
        assert (out, err) == ("", f"Not finished, so left out: {SHOWN}.unfinished-x1\n")


def test_a_folder_without_finished_runs_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"finished runs in {tmp_path}, found none"):
        chosen_runs(None, tmp_path)
