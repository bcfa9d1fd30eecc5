"""Small picture sets to be checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tl_catdog.drawings import draw_set


@pytest.fixture(scope="session")
def drawn_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn") / "set"
    return draw_set(root, counts={"train": 4, "validation": 3, "test": 2}, size=160, workers=1).root


@pytest.fixture
def drawn(drawn_once: Path, tmp_path: Path) -> Path:
    """A drawn set that the test may change."""
    return shutil.copytree(drawn_once, tmp_path / "set")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """Something with edges, as large as a small photograph."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    path = tmp_path / "photograph.jpg"
    Image.fromarray(coarse).resize((400, 300), Image.Resampling.BICUBIC).save(path, quality=90)
    return path
