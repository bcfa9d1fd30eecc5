"""The harness sees what it is there to see: else the proof would prove nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.faults import checks, kills, page
from tests.faults.calls import is_possible
from tests.faults.commands import Command, words
from tests.faults.gate import Failing, Gate, Killed
from tests.faults.process import Done, start
from tests.faults.results import Count, Fault, count
from tests.faults.world import World, content

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(not is_possible(), reason="no seccomp filters that ask on this system"),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.make(())
    return made


def write_three(*_: str) -> None:
    """Write three files, badly: under their names at once."""
    for name in "abc":
        Path(name).write_text("whole" * 10_000)


def say_nothing(*_: str) -> None:
    """Fail with no word, as no command may."""
    Path("a").write_text("whole")
    raise SystemExit(1)


def test_each_change_asks_and_is_numbered(world: World) -> None:
    done = world.watch((), Gate((world.root,)), write_three)
    assert done.code == 0
    assert [(event.call, Path(event.path).name) for event in done.events] == [
        (call, name) for name in "abc" for call in ("openat", "write")
    ]
    assert [event.index for event in done.events] == list(range(6))


@pytest.mark.parametrize(("at", "left"), [(0, {}), (1, {"a": 0}), (3, {"a": 50_000, "b": 0})])
def test_a_kill_comes_before_the_change(world: World, at: int, left: dict[str, int]) -> None:
    done = world.watch((), Gate((world.root,), Killed(at)), write_three)
    assert done.code == -9
    found = {path.name: path.stat().st_size for path in world.root.iterdir() if path.is_file()}
    assert found == left


def test_an_error_is_what_the_process_sees(world: World) -> None:
    done = world.watch((), Gate((world.root,), Failing(3, errno.ENOSPC)), write_three)
    assert done.code == 1
    assert "No space left on device" in done.err
    assert (world.root / "a").stat().st_size == 50_000


def test_what_is_elsewhere_passes(world: World, tmp_path: Path) -> None:
    gate = Gate((tmp_path / "other",), Killed(0))
    assert world.watch((), gate, write_three).code == 0
    assert gate.events == []


def test_a_command_that_leaves_half_a_file_does_not_survive(world: World) -> None:
    command = Command("bad", (), (), body=write_three, kills=(6, 0), pictures=())
    found = [fault.wrong for fault in kills.kills(command, world, 0)]
    # Typed again it ends well each time; but until then there is an empty file, or none.
    opened_only = [("it isn't whole: a",), ("it isn't whole: b",), ("it isn't whole: c",)]
    assert found == [(), opened_only[0], (), opened_only[1], (), opened_only[2]]


def test_a_process_that_hangs_is_ended(world: World) -> None:
    running = start((), world.root, world.environment, None, hang)
    done = running.wait(patience=0.5)
    assert done.hung
    assert "it hangs" in checks.rude(done)


def hang(*_: str) -> None:
    """Wait for what never comes."""
    os.read(os.pipe()[0], 1)


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (Done(0, "", ""), []),
        (Done(1, "", "Error: expected a, found b. Type: c\n"), []),
        (Done(1, "", "Traceback (most recent call last):\n"), ["a traceback"]),
        (Done(1, "", ""), ["0 lines of error"]),
        (Done(3, "", "Error: x\n"), ["exit code 3"]),
        (Done(-9, "", "Error: x\n"), ["exit code -9"]),
        (Done(1, "", "Error: x. Type: rm -r models\n"), ["it advises to delete"]),
    ],
)
def test_what_no_command_may_do(done: Done, said: list[str]) -> None:
    assert checks.rude(done) == said


def test_a_lost_and_a_doubled_picture_are_seen(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name in ("a", "b"):
        (tmp_path / "set" / name).write_text(name)
    before = checks.pictures(tmp_path, ("set",))
    assert checks.lost(before, checks.pictures(tmp_path, ("set",))) == []
    (tmp_path / "set" / "a").write_text("b")
    said = checks.lost(before, checks.pictures(tmp_path, ("set",)))
    assert [item[9:] for item in said] == ["is gone", "is there 2 times"]


def test_a_run_that_is_not_what_it_says_is_seen(tmp_path: Path) -> None:
    from tests.support.bare_runs import publish

    publish(tmp_path, "mine")
    assert checks.broken_runs(tmp_path) == []
    (tmp_path / "mine" / "config.json").write_text('{"arch": "mobilenet"}')
    assert any("mine" in item for item in checks.broken_runs(tmp_path))
    (tmp_path / "mine" / "manifest.json").unlink()
    assert any("can't be read" in item for item in checks.broken_runs(tmp_path))


def test_rests_are_seen(tmp_path: Path) -> None:
    (tmp_path / "mine.unfinished-01234567").mkdir()
    (tmp_path / ".tl-catdog-01234567-report.html").touch()
    assert len(checks.rests(tmp_path)) == 2
    assert content(tmp_path / ".tl-catdog-01234567-report.html") == checks.EMPTY


def test_the_page_shows_what_was_counted() -> None:
    faults = [Fault("killed: data fix", f"at {n}", wrong=("lost",) * (n == 2)) for n in range(5)]
    faults += [Fault("damaged pictures: cut", "here")] * 3
    text = page.tables(count(faults, 7))
    assert "**8 faults, 7 survived, 1 not.**" in text
    assert "seed 7" in text
    assert "| `data fix` | **4 of 5** |" in text
    assert "| damaged pictures | cut | 3 |" in text
    assert "such as at 2: lost" in text


def test_the_page_is_the_one_of_the_results() -> None:
    from tests.faults import results

    shown = page.PAGE.read_text(encoding="utf-8").partition(page.BEGIN)[2].partition(page.END)[0]
    assert shown.strip() == page.tables(results.read()).strip()


def test_counts_are_of_their_kind_only() -> None:
    found = count([Fault("a: b", "x"), Fault("a: c", "x", wrong=("y",))], 0)
    assert {kind: (item.planted, item.survived) for kind, item in found.items()} == {
        "a: b": (1, 1),
        "a: c": (1, 0),
    }
    assert isinstance(found["a: c"], Count)
    assert words("a b") == ("a", "b")
