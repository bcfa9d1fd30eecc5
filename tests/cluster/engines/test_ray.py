"""Ray: a cluster of its own, addresses, and what it leaves of the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.clusters import free_port
from tests.support.batches import in_process, pictures
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.engines import ray as engine
from tl_catdog.cluster.engines import shared
from tl_catdog.errors import CatdogError
from tl_catdog.shards.plan import MANIFEST

pytest.importorskip("ray", reason="needs tl-catdog[ray]")


@pytest.fixture
def short() -> Iterator[Path]:
    """Return a folder whose sockets have names that are short enough."""
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_cluster_of_its_own_gives_the_same_bytes_and_leaves_nothing(
    tmp_path: Path, short: Path
) -> None:
    source = pictures(tmp_path / "pictures", 8)
    with pytest.MonkeyPatch.context() as patched:
        in_process(patched)
        batch("check", source, tmp_path / "whole", shard_size=2)
    command = [sys.executable, "-m", "tl_catdog", "batch", "check", str(source), "--on", "ray"]
    command += ["--out", str(tmp_path / "out"), "--shard-size", "2", "--workers", "2"]
    # RAY_ADDRESS names a cluster to Ray's own functions; nobody asked for it here.
    env = os.environ | {"HOME": str(short / "home"), "TMPDIR": str(short)}
    env["RAY_ADDRESS"] = f"127.0.0.1:{free_port()}"
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "ray" not in done.stderr.lower().replace(str(short), "")
    same = [(tmp_path / name / MANIFEST).read_bytes() for name in ("out", "whole")]
    assert same[0] == same[1]
    assert [item.name for item in short.iterdir() if item.name != "home"] == []
    assert not (short / "home" / ".ray").exists()


@pytest.mark.parametrize(
    "address",
    [f"127.0.0.1:{free_port()}", "host:port", "ray://127.0.0.1:1"],
    ids=["free", "words", "client"],  # workers of pytest have to collect the same names
)
def test_an_address_where_nothing_is_costs_a_line(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "CONNECT", 1)
    before = dict(os.environ)
    with pytest.raises(CatdogError, match="expected a Ray cluster at") as caught:
        list(engine.run([0], "/nowhere", address=address))
    assert "\n" not in str(caught.value)
    assert "ray start --head" in caught.value.hint
    assert dict(os.environ) == before


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CatdogError, match=r"pip install 'tl-catdog\[ray\]'"):
        list(engine.run([0], "/nowhere"))


def test_each_node_gets_as_many_shards_as_keep_its_cores_busy() -> None:
    nodes = {"large": 64, "small": 1, "other": 1}
    given = Counter(engine.places(nodes, []))
    assert given == {"large": 128, "small": 2, "other": 2, None: 3}
    held = given - Counter({"small": 1, "large": 2})
    assert Counter(engine.places(nodes, held.elements())) == {"small": 1, "large": 2}


def test_a_node_that_comes_gets_its_share_and_one_that_is_gone_none() -> None:
    held = list(engine.places({"there": 2}, []))
    assert Counter(engine.places({"there": 2, "new": 2}, held)) == {"new": 4, None: 1}
    assert [*engine.places({}, [])] == [None]  # so that one may be started
    assert [*engine.places({}, held)] == []


def test_no_more_are_handed_out_than_is_asked_for() -> None:
    assert len([*engine.places({"a": 8, "b": 8}, [], 3)]) == 3
    assert [*engine.places({"a": 8, "b": 8}, ["a", "b", None], 3)] == []
