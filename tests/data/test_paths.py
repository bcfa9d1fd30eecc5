"""Paths are made of names when they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_catdog.data.paths import Paths


def test_they_are_read_like_a_list(tmp_path: Path) -> None:
    paths = Paths(tmp_path, ["a", "b", "c"])
    whole = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    assert list(paths) == whole
    assert (paths[1], paths[-1], paths[1:]) == (whole[1], whole[2], whole[1:])
    assert len(paths) == 3
    assert whole[2] in paths
    with pytest.raises(IndexError):
        paths[3]
    assert not Paths(tmp_path, [])
