"""A batch goes on where it was, whatever stopped it, and never says done of what isn't."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.conftest import paint
from tests.support.batches import InProcess, in_process, pictures, predicted
from tl_catdog.cluster import batch as batches
from tl_catdog.cluster.batch import _apart, batch, engine_of
from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.cluster.progress import Progress
from tl_catdog.cluster.work import try_shard
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.parts import Part, find_part
from tl_catdog.shards.plan import FAILED, MANIFEST, NETWORK, PARTS, SUCCESS, Plan, part_name
from tl_catdog.storage.places import Place


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "pictures")  # 10: shards of 4, 4 and 2


def failing(shard: int, times: int) -> Any:
    """Return work that fails on one shard so many times."""
    left = [times]

    def work(url: str, number: int) -> ShardDone | ShardFailed:
        if number == shard and left[0]:
            left[0] -= 1
            return ShardFailed(number, "its process was killed")
        return try_shard(url, number)

    return work


def files(dest: Path) -> dict[str, bytes]:
    return {
        path.relative_to(dest).as_posix(): path.read_bytes()
        for path in sorted(dest.rglob("*"))
        if path.is_file()
    }


def test_it_is_planned_worked_off_and_closed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = in_process(monkeypatch)
    seen: list[tuple[str, int, int]] = []

    def show(progress: Progress) -> None:
        seen.append((progress.step, progress.done, progress.done_rows))

    done = predicted(source, tmp_path / "out", show=show)
    assert done.closed
    assert (done.found, done.computed, done.failed) == (0, 3, ())
    assert engine.given == [0, 1, 2]
    assert seen[0][0] == "listing"
    assert ("working", 2, 8) in seen
    assert seen[-1] == ("closing", 3, 10)
    assert json.loads(json.dumps(done.to_json()))["rows"] == 10


def test_typed_again_it_computes_nothing_and_changes_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    predicted(source, tmp_path / "out")
    before = files(tmp_path / "out")
    engine = in_process(monkeypatch)
    again = predicted(source, tmp_path / "out")
    assert engine.given == []
    assert (again.found, again.computed) == (3, 0)
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("stopped_after", [0, 1, 2])
def test_stopped_anywhere_it_goes_on_to_the_same_bytes(
    stopped_after: int, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    predicted(source, tmp_path / "whole")

    def stopping(url: str, shard: int) -> ShardDone | ShardFailed:
        if shard == stopped_after:
            raise KeyboardInterrupt
        return try_shard(url, shard)

    in_process(monkeypatch, stopping)
    with pytest.raises(KeyboardInterrupt):
        predicted(source, tmp_path / "out")
    assert not (tmp_path / "out" / SUCCESS).exists()
    engine = in_process(monkeypatch)
    assert predicted(source, tmp_path / "out").closed
    assert engine.given == list(range(stopped_after, 3))
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_a_shard_that_fails_is_tried_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = in_process(monkeypatch, failing(1, 2))
    assert predicted(source, tmp_path / "out").closed
    assert engine.given == [0, 1, 2, 1, 1]
    assert not (tmp_path / "out" / FAILED).exists()


def test_one_that_always_fails_is_set_aside_and_the_next_command_tries_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "out"
    engine = in_process(monkeypatch, failing(1, 3))
    done = predicted(source, dest)
    assert engine.given.count(1) == 3
    assert not done.closed
    assert [item.shard for item in done.failed] == [1]
    said = json.loads((dest / FAILED / "part-00001.json").read_text())
    assert said == {"shard": 1, "tries": 3, "reason": "its process was killed"}
    assert not (dest / SUCCESS).exists()
    engine = in_process(monkeypatch)
    assert predicted(source, dest).closed
    assert engine.given == [1]
    assert not (dest / FAILED / "part-00001.json").exists()


def test_a_closed_batch_that_loses_a_part_for_good_is_closed_no_more(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "out"
    in_process(monkeypatch)
    predicted(source, dest)
    (dest / PARTS / part_name(1)).unlink()
    in_process(monkeypatch, failing(1, 3))
    assert not predicted(source, dest).closed
    assert not (dest / SUCCESS).exists()
    assert not (dest / MANIFEST).exists()


def test_a_damaged_part_is_made_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "out"
    in_process(monkeypatch)
    predicted(source, dest)
    before = files(dest)
    path = dest / PARTS / part_name(1)
    path.write_bytes(path.read_bytes()[:-7])
    engine = in_process(monkeypatch)
    assert predicted(source, dest).closed
    assert engine.given == [1]
    assert files(dest) == before


def test_parts_that_the_manifest_vouches_for_are_not_read_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "out"
    in_process(monkeypatch)
    predicted(source, dest)
    for number in range(3):
        os.utime(dest / PARTS / part_name(number), ns=(1, 1))  # long before it was closed
    read: list[int] = []

    def counted(place: Place, plan: Plan, shard: int) -> Part | None:
        read.append(shard)
        return find_part(place, plan, shard)

    monkeypatch.setattr(batches, "find_part", counted)
    assert predicted(source, dest).closed
    assert read == []
    path = dest / PARTS / part_name(1)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1  # the size stays, the time tells
    path.write_bytes(data)
    assert predicted(source, dest).computed == 1
    (dest / SUCCESS).unlink()
    read.clear()
    assert predicted(source, dest).closed
    assert sorted(read) == [0, 1, 2]


def test_a_part_that_is_a_link_is_replaced_and_what_it_leads_to_left_alone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest, mine = tmp_path / "out", tmp_path / "mine"
    in_process(monkeypatch)
    predicted(source, dest)
    before = files(dest)
    mine.write_text("mine")
    for target in (mine, dest / PARTS / part_name(0)):
        path = dest / PARTS / part_name(1)
        path.unlink()
        path.symlink_to(target)
        assert predicted(source, dest).computed == 1
        assert not path.is_symlink()
        assert files(dest) == before
    assert mine.read_text() == "mine"


def test_a_network_that_is_damaged_or_gone_is_sent_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "out"
    in_process(monkeypatch)
    predicted(source, dest)
    before = files(dest)
    (dest / NETWORK / "config.json").write_text("1")
    (dest / NETWORK / "manifest.json").unlink()
    (dest / PARTS / part_name(1)).unlink()
    assert predicted(source, dest).closed
    assert files(dest) == before


def test_what_is_nobodys_failed_part_stays(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = tmp_path / "out" / FAILED
    failed.mkdir(parents=True)
    for name in ("notes.json", "part-00007.json"):
        (failed / name).write_text("{}")
    in_process(monkeypatch)
    predicted(source, tmp_path / "out")
    assert [path.name for path in failed.iterdir()] == ["notes.json"]


def test_where_nothing_can_be_done_it_ends_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pictures(tmp_path / "pictures", 10)
    engine = in_process(monkeypatch, lambda _, shard: ShardFailed(shard, "no network"))
    with pytest.raises(CatdogError, match="no network"):
        predicted(source, tmp_path / "out", shard_size=1)
    assert len(engine.given) == 10


def test_what_no_shard_can_do_better_ends_it_at_once(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = in_process(monkeypatch, lambda _, shard: ShardFailed(shard, "full", fatal=True))
    with pytest.raises(CatdogError, match="full"):
        predicted(source, tmp_path / "out")
    assert engine.given == [0]


def test_an_engine_that_isnt_installed_is_told_before_anything_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"tl-catdog\[ray\]"):
        predicted(source, tmp_path / "out", on="ray")
    assert not (tmp_path / "out").exists()


def test_two_commands_at_once_end_alike(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins while the first works, and finishes before it."""
    dest = tmp_path / "out"
    in_process(monkeypatch)
    predicted(source, tmp_path / "whole")

    def late(url: str, shard: int) -> ShardDone | ShardFailed:
        if shard == 0:
            monkeypatch.setattr(batches, "engine_of", lambda *_: InProcess())
            assert predicted(source, dest).closed
        return try_shard(url, shard)

    in_process(monkeypatch, late)
    assert predicted(source, dest).closed
    assert files(dest) == files(tmp_path / "whole")


def test_a_picture_more_is_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    predicted(source, tmp_path / "out")
    before = files(tmp_path / "out")
    paint(source / "bee" / "more.png", (1, 2, 3), 7)
    with pytest.raises(UsageError, match=r"the number of pictures \(10 there, 11 asked for\)"):
        predicted(source, tmp_path / "out")
    assert files(tmp_path / "out") == before


def test_results_among_the_pictures_are_refused(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    with pytest.raises(UsageError, match="outside of the pictures"):
        predicted(source, source / "out")
    assert not (source / "out").exists()
    for dest in ("memory://set", "memory://set/out"):
        with pytest.raises(UsageError, match="outside of the pictures"):
            _apart(Place.of(dest), "memory://set")
    _apart(Place.of("memory://set-out"), "memory://set")


@pytest.mark.parametrize(
    ("kind", "size"), [("check", 0), ("check", -1), ("check", 10_001), ("features", 100_001)]
)
def test_a_shard_has_some_pictures(
    kind: Literal["check", "features"], size: int, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="pictures in a shard"):
        batch(kind, source, tmp_path / "out", shard_size=size)


def test_an_engine_has_a_name_and_joins_what_it_can() -> None:
    assert hasattr(engine_of("local"), "run")
    with pytest.raises(UsageError, match="expected an engine"):
        engine_of("spark")
    with pytest.raises(UsageError, match="found it for local"):
        engine_of("local", "tcp://a:1")
