"""Pictures unlike all others are found by the backbone's features, and usual ones aren't."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.audit.test_check import quietly
from tl_catdog.audit.check import check
from tl_catdog.audit.outliers import outliers
from tl_catdog.drawings import draw_set


@pytest.mark.slow
def test_what_is_no_drawing_of_a_pet_stands_out(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw_set(root, counts={"train": 40, "validation": 1}, size=160, workers=1)
    rng = np.random.default_rng(0)
    strange = rng.integers(0, 255, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(strange).save(root / "train" / "cats" / "noise.png")
    _, usable = check(root, quietly)
    found = outliers(usable, lambda done, total: None)
    assert found[0].paths == ("train/cats/noise.png",)
    assert found[0].kind == "outlier"
    assert len(found) <= 3


def test_among_few_pictures_none_stands_out(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw_set(root, counts={"train": 2, "validation": 1}, size=64, workers=1)
    _, usable = check(root, quietly)
    assert outliers(usable, lambda done, total: None) == []
