"""Pictures of nothing, which nobody's pictures should be nearer to than to their own."""

import numpy as np
import pytest

from tl_catdog.prediction.strangers import stranger_pictures


@pytest.mark.parametrize("size", [16, 64, 224])
def test_they_have_the_size_that_a_network_takes_and_are_always_the_same(size: int) -> None:
    pictures = np.stack(list(stranger_pictures(size)))
    assert pictures.shape == (116, size, size, 3)
    assert pictures.dtype == np.uint8
    assert np.array_equal(pictures, np.stack(list(stranger_pictures(size))))


def test_no_two_are_alike_and_their_kinds_are_what_they_are_called() -> None:
    pictures = np.stack(list(stranger_pictures(64))).astype(float)
    assert len({picture.tobytes() for picture in pictures}) == 116
    spread = pictures.std(axis=(1, 2)).mean(axis=1)
    plain, gradient, noise, text, shapes = np.split(pictures, np.cumsum([24, 24, 28, 16]))
    assert (spread[:24] == 0).all()
    assert plain[:, 0, 0].std(axis=0).min() > 50  # of many colours
    assert (spread[24:] > 1).all()

    def roughness(some: np.ndarray) -> float:
        return float(np.abs(np.diff(some, axis=2)).mean())

    assert roughness(gradient) < roughness(shapes) < roughness(noise)
    dark = text.mean(axis=(1, 2, 3)) < 128
    assert 3 <= dark.sum() <= 8
    paper = np.median(text, axis=(1, 2))
    assert ((paper > 200) | (paper < 55)).all()
    assert (spread[76:92] > 10).all()  # something is written on each
