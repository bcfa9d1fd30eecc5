"""Rows that wait in memory or in a file: the same values, flat memory, nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from tl_catdog.data import array_store as module
from tl_catdog.data.array_store import ROWS_PER_MAPPING, ArrayStore
from tl_catdog.errors import CatdogError, CatdogWarning
from tl_catdog.files import cache_folder


@pytest.mark.parametrize("storage", ["memory", "disk"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
def test_what_is_written_is_read_in_any_order(storage: str, dtype: type) -> None:
    rows = ArrayStore(50, (4, 3), dtype, storage)
    values = np.random.default_rng(0).integers(0, 200, (50, 4, 3))
    expected: npt.NDArray[Any] = values.astype(dtype)
    for position in np.random.default_rng(1).permutation(50):
        rows.write(int(position), expected[position])
    wanted = np.array([7, 0, 49, 7])
    assert rows.read(wanted).dtype == dtype
    assert np.array_equal(rows.read(wanted), expected[wanted])
    assert rows.on_disk == (storage == "disk")
    many = np.random.default_rng(2).integers(0, 50, 3 * ROWS_PER_MAPPING + 1)
    assert np.array_equal(rows.read(many), expected[many])
    assert rows.read(np.array([], np.int64)).shape == (0, 4, 3)


def test_more_than_16_mib_go_to_the_disk() -> None:
    assert not ArrayStore(16, (2**20,), np.uint8).on_disk
    assert ArrayStore(1, (2**24 + 1,), np.uint8).on_disk


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_the_file_lies_in_the_cache_folder() -> None:
    rows = ArrayStore(4, (10,), np.uint8, "disk")
    path = Path(f"/proc/self/fd/{rows._file.fileno()}").readlink()
    assert path.parent == cache_folder() / "rows"


def test_large_ones_go_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ArrayStore(10, (100,), np.uint8).on_disk
    monkeypatch.setattr(module, "MEMORY_LIMIT", 999)
    assert ArrayStore(10, (100,), np.uint8).on_disk
    assert not ArrayStore(9, (111,), np.uint8).on_disk
    assert ArrayStore(9, (111,), np.float16).on_disk  # what counts are bytes
    assert not ArrayStore(0, (100,), np.uint8).on_disk
    assert not ArrayStore(0, (100,), np.uint8, "disk").on_disk
    assert not ArrayStore(10, (100,), np.uint8, "memory").on_disk


def test_a_row_may_be_one_number_or_be_made_of_another_type() -> None:
    for storage in ("memory", "disk"):
        rows = ArrayStore(3, (2, 2), np.float32, storage)
        rows.write(1, np.array([3, 4]))  # for each of the two
        rows.write(2, np.arange(8)[::2].reshape(2, 2).T)  # which doesn't lie in one piece
        assert rows.read(np.array([1, 2, 0])).tolist() == [
            [[3, 4], [3, 4]], [[0, 4], [2, 6]], [[0, 0], [0, 0]],
        ]  # fmt: skip
        scalars = ArrayStore(3, (), np.int32, storage)
        scalars.write(2, np.array(7))
        assert scalars.read(np.array([2, 0])).tolist() == [7, 0]


def test_what_was_read_is_not_changed_by_what_is_written_later() -> None:
    for storage in ("memory", "disk"):
        rows = ArrayStore(3, (2,), np.uint8, storage)
        found = rows.read(np.array([1]))
        rows.write(1, np.array([9, 9]))
        assert found.tolist() == [[0, 0]]


def test_a_system_that_writes_no_parts_of_files_maps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pwrite")
    rows = ArrayStore(3, (2,), np.uint8, "disk")
    rows.write(1, np.array([8, 9]))
    assert rows.read(np.array([1, 2])).tolist() == [[8, 9], [0, 0]]


def test_a_disk_that_fills_up_in_the_middle_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ArrayStore(50, (2000,), np.uint8, "disk")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(CatdogError, match=r"room for 100\.0 kB in .*rows, found No space left"):
        rows.write(0, np.zeros(2000, np.uint8))


def test_rows_on_the_disk_are_not_the_processs_memory() -> None:
    rows = ArrayStore(64, (2**20,), np.uint8, "disk")
    before = psutil.Process().memory_info().rss
    for position in range(64):
        rows.write(position, np.full(2**20, position, np.uint8))
    for position in range(64):
        assert rows.read(np.array([position]))[0, -1] == position
    assert psutil.Process().memory_info().rss - before < 16 * 2**20


PEAK_OF_READING_SCATTERED_ROWS = """
import resource, sys
import numpy as np
from tl_catdog.data.array_store import ArrayStore

rows = ArrayStore(16000, (4096,), np.uint8, "disk")
for position in range(16000):
    rows.write(position, np.full(4096, position % 256, np.uint8))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
found = rows.read(np.arange(0, 16000, 16)[::-1])
assert found[:, 7].tolist() == [position % 256 for position in range(0, 16000, 16)][::-1]
print((peak() - before) * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak memory this way")
def test_rows_from_all_over_a_file_are_not_either() -> None:
    command = [sys.executable, "-c", PEAK_OF_READING_SCATTERED_ROWS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 14 * 2**20  # what is read are 4 MB; through one mapping it took 27


def test_no_file_is_left_even_by_a_kill() -> None:
    rows = ArrayStore(4, (10,), np.uint8, "disk")
    rows.write(0, np.ones(10, np.uint8))
    assert list((cache_folder() / "rows").iterdir()) == []


def test_a_full_disk_is_said_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8 - 1))
    with pytest.raises(CatdogError, match=r"room for 100\.0 MB"):
        ArrayStore(100, (10**6,), np.uint8, "disk")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**7))
    with pytest.raises(CatdogError, match=r"rows, found 10\.0 MB\."):
        ArrayStore(100, (10**6,), np.uint8, "disk")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))
    assert ArrayStore(100, (10**6,), np.uint8, "disk").on_disk


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system promises no room")
def test_room_is_taken_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ArrayStore(100, (10**6,), np.uint8, "disk")
    assert os.fstat(rows._file.fileno()).st_blocks * 512 >= 10**8

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(CatdogError, match=r"room for 100\.0 MB.*No space left"):
        ArrayStore(100, (10**6,), np.uint8, "disk")


@pytest.mark.parametrize("temporary", [True, False])
def test_without_a_cache_folder_rows_are_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: bool
) -> None:
    (tmp_path / "tl-catdog").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path if temporary else tmp_path / "none"))
    with pytest.warns(CatdogWarning, match="tl-catdog") as caught:
        rows = ArrayStore(4, (10,), np.uint8, "disk")
    assert len(caught) == 1
    assert rows.on_disk == temporary
    rows.write(2, np.ones(10, np.uint8))
    assert rows.read(np.array([2, 0])).sum(axis=1).tolist() == [10, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["tl-catdog"]
