"""A set is that of one moment, though somebody labels on while it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tl_catdog.data import sets
from tl_catdog.data.digest import file_digests
from tl_catdog.data.sets import load_set


def test_pictures_that_are_moved_while_they_are_read_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by somebody who labels on: what comes out is the set before or after, nothing between."""
    paint_set(tmp_path, {"": 3})
    hashed: list[list[Path]] = []

    def move_meanwhile(paths: Iterable[Path]) -> list[str]:
        if not hashed:
            (tmp_path / "ant" / "000.png").rename(tmp_path / "bee" / "x.png")
        hashed.append(list(paths))
        return file_digests(hashed[-1])

    monkeypatch.setattr(sets, "file_digests", move_meanwhile)
    found = load_set(tmp_path)
    assert len(hashed) == 2
    assert Counter(example.label for example in found.examples) == {"ant": 2, "bee": 4}
    assert all(example.digest for example in found.examples)
