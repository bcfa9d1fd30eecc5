"""``batch predict``: one line at the end, rows for broken pictures, 130 and 1 where it must be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.support.batches import in_process, pictures
from tests.support.commands import assert_one_line
from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.cluster.work import try_shard
from tl_catdog.shards.plan import MANIFEST, SUCCESS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = pictures(tmp_path / "pictures", 3)
    (root / "ant" / "empty.png").write_bytes(b"")
    return root


def words(source: Path, *more: object) -> tuple[object, ...]:
    out = source.parent / "out"
    return ("batch", "predict", source, "--out", out, "--run", "cats-dogs", *more)


def test_json_is_one_line_and_a_broken_picture_no_failure(
    source: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    done = cli(*words(source, "--json", "--shard-size", 4))
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert (said["rows"], said["shards"], said["closed"]) == (7, 2, True)
    assert said["errors"] == {"the file is empty": 1}
    assert (source.parent / "out" / SUCCESS).is_file()


def test_people_are_told_where_results_are(
    source: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    done = cli(*words(source))
    assert "7 pictures in 1 part" in done.out
    assert "1 × the file is empty" in done.out
    assert MANIFEST in done.out


def test_a_shard_that_cannot_be_done_is_named(
    source: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(url: str, shard: int) -> ShardDone | ShardFailed:
        return try_shard(url, shard) if shard else ShardFailed(shard, "no more memory")

    in_process(monkeypatch, work)
    done = cli(*words(source, "--shard-size", 4, "--json"))
    assert done.code == 1
    assert "Part 0 couldn't be done: no more memory" in done.err
    said = json.loads(done.out)
    assert said["failed"] == [{"shard": 0, "reason": "no more memory"}]
    assert not said["closed"]


def test_after_ctrl_c_the_same_command_goes_on(
    source: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(url: str, shard: int) -> ShardDone | ShardFailed:
        if shard:
            raise KeyboardInterrupt
        return try_shard(url, shard)

    in_process(monkeypatch, work)
    done = cli(*words(source, "--shard-size", 4))
    assert done.code == 130
    assert "1 of 2 parts are done. To go on, type the same command." in done.err
    in_process(monkeypatch)
    assert cli(*words(source, "--shard-size", 4)).code == 0


def test_a_changed_set_is_one_line(source: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    in_process(monkeypatch)
    assert cli(*words(source)).code == 0
    (source / "ant" / "empty.png").unlink()
    done = cli(*words(source))
    assert done.code == 2
    assert_one_line(done.err)
    assert "the number of pictures (7 there, 6 asked for)" in done.err


@pytest.mark.parametrize(
    "more", [("--on", "spark"), ("--address", "tcp://a:1"), ("--out", " "), ("--run", "nowhere")]
)
def test_wrong_words_are_one_line(more: tuple[str, str], source: Path, cli: Cli) -> None:
    done = cli(*words(source), *more)
    assert done.code == 2
    assert_one_line(done.err)
    assert not (source.parent / "out").exists()
