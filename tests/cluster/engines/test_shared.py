"""What the engines of others share."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from tl_catdog.cluster.engines import shared
from tl_catdog.errors import CatdogWarning


def test_no_more_shards_are_handed_out_than_memory_is_bounded_by() -> None:
    assert shared.at_a_time(1000, None) == shared.AHEAD * 1000
    assert shared.at_a_time(0, None) == shared.at_a_time(1, 10**6) == shared.FEWEST
    assert shared.at_a_time(1000, 1) == 1


def test_a_cluster_that_grows_is_seen_to() -> None:
    cores = iter([1, 300])
    size = shared.Sized(lambda: next(cores))
    assert [size(), size()] == [1, 1]
    size.until -= shared.SIZED
    assert [size(), size()] == [300, 300]


def test_a_clusters_folder_has_a_short_name_and_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("so long a name that no socket could be in it" * 2)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with ExitStack() as stack:
        folder = Path(shared.scratch(stack))
        assert folder.is_dir()
        assert len(str(folder)) <= shared.LONGEST
        (folder / "log").write_text("")
    assert not folder.exists()


def test_workers_without_this_program_are_no_worker_at_all() -> None:
    failed = shared.not_begun(2, ModuleNotFoundError("No module named 'tl_catdog'"))
    assert failed.shard == 2
    assert failed.fatal
    assert "expected this version of tl-catdog on every worker" in failed.reason
    other = shared.not_begun(2, RuntimeError("odd\nlines"))
    assert (other.fatal, other.reason) == (False, "RuntimeError: odd lines")


def test_a_cluster_without_workers_is_named() -> None:
    with pytest.warns(CatdogWarning, match="at tcp://there:1 has no worker now"):
        shared.look({}, "tcp://there:1")
    shared.look({"tcp://there:2": 1}, "tcp://there:1")


def test_what_is_said_is_one_line() -> None:
    error = shared.unreachable("Dask", "tcp://there:1", OSError("timed\nout."), "Type: so")
    assert str(error) == "expected a Dask cluster at tcp://there:1, found timed out. Type: so"
    assert "tl-catdog[ray]" in str(shared.absent("Ray", "ray", ImportError("none")))
