"""Addresses as the words of every command: pictures are fetched, all else is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_values import COMMANDS, needed
from tests.conftest import Cli
from tests.support.commands import assert_one_line
from tl_catdog.cli.addresses import ANYWHERE, OF_COMMANDS

ADDRESSES = ("s3://b/x", "S3://b/x", "file:///nowhere/x", "memory://nowhere/x", "https://a.org/x")
SERVERS = ANYWHERE - {"--features"}


def named(item: Any) -> str:
    return item.opts[0] if item.opts[0].startswith("-") else str(item.name)


def called(command: str, item: Any, address: str) -> list[str]:
    """Return the words of a command with an address for one of its parameters."""
    name = named(item)
    words = [*command.split(), *needed(COMMANDS[command], but=item.opts[0])]
    if name == "--features" and "--data" in words:  # either of them
        at = words.index("--data")
        del words[at : at + 2]
    if command == "data get":
        words.append("filtered")
    return [*words, name, address] if name.startswith("-") else [*words, address]


def parameters(allowed: bool) -> list[tuple[str, Any]]:
    found = []
    for command, known in COMMANDS.items():
        for item in known.params:
            may = named(item) in (ANYWHERE | OF_COMMANDS.get(command, set()))
            flag = getattr(item, "is_flag", False)
            if may == allowed and not flag and named(item) not in SERVERS:
                found.append((command, item))
    return found


def test_the_table_names_what_there_is() -> None:
    for command, names in OF_COMMANDS.items():
        assert names <= {named(item) for item in COMMANDS[command].params}, command
    everywhere = {named(item) for command in COMMANDS.values() for item in command.params}
    assert everywhere >= ANYWHERE


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_is_taken_for_a_file(
    cli: Cli, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command, item in parameters(allowed=False):
        done = cli(*called(command, item, address))
        assert done.code == 2, (command, named(item), done)
        assert_one_line(done.err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--out", "--runs-dir", "--into", "--labels", "--config"])
def test_files_and_folders_are_of_this_machine(cli: Cli, option: str) -> None:
    for command, item in parameters(allowed=False):
        if named(item) == option:
            done = cli(*called(command, item, "s3://b/x"))
            assert f"of this machine for {option}, found an address, s3://b/x" in done.err, command


@pytest.mark.parametrize(
    ("address", "code"),
    [("file:///nowhere/x", 2), ("https://a.org/x", 2), ("memory://nowhere/x", 2), ("gs://b/x", 2)],
)
def test_where_nothing_is_or_nothing_can_be_read_it_is_one_line(
    cli: Cli, address: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if address.startswith("gs:") and importlib.util.find_spec("gcsfs"):
        pytest.skip("the package gcsfs is installed")
    monkeypatch.chdir(tmp_path)
    for command, item in parameters(allowed=True):
        if named(item) == "--out" and not address.startswith(("https", "gs")):
            continue  # may be written to
        done = cli(*called(command, item, address))
        assert done.code == code, (command, named(item), done)
        assert_one_line(done.err)
        if address.startswith("gs:") and "found no 'nowhere'" not in done.err:  # of its run
            assert "pip install 'tl-catdog[gs]'" in done.err, (command, named(item))
    assert not list(tmp_path.iterdir())
