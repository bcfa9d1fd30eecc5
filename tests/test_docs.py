"""The documentation is built from what there is, and what it tells to type works."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from tests.conftest import Cli
from tl_catdog.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_command_pages", ROOT / "tools" / "make_command_pages.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_each_command_has_the_page_that_its_help_makes(tool: ModuleType) -> None:
    made = tool.pages()
    assert {path.name for path in (DOCS / "commands").glob("*.md")} == set(made)
    for name, text in made.items():
        assert (DOCS / "commands" / name).read_text() == text, "python tools/make_command_pages.py"


def parameters(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield each command's words, and the spelling of each of its options, from the parser."""
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from parameters(found, (*words, name))
        else:
            flags = [item.opts[0] for item in found.params if item.opts[0].startswith("-")]
            yield "-".join((*words, name)), flags


def test_each_option_that_the_parser_takes_is_on_its_commands_page() -> None:
    found = dict(parameters(typer.main.get_command(app)))
    index = (DOCS / "commands" / "index.md").read_text()
    assert {"train", "predict", "data-check"} <= set(found)
    for name, flags in found.items():
        text = (DOCS / "commands" / f"{name}.md").read_text()
        assert f"({name}.md)" in index
        for flag in flags:
            assert f"`{flag}`" in text or flag == "--help", (name, flag)


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", DOCS, tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        fetched = re.findall(r'(?:src|<link[^>]* href)="(https?:[^"]+)"', page.read_text())
        assert fetched == [], page


def test_figures_are_small_and_those_of_the_terminal_fetch_nothing() -> None:
    figures = list((DOCS / "figures").iterdir())
    assert figures
    assert max(path.stat().st_size for path in figures) < 200_000
    for path in (DOCS / "figures").glob("*.svg"):
        assert not re.search(r"@font-face|@import|url\(.?http|href=.http", path.read_text())


def tutorial() -> list[str]:
    text = (DOCS / "tutorial.md").read_text()
    blocks = re.findall(r"<!-- tutorial -->\n```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


QUICK = {
    "data draw": "--train 12 --validation 6 --test 6",
    "train --arch baseline": "--epochs 1 --image-size 32",
    "train --arch mobilenet": "--epochs 2 --finetune-epochs 1 --image-size 64",
}
"""What makes them short; the commands stay what the page says."""


@pytest.mark.slow
def test_the_tutorial_works_from_its_first_line_to_its_last(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = tutorial()
    assert len(lines) == 12
    for line in lines:
        more = next((words for key, words in QUICK.items() if key in line), "")
        done = cli(*line.split()[1:], *more.split())
        # check says by 1 that something matters.
        assert done.code == 0 or (done.code == 1 and "data check" in line), (line, done.err)
    assert (tmp_path / "exports" / "mobilenet-finetune" / "onnx" / "model.onnx").is_file()
    assert (tmp_path / "0001.explained.png").is_file()
