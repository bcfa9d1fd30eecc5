"""What lies behind everything covers the whole picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from tl_catdog.drawings.backdrops import BACKDROPS
from tl_catdog.drawings.palette import Rng
from tl_catdog.drawings.shapes import Canvas, Shape

Backdrop = Callable[[Rng], list[Shape]]

EACH = sorted(set(BACKDROPS), key=lambda backdrop: backdrop.__name__)


@pytest.mark.parametrize("backdrop", EACH)
def test_no_pixel_is_left_as_it_was(backdrop: Backdrop) -> None:
    # Version 1 may leave a thin strip between the sea and the sand.
    most = 0.01 if backdrop.__name__ == "_beach" else 0.0
    for seed in range(25):
        pictures = []
        for ground in ((0, 0, 0), (255, 0, 255)):
            canvas = Canvas(64)
            canvas.image.paste(ground, (0, 0, 64, 64))
            canvas.paint(backdrop(np.random.default_rng(seed)))
            pictures.append(np.asarray(canvas.image))
            assert canvas.mask.getbbox() is None
        left = (pictures[0] != pictures[1]).any(axis=2)
        assert left.mean() <= most, seed


@pytest.mark.parametrize("backdrop", EACH)
def test_shapes_are_finite_and_of_whole_colours(backdrop: Backdrop) -> None:
    for seed in range(25):
        for shape in backdrop(np.random.default_rng(seed)):
            assert np.isfinite(shape.points).all()
            assert all(isinstance(v, int) and 0 <= v <= 255 for v in shape.fill)


@pytest.mark.parametrize("backdrop", EACH)
def test_backdrops_vary_with_the_stream_alone(backdrop: Backdrop) -> None:
    def pixels(seed: int) -> bytes:
        canvas = Canvas(32)
        canvas.paint(backdrop(np.random.default_rng(seed)))
        return canvas.image.tobytes()

    assert pixels(1) == pixels(1)
    assert len({pixels(seed) for seed in range(8)}) == 8


def test_meadows_and_rooms_are_twice_as_likely() -> None:
    shares = Counter(backdrop.__name__ for backdrop in BACKDROPS)
    assert {name for name, share in shares.items() if share == 2} == {"_meadow", "_room"}
    assert len(shares) == 7
