"""LiteRT files, for whichever program takes them."""

from pathlib import Path

import numpy as np

from tests.export.conftest import exported
from tl_catdog.export.litert import open_litert
from tl_catdog.runs.folder import Run


def test_a_file_takes_one_picture_at_a_time_and_gives_probabilities(
    three: Run, tmp_path: Path
) -> None:
    found = exported(three, "litert", tmp_path)
    assert found.path is not None
    answer, runtime = open_litert(found.path / "model.tflite")
    given = answer(np.zeros((1, 32, 32, 3), np.uint8))
    assert given.shape == (1, 3)
    np.testing.assert_allclose(given.sum(), 1, rtol=1e-5)
    assert runtime.startswith("ai-edge-litert ")
