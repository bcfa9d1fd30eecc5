"""Options that several commands share mean the same in each of them, and reach their function."""

from pathlib import Path
from typing import Any

import pytest
import typer

from tests.conftest import Cli
from tests.support.commands import GROUPS, assert_one_line, commands
from tl_catdog.cli import app
from tl_catdog.cli.options import RUNS_DIR

PROGRAM: Any = typer.main.get_command(app)


def parameters(words: tuple[str, ...]) -> dict[str, Any]:
    """Return the options and arguments of a command, by their names in the code."""
    found = PROGRAM
    for word in words:
        found = found.commands[word]
    return {item.name: item for item in found.params}


SINGLE = [words for words in commands() if words and words not in GROUPS]


def having(name: str) -> list[tuple[str, ...]]:
    return [words for words in SINGLE if name in parameters(words)]


def test_every_command_that_takes_a_runs_folder_has_the_same_default() -> None:
    found = having("runs_dir")
    assert len(found) == 13
    for words in found:
        item = parameters(words)["runs_dir"]
        assert item.default in (RUNS_DIR, None), words  # train's is its setting's
        assert item.help.startswith("Folder that holds the runs."), words


def test_every_command_but_train_serve_and_teach_has_json() -> None:
    without = [words for words in SINGLE if words not in having("json")]
    assert without == [("train",), ("teach",), ("serve",)]
    for words in having("json"):
        item = parameters(words)["json"]
        assert (item.opts, item.is_flag, item.default) == (["--json"], True, False)


@pytest.mark.parametrize("name", ["seed", "top", "count", "repeats", "validation", "test"])
def test_a_number_out_of_its_range_is_refused(cli: Cli, name: str) -> None:
    for words in having(name):
        item = parameters(words)[name]
        arguments = ["x" for other in parameters(words).values() if other.opts[0][0] != "-"]
        outcome = cli(*words, *arguments, item.opts[0], "-1")
        assert outcome.code == 2, words
        assert item.opts[0].lstrip("-") in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "mine"),
        ("compare", "mine"),
        ("predict", "a.png", "--run", "mine"),
        ("explain", "a.png", "--run", "mine"),
        ("export", "mine", "--format", "onnx"),
        ("report", "mine"),
        ("review", "mine"),
        ("serve", "--run", "mine"),
    ],
    ids=" ".join,
)
def test_a_run_is_looked_for_by_its_name_in_the_folder_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = cli(*words, "--runs-dir", "my runs")
    assert outcome.code == 2
    assert "expected a run in my runs, found no 'mine'" in outcome.err
    assert_one_line(outcome.err)
