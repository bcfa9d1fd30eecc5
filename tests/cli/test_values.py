"""Nonsense as the value of every option of every command: one line, at once, exit code 2.

No command gets as far as its work here: what it works on isn't there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.conftest import Cli
from tests.support.commands import assert_one_line
from tl_catdog.cli import WrongUse, app

NUMBERS = (
    *("nan", "inf", "-inf", "1e400", "-1", "-0.0", "0", "1", "1.5", "1e5", "0x10", "1_000", "٣"),
    *("", " ", "5 ", "x", "4294967296", "9" * 30, "9" * 5000, "true", "None", "1,5"),
)
TEXTS = (
    *("", " ", "\t\n", "x" * 3000, "é" * 200, "a\x1b[31mb", "\u202etxt.exe", "\u200b"),
    *("\udcff", "[red]", "{", "%s", "/dev/zero", "/dev/null/x", "--", "a\nb"),
)
NOWHERE = "nowhere"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield the words of each command, and the command."""

    def below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for name, found in group.commands.items():
            if hasattr(found, "commands"):
                yield from below(found, (*words, name))
            else:
                yield " ".join((*words, name)), found

    return below(PROGRAM, ())


PROGRAM: Any = typer.main.get_command(app)
COMMANDS = dict(commands())


def options(command: Any) -> dict[str, Any]:
    """Return a command's options that take a value."""
    return {
        item.opts[0]: item
        for item in command.params
        if item.opts[0].startswith("--") and not item.is_flag
    }


def needed(command: Any, but: str = "") -> list[str]:
    """Return the words that a command needs, or that keep it from its work: nothing is there."""
    words = []
    for item in command.params:
        name = item.opts[0]
        if name == but:
            continue
        if name in ("--data", "--run"):
            words += [name, NOWHERE]
        elif name == "--format":
            words += [name, "onnx"]
        elif name == "--out" and item.required:
            words += [name, NOWHERE]
        elif name == "folder" and command.name == "teach":
            words.append(f"{NOWHERE}/{NOWHERE}")  # it makes a folder, but none above it
        elif not name.startswith("-") and name in (
            *("runs", "run", "picture", "paths", "folder", "source"),
        ):
            words.append(NOWHERE)
    return words


def parsed(command: Any, words: list[str]) -> dict[str, Any] | None:
    """Return what a command makes of its words; None if it refuses them."""
    try:
        return dict(command.make_context("tl-catdog", words).params)
    except WrongUse:
        return None


@pytest.mark.parametrize("words", [name for name in COMMANDS if name != "train"])
def test_a_number_is_within_its_limits_or_refused(words: str) -> None:
    command = COMMANDS[words]
    for name, item in options(command).items():
        for text in NUMBERS:
            found = parsed(command, [f"{name}={text}", *needed(command, name)])
            value = found and found[item.name]
            if isinstance(value, int | float) and words != "predict":  # its own rules say more
                assert item.min <= value <= item.max, (name, text)
                assert math.isfinite(item.max), name


HEAVY = {
    ("doctor", "--runs-dir"),
    ("cache", "--runs-dir"),
    ("data list", "--into"),
    ("data get", "--into"),
}
"""Would do their work: nothing that they need is missing."""


@pytest.mark.parametrize("words", COMMANDS)
def test_nonsense_is_one_short_line(
    cli: Cli, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = COMMANDS[words]
    for name in options(command):
        for text in TEXTS if (words, name) not in HEAVY else ("", " "):
            given = [*words.split(), *needed(command, name), f"{name}={text}"]
            if words == "data get":
                given.append(NOWHERE)
            outcome = cli(*given)
            place = (name, text[:20])
            assert outcome.code == 2, (place, outcome)
            assert outcome.out == "", place
            assert_one_line(outcome.err)
            assert len(outcome.err) < 1600, place
            assert not re.search("fault|Traceback|\x1b|\u202e|\u200b", outcome.err), place
            assert "x" * 300 not in outcome.err, place
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [name for name in COMMANDS if needed(COMMANDS[name])])
def test_nonsense_instead_of_a_name_is_one_short_line(
    cli: Cli, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = needed(COMMANDS[words])
    if words == "data draw" or NOWHERE not in given:
        return
    for text in TEXTS:
        if text == "--":
            continue
        outcome = cli(*words.split(), *(text if word == NOWHERE else word for word in given))
        assert outcome.code in (1, 2), (text[:20], outcome)
        assert outcome.out == ""
        assert_one_line(outcome.err)
        assert "fault" not in outcome.err
        assert "x" * 300 not in outcome.err


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_refused_whatever_the_limits(cli: Cli, value: str) -> None:
    outcome = cli("predict", "--precision", value, NOWHERE)
    assert outcome.code == 2
    assert_one_line(outcome.err)
