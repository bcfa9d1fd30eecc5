"""The sliding windows of TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from tl_catdog.models.keras_nodes import _window, summed


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(("side", "width", "stride"), [(7, 3, 2), (8, 3, 2), (8, 5, 3), (5, 2, 1)])
def test_a_window_fits_as_often_as_in_tensorflow(
    side: int, width: int, stride: int, same: bool
) -> None:
    maps = np.ones((1, side, side, 1), np.float32)
    expected = tf.nn.max_pool2d(maps, width, stride, "SAME" if same else "VALID")
    pads, sides = _window((side, side, 1), (width, width), (stride, stride), same=same)
    assert sides == tuple(expected.shape[1:3])
    top, left, bottom, right = pads
    assert top == left <= bottom == right <= top + 1
    assert same or pads == (0, 0, 0, 0)


def test_pads_add_up_side_by_side() -> None:
    assert summed((1, 2, 3, 4), (10, 20, 30, 40)) == (11, 22, 33, 44)
