"""``data draw``: a set that can be trained on, of the numbers that were asked for."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.support.commands import assert_one_line, interrupt, watched

DRAW = "tl_catdog.drawings.draw_set"


def test_draw_writes_a_set_that_can_be_trained_on(cli: Cli, pets: Path) -> None:
    words = ["--train", "3", "--validation", "2", "--test", "0", "--size", "48"]
    done = cli("data", "draw", "few", *words)
    assert done.code == 0
    assert "10 drawings: few" in done.out
    assert "Next: tl-catdog train --data few" in done.out
    assert len(list(Path("few").glob("*/*/*.jpg"))) == 10
    assert cli("data", "draw", "few", *words).code == 0
    done = cli("data", "draw", pets, *words)
    assert done.code == 2
    assert "holds something else" in done.err


def test_options_reach_the_drawing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watched(monkeypatch, DRAW, lambda *_, **__: None)
    words = ("--train", 3, "--validation", 4, "--test", 5, "--size", 64, "--seed", 6)
    done = cli("data", "draw", tmp_path / "my set", *words)
    (((root,), named),) = calls
    del named["progress"]
    assert root == tmp_path / "my set"
    counts = {"train": 3, "validation": 4, "test": 5}
    assert named == {"counts": counts, "size": 64, "seed": 6}
    assert done.out == (f"24 drawings: {root}\nNext: tl-catdog train --data '{tmp_path}/my set'\n")
    as_json = cli("data", "draw", tmp_path / "my set", *words, "--json")
    assert json.loads(as_json.out) == {"root": str(root), "counts": counts, "size": 64, "seed": 6}


def test_without_options_it_is_the_set_that_the_tool_tries_itself_on(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watched(monkeypatch, DRAW)
    cli("data", "draw", tmp_path / "set")
    cli("data", "draw", tmp_path / "set", "--test", 0)
    ((_, named), (_, without)) = calls
    assert named["counts"] == {"train": 400, "validation": 100, "test": 100}
    assert without["counts"] == {"train": 400, "validation": 100}
    assert (named["size"], named["seed"]) == (192, 0)


def test_a_place_that_cannot_be_written_is_an_error(cli: Cli) -> None:
    done = cli("data", "draw", "/proc/nowhere/set", "--train", 1, "--validation", 1, "--size", 16)
    assert done.code == 1
    assert "Type: tl-catdog data draw OTHER" in done.err
    assert_one_line(done.err)


def test_ctrl_c_says_that_nothing_was_written(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, DRAW, interrupt)
    done = cli("data", "draw", tmp_path / "set")
    assert (done.code, done.out, done.err) == (130, "", "Interrupted: nothing was written.\n")
