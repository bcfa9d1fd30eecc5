"""Pictures are looked at through the cache; what moved or can't be read ends nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from tl_catdog.config import TrainConfig
from tl_catdog.teach.items import Item
from tl_catdog.teach.looking import Looker


def saved(path: Path, hue: int) -> Item:
    Image.new("RGB", (40, 40), (hue, 90, 30)).save(path)
    return of(path)


def of(path: Path) -> Item:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Item(path.stem, digest, path.parent, path.name, None, digest)


def test_what_can_be_read_is_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    good, moved, changed = (saved(tmp_path / f"{n}.png", n) for n in (10, 20, 30))
    (tmp_path / "none.png").write_bytes(b"no picture")
    bad = of(tmp_path / "none.png")
    moved.path.rename(tmp_path / "elsewhere.png")
    saved(changed.path, 99)
    with Looker(TrainConfig(image_size=96).resolved()) as looker:
        found = looker.look([good, moved, changed, bad])
        again = looker.look([good])
    assert found.digests == (good.sha256,)
    assert found.features.shape == (1, 1280)
    assert set(found.broken) == {bad.sha256}
    assert (again.features == found.features).all()
