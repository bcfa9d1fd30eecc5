"""Rows are plain values, which may be sent anywhere."""

from __future__ import annotations

import pickle

from tl_catdog.shards.rows import Row


def test_a_row_can_be_pickled_and_compared() -> None:
    row = Row("a.jpg", "cats", offset=3, raw=b"\xff")
    assert pickle.loads(pickle.dumps(row)) == row
    assert row != Row("a.jpg", "cats", offset=4, raw=b"\xff")
