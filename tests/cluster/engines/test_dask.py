"""Dask: a cluster of its own, addresses, and what its workers can't do."""

from __future__ import annotations

import socketserver
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tests.faults.clusters import free_port, runs
from tests.support.batches import in_process, pictures
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.done import LOST, ShardFailed
from tl_catdog.cluster.engines import dask, shared
from tl_catdog.errors import CatdogError
from tl_catdog.shards.plan import MANIFEST

distributed = pytest.importorskip("distributed", reason="needs tl-catdog[dask]")


@pytest.mark.slow
def test_a_cluster_of_its_own_gives_the_same_bytes_and_ends_with_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pictures(tmp_path / "pictures", 12)
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched)
        batch("check", source, tmp_path / "whole", shard_size=2)
    monkeypatch.setattr(shared, "FEWEST", 4)
    monkeypatch.setattr(shared, "AHEAD", 2)  # fewer than there are
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = batch("check", source, tmp_path / "out", shard_size=2, on="dask", workers=2)
    assert (found.computed, found.closed) == (12, True)
    same = [(tmp_path / name / MANIFEST).read_bytes() for name in ("out", "whole")]
    assert same[0] == same[1]
    assert [one for one in psutil.Process().children(recursive=True) if is_worker(one)] == []


@pytest.mark.slow
def test_whoever_stops_early_ends_it_too(tmp_path: Path) -> None:
    source = pictures(tmp_path / "pictures", 8)
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched, lambda _, shard: ShardFailed(shard, "not yet"))
        patched.setattr("tl_catdog.cluster.batch.HOPELESS", 1000)
        batch("check", source, tmp_path / "out", shard_size=2)
    engine: Any = dask.run(range(8), str(tmp_path / "out"), workers=1)
    next(engine)
    assert [one for one in psutil.Process().children(recursive=True) if is_worker(one)]
    engine.close()
    assert [one for one in psutil.Process().children(recursive=True) if is_worker(one)] == []


def is_worker(process: psutil.Process) -> bool:
    """Return whether a process is a worker that runs."""
    return runs(process) and "spawn_main" in " ".join(process.cmdline())


@pytest.mark.parametrize(
    "address",
    [f"tcp://127.0.0.1:{free_port()}", "no address", "tcp://", "ftp://127.0.0.1:1"],
    ids=["free", "words", "empty", "protocol"],  # workers of pytest have to collect the same names
)
def test_an_address_where_nothing_is_costs_a_line(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "CONNECT", 1)
    with pytest.raises(CatdogError, match="expected a Dask cluster at") as caught:
        list(dask.run([0], "/nowhere", address=address))
    assert "\n" not in str(caught.value)
    assert "dask scheduler" in caught.value.hint


def test_an_address_where_a_web_server_is_costs_a_line_too() -> None:
    """Dask takes the first bytes of its answer for a length, and asks for so much memory."""

    class Answering(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(CatdogError, match="another program there"):
                list(
                    dask.run([0], "/nowhere", address=f"tcp://127.0.0.1:{server.server_address[1]}")
                )
        finally:
            server.shutdown()


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CatdogError, match=r"pip install 'tl-catdog\[dask\]'"):
        list(dask.run([0], "/nowhere"))


def test_a_shard_that_kills_workers_is_lost_and_others_reasons_are_theirs() -> None:
    def task(error: Exception) -> Any:
        return SimpleNamespace(exception=lambda: error)

    killer = distributed.KilledWorker("shard", SimpleNamespace(address="there"), 3)
    assert dask._outcome(distributed, task(killer), 5) == ShardFailed(5, LOST)
    other = dask._outcome(distributed, task(ImportError("no tl_catdog")), 6)
    assert isinstance(other, ShardFailed)
    assert (other.shard, other.fatal) == (6, True)
