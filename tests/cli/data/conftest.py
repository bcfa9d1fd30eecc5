"""Picture sets for the commands of ``data``."""

from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.fetch.conftest import shop, site
from tests.support.fetch_sets import Shop
from tl_catdog.fetch import catalogue
from tl_catdog.fetch.catalogue import PublicSet

__all__ = ["shop", "site"]


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Paint twenty pictures of each of two classes, without splits, and go to their folder."""
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "pets", {"": 20})


@pytest.fixture
def source(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PublicSet:
    """Put the tiny set in the place of the filtered one, and go to where ``data`` will be."""
    made = shop.source(pinned=False)
    monkeypatch.setitem(catalogue.SETS, "filtered", made)
    monkeypatch.chdir(tmp_path)
    return made
