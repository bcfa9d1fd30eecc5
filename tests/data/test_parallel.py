"""Lists worked through on all cores: in order, never far ahead, and errors come through."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator

import pytest

from tl_catdog.cores import usable_cores
from tl_catdog.data import parallel
from tl_catdog.data.parallel import chunks, map_processes, map_threaded
from tl_catdog.errors import CatdogError


def test_threads_keep_order_and_never_run_far_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for index in range(100):
            taken.append(index)
            yield index

    results = map_threaded(lambda x: x * x, items(), ahead=8)
    assert [next(results) for _ in range(10)] == [x * x for x in range(10)]
    assert len(taken) <= 10 + 8
    assert list(results) == [x * x for x in range(10, 100)]


def test_a_slow_first_item_comes_first() -> None:
    def work(number: int) -> int:
        time.sleep(0.05 if number == 0 else 0)
        return number

    assert list(map_threaded(work, range(20))) == list(range(20))


def test_an_error_in_a_thread_is_raised_at_its_item_and_ends_the_work() -> None:
    done: list[int] = []

    def work(number: int) -> int:
        if number == 3:
            raise ZeroDivisionError
        done.append(number)
        return number

    results = map_threaded(work, iter(range(10_000)), ahead=4)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(done) <= 3 + 4


def test_a_reader_that_stops_leaves_no_work_behind() -> None:
    """What was queued and not begun is dropped, so a Ctrl-C doesn't wait for it."""
    release = threading.Event()
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number:
            release.wait(10)
        return number

    results = map_threaded(work, iter(range(1000)), ahead=500)
    assert next(results) == 0
    threading.Timer(0.05, release.set).start()
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(begun) < 500


def test_no_items_give_no_results() -> None:
    assert list(map_threaded(str, [])) == []
    assert list(chunks([], 3)) == []


def test_chunks_are_full_but_for_the_last() -> None:
    assert list(chunks(iter(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(chunks(range(6), 3)) == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (3, 3), (100, 32)])
def test_there_is_a_thread_for_each_core_but_not_for_hundreds(
    cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "usable_cores", lambda: cores)
    waiting = threading.Barrier(expected)
    lock = threading.Lock()
    at_once = most = 0

    def work(number: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        waiting.wait(20)  # until as many are at work as there should be
        time.sleep(0.01)
        with lock:
            at_once -= 1
        return number

    assert list(map_threaded(work, range(2 * expected))) == list(range(2 * expected))
    assert most == expected


def _worker(number: int) -> tuple[int, int, bool]:
    """Return the item, the process, and whether what Pillow warns of is ignored in it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn_explicit("odd metadata", UserWarning, "x.py", 1, module="PIL.TiffImagePlugin")
    return number, os.getpid(), not caught


def _end(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.skipif(usable_cores() < 2, reason="one core works in this process")
def test_processes_keep_order_and_ignore_what_pillow_warns_of() -> None:
    found = list(map_processes(_worker, range(8 * parallel.BATCH + 3)))
    assert [number for number, _, _ in found] == list(range(8 * parallel.BATCH + 3))
    processes = {process for _, process, _ in found}
    assert os.getpid() not in processes
    assert len(processes) <= usable_cores()
    assert all(quiet for _, _, quiet in found)


@pytest.mark.skipif(usable_cores() < 2, reason="one core works in this process")
def test_a_process_that_is_killed_is_an_error_with_a_way_out() -> None:
    with pytest.raises(CatdogError, match="one was killed") as caught:
        list(map_processes(_end, [1]))
    assert "Close other programs" in caught.value.hint


def _threads_of_blas(_: int) -> set[int]:
    from threadpoolctl import threadpool_info

    return {pool["num_threads"] for pool in threadpool_info()}


def test_processes_are_as_many_as_are_allowed_and_use_a_core_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TL_CATDOG_CPUS", "3")
    found = list(map_processes(_worker, range(8 * parallel.BATCH)))
    assert len({process for _, process, _ in found}) <= 3
    assert list(map_processes(_threads_of_blas, [1])) in ([{1}], [set()])
