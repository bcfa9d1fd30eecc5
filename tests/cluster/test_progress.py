"""The rate counts what this command computed."""

from __future__ import annotations

import pytest

from tl_catdog.cluster.progress import Progress


def test_the_rate_leaves_out_what_was_done_before() -> None:
    progress = Progress(rows=1000, done_rows=600, computed_rows=100, seconds=50)
    assert progress.rate == pytest.approx(2)
    assert progress.seconds_left == pytest.approx(200)


def test_before_anything_is_done_nothing_is_foretold() -> None:
    assert Progress(rows=10).seconds_left is None
    assert Progress(rows=10, seconds=3).rate == 0
