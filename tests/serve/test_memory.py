"""Memory of large requests is given back to the system."""

from __future__ import annotations

import sys

import numpy as np
import psutil
import pytest

from tl_catdog.serve import memory
from tl_catdog.serve.memory import LARGE, Memory


def test_it_is_given_back_after_large_requests_and_not_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Memory()
    assert not found.give_back(LARGE - 1)
    assert found.give_back(LARGE)
    assert not found.give_back(LARGE)
    monkeypatch.setattr(memory, "EACH", 0.0)
    assert found.give_back(LARGE)


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's C library")
def test_what_small_pieces_left_goes_back() -> None:
    process = psutil.Process()
    pieces = [np.ones(100_000, np.uint8) for _ in range(2_000)]  # too small to be mapped apart
    keep = pieces[-1]
    full = process.memory_info().rss
    del pieces
    Memory().give_back(LARGE)
    assert process.memory_info().rss < full - 100 * 2**20
    assert keep.size
