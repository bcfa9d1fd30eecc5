"""Cores: what the system, a container's quota and the user allow, and what is bounded by it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli
from tl_catdog import cores as module
from tl_catdog.cores import Cores, cores, cpu_quota, usable_cores
from tl_catdog.errors import UsageError


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 32 cores, whose groups allow all of them."""
    monkeypatch.delenv(module.CPUS, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 32)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(32)), raising=False)
    monkeypatch.setattr(module, "cpu_quota", lambda: None)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def quota_of(tmp_path: Path, own: str, files: dict[str, str]) -> float | None:
    return cpu_quota(write(tmp_path / "fs", files), write(tmp_path, {"own": own}) / "own")


def test_all_cores_are_used_where_nothing_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores() == Cores(32, 32, None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 5}, raising=False)
    assert cores() == Cores(3, 32, "the process may run on no others")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == Cores(1, 1, None)


@pytest.mark.parametrize(
    ("quota", "usable"), [(2.0, 2), (1.5, 2), (0.25, 1), (31.5, 32), (32.0, 32), (64.0, 32)]
)
def test_a_quota_bounds_them(quota: float, usable: int) -> None:
    assert cores(quota).usable == usable
    assert (cores(quota).bound is None) == (quota >= 32)


def test_the_narrowest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    files = {
        "job/step/cpu.max": "max 100000\n",
        "job/cpu.max": "150000 100000\n",
        "cpu.max": "200000 100000\n",
        "other/cpu.max": "1000 100000\n",
    }
    assert quota_of(tmp_path, "0::/job/step\n", files) == 1.5


@pytest.mark.parametrize(
    ("own", "folder"),
    [
        ("0::/\n", ""),  # a container sees itself as the root
        ("0::/../../else/where\n", ""),  # a group outside of what it sees
        ("0::/docker/abc\n", ""),  # a group by the host's name
        ("1:name=systemd:/\n0::/job\n", "unified/job/"),
        ("0::/a b/c:d\n", "a b/c:d/"),
    ],
)
def test_version_2(tmp_path: Path, own: str, folder: str) -> None:
    assert quota_of(tmp_path, own, {f"{folder}cpu.max": "250000 100000\n"}) == 2.5


@pytest.mark.parametrize("mounted", ["cpu", "cpuacct", "cpu,cpuacct"])
def test_version_1(tmp_path: Path, mounted: str) -> None:
    files = {
        f"{mounted}/docker/cpu.cfs_quota_us": "300000\n",
        f"{mounted}/docker/cpu.cfs_period_us": "100000\n",
        f"{mounted}/cpu.cfs_quota_us": "-1\n",
        f"{mounted}/cpu.cfs_period_us": "100000\n",
    }
    assert quota_of(tmp_path, "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n", files) == 3.0


@pytest.mark.parametrize(
    "text", ["", "max", "max 100000", "-1 100000", "0 100000", "1 0", "x y", "1 2 3", "\udcff", "²"]
)
def test_what_is_no_quota_bounds_nothing(tmp_path: Path, text: str) -> None:
    root = write(tmp_path / "fs", {"cpu.max": ""})
    (root / "cpu.max").write_bytes(text.encode(errors="surrogateescape"))
    assert cpu_quota(root, write(tmp_path, {"own": "0::/\n\nnonsense\n:\n"}) / "own") is None
    assert cpu_quota(root, tmp_path / "none") is None
    assert cpu_quota(root, tmp_path) is None


def test_the_environment_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, usable in (("3", 3), ("64", 64), (" 2 ", 2), ("", 32)):
        monkeypatch.setenv(module.CPUS, said)
        assert usable_cores() == usable
    monkeypatch.setenv(module.CPUS, "5")
    assert cores(2.0) == Cores(5, 32, "TL_CATDOG_CPUS says so")


NO_NUMBERS = ["0", "-1", "1.5", "two", "1e3", "1025", "9" * 5000, "²", " ", "0x2", "1_0"]


@pytest.mark.parametrize("said", NO_NUMBERS)
def test_what_is_no_number_of_cores_is_named(
    monkeypatch: pytest.MonkeyPatch, cli: Cli, said: str
) -> None:
    monkeypatch.setenv(module.CPUS, said)
    with pytest.raises(UsageError, match="from 1 to 1024 in TL_CATDOG_CPUS"):
        usable_cores()
    outcome = cli("cache")
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert len(outcome.err) < 300


COUNT_THREADS = """
import os
from pathlib import Path
from tl_catdog import cores, runtime
cores._allowed = lambda there: 4
os.environ["TL_CATDOG_CPUS"] = "1"
cores.bound_libraries()
import numpy, threadpoolctl
numpy.ones((500, 500)) @ numpy.ones((500, 500))
print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
runtime.start()
import tensorflow as tf
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
"""


@pytest.mark.slow
def test_libraries_are_bounded_before_they_begin() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS], capture_output=True, text=True, check=True
    )
    assert done.stdout == "{1}\n1 1\n"
