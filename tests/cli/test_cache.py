"""``tl-catdog cache``: shows what is there, and clears it."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli
from tl_catdog.features.cache import FeatureStore, store_path
from tl_catdog.runs.unfinished import Begun
from tl_catdog.runs.writer import RunWriter


def test_an_empty_cache_is_shown_and_not_made(cli: Cli) -> None:
    store_path().unlink(missing_ok=True)
    outcome = cli("cache")
    assert outcome.code == 0
    assert "0 feature vectors, 0 bytes" in outcome.out
    assert not store_path().exists()


def test_it_says_how_much_there_is_and_clears_it(cli: Cli) -> None:
    store_path().unlink(missing_ok=True)
    with FeatureStore(store_path()) as store:
        store.put({str(number).encode(): bytes(10_000) for number in range(300)})
    shown = json.loads(cli("cache", "--json").out)
    assert shown["entries"] == 300
    assert shown["problem"] is None
    assert 3e6 < shown["bytes"] < 6e6
    assert "300 feature vectors" in cli("cache").out
    assert "Dropped 300 feature vectors.\n0 feature vectors, 0 bytes" in cli("cache", "--clear").out
    assert json.loads(cli("cache", "--json").out)["entries"] == 0
    assert not store_path().exists()


@pytest.mark.parametrize("content", [b"no database" * 500, None])
def test_one_that_can_not_be_read_is_shown_and_cleared(cli: Cli, content: bytes | None) -> None:
    path = store_path()
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
        path.with_name("features.sqlite-wal").write_bytes(b"old")
    outcome = cli("cache")
    assert outcome.code == 0
    assert len(outcome.err.splitlines()) == 1
    assert "Damaged" in outcome.err
    assert cli("cache", "--clear").code == 0
    assert not path.exists()
    assert not path.with_name("features.sqlite-wal").exists()


def test_what_can_not_be_removed_is_an_error_with_a_way_out(cli: Cli) -> None:
    mine = store_path() / "mine"
    store_path().unlink(missing_ok=True)
    mine.mkdir(parents=True)
    try:
        outcome = cli("cache", "--clear")
        assert outcome.code == 1
        assert "ls -ld" in outcome.err
        assert len(outcome.err.splitlines()) == 1
        assert mine.is_dir()
    finally:
        mine.rmdir()
        store_path().rmdir()


def test_trainings_that_were_killed_are_named_and_removed_when_asked(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs_dir = Path("models")
    writer = RunWriter(runs_dir, "mine")
    writer.begin(Begun({}, "/", False, "/", {}, {}))
    assert "Unfinished" not in cli("cache").out  # it is being trained
    writer._lock.release()
    shown = " ".join(cli("cache").out.split())
    assert "Unfinished: mine" in shown
    assert "type: tl-catdog train --resume mine" in shown
    assert json.loads(cli("cache", "--json").out)["unfinished"][0]["run"] == "mine"
    assert json.loads(cli("cache", "--clear", "--json").out)["removed"] == []
    assert "Removed 1 unfinished training." in cli("cache", "--clear-unfinished").out
    assert list(runs_dir.iterdir()) == []
