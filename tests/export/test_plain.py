"""A plain resize is imitated, so that what it would change can be said."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from tests.support.odd_pictures import scene
from tl_catdog.export import plain as module
from tl_catdog.export.plain import PlainResize, bilinear, plain_resize


def test_it_takes_the_pixels_around_each_place_and_no_others() -> None:
    """Of a board of single pixels every eighth place sees two rows: nothing is averaged away."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[3::8, 3::8] = 255
    found = bilinear(picture, 8)
    assert found.shape == (8, 8, 3)
    assert set(found.ravel().tolist()) == {64}  # 255 / 4
    smooth = Image.fromarray(picture).resize((8, 8), Image.Resampling.BILINEAR)
    assert np.asarray(smooth).max() < 10


def test_enlarging_is_what_pillow_does() -> None:
    small = scene(20, 14)
    theirs = np.asarray(small.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(bilinear(np.asarray(small), 64).astype(int) - theirs).max() <= 1


def test_decisions_that_change_are_counted(tmp_path: Path, monkeypatch: Any) -> None:
    paths = []
    for number in range(6):
        paths.append(tmp_path / f"{number}.png")
        scene(seed=number).save(paths[-1])
    seen: list[Any] = []

    def forward(pictures: Any) -> Any:
        seen.append(pictures.shape)
        return (np.array([[1.0, 0.0]]),)

    predictor: Any = SimpleNamespace(
        image_size=16, forward=forward, probabilities=lambda outputs: outputs[0]
    )
    said = np.array([[0.9, 0.1]] * 4 + [[0.2, 0.8]] * 2)
    assert plain_resize(predictor, paths, said) == PlainResize(6, 2)
    assert seen == [(1, 16, 16, 3)] * 6
    paths[5].write_bytes(b"gone bad")
    assert plain_resize(predictor, paths, said) == PlainResize(5, 1)
    monkeypatch.setattr(module, "LIMIT", 2)
    assert plain_resize(predictor, paths[:5], said[:5]).to_json()["n"] == 2
