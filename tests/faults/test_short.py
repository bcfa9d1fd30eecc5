"""The short part of the proof: a few faults of each kind. ``python -m tests.faults`` plants all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.faults import bodies, changing, errors, kills, malformed, mutated, older, together
from tests.faults.calls import is_possible
from tests.faults.commands import COMMANDS, Command, short
from tests.faults.results import Fault
from tests.faults.world import World
from tests.support.fetch_server import serving
from tests.support.fetch_sets import FEW, zipped

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(not is_possible(), reason="no seccomp filters that ask on this system"),
]

SHORT = short()
READERS = [item for item in changing.READERS if item.name in ("data check", "data fix")]
PAIRS = [item for item in together.PAIRS if "data" in item.name][:3]
FILES = [item for item in malformed.DOCUMENTS if item.name in ("settings", "log of data fix")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving() as site:
        site.files["/few.zip"] = zipped(FEW)
        yield World(tmp_path_factory.mktemp("faults"), {bodies.SITE: site.address})


def assert_survived(faults: Iterator[Fault], least: int = 1) -> None:
    found = list(faults)
    assert len(found) >= least
    wrong = [f"{item.where} ({item.then}): {'; '.join(item.wrong)}" for item in found if item.wrong]
    assert wrong == []


def few(command: Command, kills: int, errors: int) -> Command:
    return replace(command, kills=(kills, 0), errors=errors)


@pytest.mark.parametrize("command", SHORT, ids=lambda command: command.name)
def test_a_kill_at_any_change_costs_nothing(world: World, command: Command) -> None:
    count = 2 if command.name.startswith("train") else 3
    assert_survived(kills.kills(few(command, count, 0), world, seed=1), least=count)


@pytest.mark.parametrize("command", SHORT[1:], ids=lambda command: command.name)
def test_an_error_of_the_disk_is_told_and_costs_nothing(world: World, command: Command) -> None:
    assert_survived(errors.errors(few(command, 0, 1), world, seed=1), least=2)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_two_at_once_end_well(world: World, pair: together.Pair) -> None:
    assert_survived(together.together(pair, world, seed=1, repeats=2), least=2)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_picture_may_change_while_it_is_read(world: World, reader: changing.Reader) -> None:
    least = len(changing.CHANGES)
    assert_survived(changing.changing(reader, world, seed=1, most=1), least=least)


def test_damaged_pictures_are_named_or_answered_as_pillow_reads_them(world: World) -> None:
    assert_survived(mutated.pictures(world, seed=1, count=100), least=100)


@pytest.mark.parametrize("document", FILES, ids=lambda document: document.name)
def test_nonsense_is_told_in_a_line(world: World, document: malformed.Document) -> None:
    assert_survived(malformed.malformed(document, world, seed=1, count=8), least=8)


def test_every_command_is_in_the_proof() -> None:
    """What changes a disk and isn't here needs an entry in tests/faults/commands.py."""
    from tests.support.commands import commands

    reads_only = {
        (), ("data",), ("compare",), ("predict",), ("serve",), ("doctor",), ("data", "list"),
    }  # fmt: skip
    here = {tuple(str(word) for word in item.words[:2]) for item in COMMANDS}
    here |= {words[:1] for words in here}
    assert [words for words in commands() if words not in reads_only and words not in here] == []


def test_runs_of_older_versions_say_what_they_said(world: World) -> None:
    assert_survived(older.older(world, seed=1), least=12)
