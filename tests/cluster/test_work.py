"""A shard is a function of the plan and its number; what goes wrong is told apart."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import in_process, pictures, predicted
from tl_catdog.api import Classifier, image_sources
from tl_catdog.cluster import work
from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.cluster.networks import Surroundings, predictor_of
from tl_catdog.cluster.work import do_shard, try_shard
from tl_catdog.runs.folder import shipped_run
from tl_catdog.shards.folder import FolderSource
from tl_catdog.shards.plan import PARTS
from tl_catdog.shards.reading import read_parts
from tl_catdog.storage.failures import BusyError


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_jobs", {})


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return pictures, and a place with a plan for them that nobody has worked on."""
    source, dest = pictures(tmp_path / "pictures"), tmp_path / "out"
    (source / "ant" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    in_process(monkeypatch, lambda _, shard: ShardFailed(shard, "not today"))
    monkeypatch.setattr("tl_catdog.cluster.batch.HOPELESS", 100)
    assert not predicted(source, dest).closed
    return source, dest


def test_answers_are_those_of_predict_to_the_bit(planned: tuple[Path, Path]) -> None:
    source, dest = planned
    parts = [do_shard(str(dest), shard).part for shard in range(3)]
    assert [part.rows for part in parts] == [4, 4, 3]
    expected = {said.path: said for said in Classifier(shipped_run()).stream(image_sources(source))}
    import pyarrow.parquet

    rows = [row for path in sorted((dest / PARTS).iterdir())
            for row in pyarrow.parquet.read_table(path).to_pylist()]  # fmt: skip
    assert [source / row["path"] for row in rows] == list(expected)
    for row in rows:
        said = expected[source / row["path"]]
        known = said.probabilities
        assert row["probabilities"] == (None if known is None else list(known.values()))
        assert (row["predicted"], row["error"]) == (said.label, said.error)
    assert sum(row["error"] is not None for row in rows) == 1


def test_what_is_done_is_not_done_again(planned: tuple[Path, Path]) -> None:
    _, dest = planned
    first = do_shard(str(dest), 0)
    again = do_shard(str(dest), 0)
    assert (first.computed, again.computed) == (True, False)
    assert first.part == again.part
    assert first.shard == 0


def test_a_picture_that_vanishes_is_a_row(planned: tuple[Path, Path]) -> None:
    source, dest = planned
    for path in (source / "bee").iterdir():
        path.unlink()
    errors = do_shard(str(dest), 2).part.errors
    assert errors == {"can't be read": 3}


def test_what_a_store_refuses_for_now_fails_the_shard(
    planned: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> bytes:
        raise BusyError("expected an answer, found that the store asks to slow down.")

    monkeypatch.setattr(FolderSource, "read", busy)
    failed = try_shard(str(planned[1]), 0)
    assert isinstance(failed, ShardFailed)
    assert "slow down" in failed.reason
    assert not failed.fatal
    assert list((planned[1] / PARTS).glob("*")) == []


def test_a_machine_with_other_versions_writes_nothing(
    planned: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*given: Any) -> Any:
        predictor, here = predictor_of(*given)
        return predictor, Surroundings("onnxruntime 0.1", here.engine_key, here.decoder)

    monkeypatch.setattr("tl_catdog.cluster.networks.predictor_of", elsewhere)
    failed = try_shard(str(planned[1]), 0)
    assert isinstance(failed, ShardFailed)
    assert failed.fatal
    assert "onnxruntime 0.1" in failed.reason
    assert list((planned[1] / PARTS).glob("*")) == []


def test_a_full_disk_ends_all(planned: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tl_catdog.cluster.work.write_part", full)
    failed = try_shard(str(planned[1]), 0)
    assert isinstance(failed, ShardFailed)
    assert failed.fatal


def test_a_network_is_loaded_once(
    planned: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []

    def counted(*given: Any) -> Any:
        loaded.append(1)
        return predictor_of(*given)

    monkeypatch.setattr("tl_catdog.cluster.networks.predictor_of", counted)
    assert all(isinstance(try_shard(str(planned[1]), shard), ShardDone) for shard in range(3))
    assert loaded == [1]


def test_a_shard_that_there_is_not_fails(planned: tuple[Path, Path]) -> None:
    failed = try_shard(str(planned[1]), 99)
    assert isinstance(failed, ShardFailed)
    assert not failed.fatal


def test_a_place_without_a_plan_fails(tmp_path: Path) -> None:
    failed = try_shard(str(tmp_path), 0)
    assert isinstance(failed, ShardFailed)
    assert "plan.json" in failed.reason


def test_readers_have_the_rows_of_all_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = pictures(tmp_path / "pictures", 3)
    predicted(source, tmp_path / "out", shard_size=4)
    found = [row["sha256"] for some in read_parts(tmp_path / "out") for row in some.to_pylist()]
    assert len(found) == len(set(found)) == 6
