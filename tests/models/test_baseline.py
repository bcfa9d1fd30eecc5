"""The baseline: three blocks that widen with depth, at any picture size."""

import keras
import pytest

from tl_catdog.models.baseline import build_baseline


@pytest.mark.parametrize("size", [32, 33, 64, 150])
def test_the_baseline_is_three_blocks_at_any_size(size: int) -> None:
    model = build_baseline(image_size=size, class_count=2)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[2:11] == ["Conv2D", "ReLU", "MaxPooling2D"] * 3
    assert kinds[11] == "Flatten"
    assert model.input_shape == (None, size, size, 3)


def test_its_blocks_have_the_documented_widths_and_pooling() -> None:
    model = build_baseline(image_size=64, class_count=2)
    blocks = [
        (
            model.get_layer(f"block{number}_conv").get_weights()[0].shape,
            model.get_layer(f"block{number}_pool").pool_size,
        )
        for number in (1, 2, 3)
    ]
    assert blocks == [
        ((3, 3, 3, 32), (2, 2)),
        ((3, 3, 32, 64), (2, 2)),
        ((3, 3, 64, 128), (4, 4)),
    ]
    assert model.get_layer("flatten").output.shape == (None, 4 * 4 * 128)


def test_its_convolutions_start_from_he_uniform() -> None:
    """He et al. 2015: uniform within ±√(6 / fan-in), for layers followed by a ReLU."""
    keras.utils.set_random_seed(0)
    model = build_baseline(image_size=32, class_count=2)
    for number in (1, 2, 3):
        kernel, bias = model.get_layer(f"block{number}_conv").get_weights()
        limit = (6 / kernel[..., 0].size) ** 0.5
        assert 0.95 * limit < abs(kernel).max() <= limit
        assert not bias.any()
