"""The feature store: bounded, oldest out first, whole after a kill, shared by processes."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_catdog.config import TrainConfig
from tl_catdog.features import cache as module
from tl_catdog.features.cache import FeatureStore, clear, open_store, store_path

MEGABYTE = 10**6
VALUE = os.urandom(10_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "features.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(path, 50 * MEGABYTE) as opened:
        yield opened


def keys(count: int, start: int = 0) -> list[bytes]:
    return [str(number).encode() for number in range(start, start + count)]


def fill(store: FeatureStore, names: list[bytes]) -> None:
    store.put(dict.fromkeys(names, VALUE))


def test_what_was_put_is_found_and_nothing_else(store: FeatureStore) -> None:
    store.put({key: key * 3 for key in keys(1200)})
    found = dict(store.get([*keys(1300), b"other"]))
    assert found == {key: key * 3 for key in keys(1200)}
    assert len(store) == 1200


def test_it_outlives_its_process(path: Path) -> None:
    with FeatureStore(path, MEGABYTE) as store:
        fill(store, keys(3))
    with FeatureStore(path, MEGABYTE) as store:
        assert dict(store.get(keys(9))) == dict.fromkeys(keys(3), VALUE)


def test_putting_twice_keeps_one(store: FeatureStore) -> None:
    fill(store, keys(5))
    fill(store, keys(7))
    assert len(store) == 7


def test_the_longest_unused_go_first_and_the_file_stays_within_its_limit(path: Path) -> None:
    limit = 10 * MEGABYTE
    with FeatureStore(path, limit) as store:
        fill(store, keys(300))
        time.sleep(0.01)
        fill(store, keys(300, start=300))
        assert len(dict(store.get(keys(300)))) == 300  # now the later ones are unused longer
        for start in range(600, 1500, 100):
            time.sleep(0.01)
            fill(store, keys(100, start=start))
            assert store.used_bytes() <= limit
        left = {int(key) for key, _ in store.get(keys(1500))}
        assert set(range(1300, 1500)) <= left  # the newest
        assert not left & set(range(300, 600))
    assert path.stat().st_size <= limit


def test_a_lower_limit_holds_from_the_next_opening_on(path: Path) -> None:
    with FeatureStore(path) as store:
        fill(store, keys(500))
    with FeatureStore(path, MEGABYTE) as store:
        assert 0 < store.used_bytes() <= MEGABYTE
        assert len(store) < 100


WRITER = """
import sys
from pathlib import Path
from tl_catdog.features.cache import FeatureStore
with FeatureStore(Path(sys.argv[1]), 10**9) as store:
    start = int(sys.argv[2])
    for number in range(start, start + int(sys.argv[3]), 20):
        store.put({str(i).encode(): str(i).encode() * 1000 for i in range(number, number + 20)})
        print(number, flush=True)
"""


def writer(path: Path, start: int, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(path), str(start), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_at_once(path: Path) -> None:
    both = [writer(path, 0, 1000), writer(path, 500, 1000)]
    for process in both:
        process.communicate(timeout=120)
        assert process.returncode == 0
    with FeatureStore(path, 10**9) as store:
        found = dict(store.get(keys(1500)))
    assert found == {key: key * 1000 for key in keys(1500)}


@pytest.mark.parametrize("content", [None, b"no database" * 500])
def test_many_processes_begin_a_file_at_once(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    many = [writer(path, start, 20) for start in range(0, 160, 20)]
    for process in many:
        process.communicate(timeout=120)
        assert process.returncode == 0
    with FeatureStore(path, 10**9) as store:
        assert len(store) == 160


def test_a_kill_leaves_what_was_committed(path: Path) -> None:
    process = writer(path, 0, 10**7)
    assert process.stdout is not None
    for _ in range(10):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with FeatureStore(path, 10**9) as store:
        found = dict(store.get(keys(200)))
        assert found == {key: key * 1000 for key in keys(200)}
        assert len(store) % 20 == 0  # no half transaction
        fill(store, [b"more"])
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_was_used_last_stays_though_it_was_put_first(path: Path) -> None:
    with FeatureStore(path, 10 * MEGABYTE) as store:
        for start in (0, 300):
            fill(store, keys(300, start=start))
            time.sleep(0.01)
        assert len(dict(store.get(keys(300)))) == 300
        time.sleep(0.01)
        start = 600
        while len(store) == start:  # until some had to go
            fill(store, keys(50, start=start))
            start += 50
        left = {int(key) for key, _ in store.get(keys(start))}
        assert set(range(300)) <= left
        assert set(range(start)) - left <= set(range(300, 600))


def test_no_more_is_dropped_than_makes_room(path: Path) -> None:
    with FeatureStore(path, 10 * MEGABYTE) as store:
        for start in range(0, 900, 100):
            fill(store, keys(100, start=start))
            time.sleep(0.01)
        fill(store, keys(100, start=900))
        kept = len(store)
        assert 1000 - 2 * module.ROWS_AN_EVICTION <= kept < 1000
        left = sorted(int(key) for key, _ in store.get(keys(1000)))
        assert left == list(range(1000 - kept, 1000))  # the oldest are gone, in order


def test_a_store_that_is_full_to_its_limit_keeps_all(path: Path) -> None:
    with FeatureStore(path) as store:
        fill(store, keys(300))
        used = store.used_bytes()
    with FeatureStore(path, used) as store:
        assert len(store) == 300


def test_clearing_removes_the_file_and_whoever_uses_it_begins_another(
    store: FeatureStore, path: Path
) -> None:
    fill(store, keys(1000))
    clear(path)
    assert not path.exists()
    fill(store, keys(3))
    assert len(store) == 3
    clear(path)
    clear(path)  # there is nothing any more
    assert dict(store.get(keys(3))) == {}


def test_the_setting_limits_the_cache_in_gigabytes() -> None:
    with open_store(TrainConfig(cache_size=0.25)) as opened:
        assert opened is not None
        assert opened.path == store_path()
        assert opened.limit == 250 * MEGABYTE


def test_a_cache_of_no_size_is_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with open_store(TrainConfig(cache_size=0.0)) as opened:
        assert opened is None
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_elsewhere_is_not_blamed_on_the_cache() -> None:
    with pytest.raises(OSError, match="elsewhere"), open_store(TrainConfig()):
        raise OSError("elsewhere")
    with pytest.raises(sqlite3.Error, match="elsewhere"), open_store(TrainConfig()):
        raise sqlite3.OperationalError("elsewhere")


def test_processes_outlive_a_cache_that_is_damaged_and_cleared_under_them(path: Path) -> None:
    with FeatureStore(path):
        pass
    both = [writer(path, 0, 2000), writer(path, 1000, 2000)]
    while any(process.poll() is None for process in both):
        for process in both:
            assert process.stdout is not None
            process.stdout.readline()
        with contextlib.suppress(OSError):
            os.truncate(path, path.stat().st_size // 2)
        clear(path)
    assert [process.wait() for process in both] == [0, 0]
    with FeatureStore(path) as store:
        assert all(key * 1000 == value for key, value in store.get(keys(3000)))
        fill(store, [b"more"])
        assert dict(store.get([b"more"])) == {b"more": VALUE}
