"""Two nodes on loopback: a worker, a node and the command are killed, and nothing changes.

``python -m tests.faults.batch_kills`` does it at as many random moments as is asked for.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil
import pytest

from tests.faults.batch_kills import KILLED, alone, digest, draw_pictures, kill_in
from tests.faults.clusters import Cluster, cluster, runs

pytestmark = [pytest.mark.faults, pytest.mark.slow]

COUNT, SIZE = 96, 4


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("kills") / "pictures", COUNT)


@pytest.fixture(scope="module")
def right(pictures: Path) -> str:
    """Return the digest of what processes of this machine make of them."""
    return alone(pictures, pictures.parent / "alone", SIZE)


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_whatever_is_killed_the_result_has_the_same_bytes(
    engine: str, pictures: Path, right: str, tmp_path: Path
) -> None:
    pytest.importorskip("distributed" if engine == "dask" else "ray")
    tally = tmp_path / "tally"
    with cluster(engine, pictures, tally) as there:
        there.all_up()
        for killed in KILLED:
            found = kill_in(there, killed, pictures, tmp_path / killed, SIZE, 4, tally)
            assert found.same, found.said
            assert found.said == right
            # A shard of each node, and what the next command began before it saw those end.
            assert found.twice <= 6 * SIZE, killed
            assert found.parts < COUNT // SIZE, f"{killed}: it had ended already"
        before = joined(there)
    assert before
    assert [process for process in before if runs(process)] == []


def joined(there: Cluster) -> list[psutil.Process]:
    """Return what still runs of a cluster, which commands joined and left."""
    assert there.head is not None
    return [process for node in (there.head, *there.nodes) for process in node.processes()]


def test_a_part_that_differs_would_be_seen(pictures: Path, right: str, tmp_path: Path) -> None:
    dest = tmp_path / "out"
    shutil.copytree(pictures.parent / "alone", dest)
    assert digest(dest) == right
    part = dest / "parts" / "part-00000.parquet"
    part.write_bytes(part.read_bytes() + b"\0")
    with pytest.raises(AssertionError, match=part.name):
        digest(dest)
