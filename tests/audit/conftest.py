"""Small picture sets to be checked."""

from pathlib import Path

import pytest

from tl_catdog.drawings import draw_set


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    return draw_set(
        tmp_path / "set", counts={"train": 4, "validation": 3, "test": 2}, size=160, workers=1
    ).root
