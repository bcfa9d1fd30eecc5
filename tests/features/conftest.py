"""Painted pictures, and an empty cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import load_set
from tl_catdog.features.cache import FeatureStore


@pytest.fixture
def examples(tmp_path: Path) -> Sequence[Example]:
    return load_set(paint_set(tmp_path / "set", {"": 20})).split("all")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "features.sqlite", 10**8) as opened:
        yield opened
