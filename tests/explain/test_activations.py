"""The walk shows what the layers compute, under their names and shapes."""

import numpy as np
import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.explain.activations import STRONGEST, Activations, as_images, record_activations
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.pretrained import build_pretrained, part_below


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def baseline() -> Activations:
    return record_activations(build_baseline(image_size=64, class_count=2), noise(64))


def test_each_block_of_the_baseline_is_convolution_relu_and_pooling(baseline: Activations) -> None:
    assert [block.title for block in baseline.blocks] == [
        "block1_conv 64×64×32 → ReLU → max-pooling 32×32×32",
        "block2_conv 32×32×64 → ReLU → max-pooling 16×16×64",
        "block3_conv 16×16×128 → ReLU → max-pooling 4×4×128",
    ]
    for block, pool in zip(baseline.blocks, (2, 2, 4), strict=True):
        convolution, relu, pooling = block.steps
        assert convolution.channels == relu.channels == pooling.channels
        np.testing.assert_array_equal(relu.maps, np.maximum(convolution.maps, 0))
        count, side, _ = relu.maps.shape
        windows = relu.maps.reshape(count, side // pool, pool, side // pool, pool)
        np.testing.assert_array_equal(pooling.maps, windows.max(axis=(2, 4)))


def test_the_strongest_maps_come_first(baseline: Activations) -> None:
    for block in baseline.blocks:
        spread = block.steps[-1].maps.std(axis=(1, 2))
        assert len(spread) == STRONGEST
        assert (np.diff(spread) <= 1e-6).all()
        assert spread[-1] > 0


def test_the_first_convolution_is_the_kernel_over_the_scaled_picture() -> None:
    model = build_baseline(image_size=32, class_count=2)
    picture = noise(32)
    step = record_activations(model, picture).blocks[0].steps[0]
    kernel, bias = model.get_layer("block1_conv").get_weights()
    patch = picture[9:12, 19:22].astype(np.float64) / 127.5 - 1
    expected = np.tensordot(patch, kernel, 3) + bias
    np.testing.assert_allclose(step.maps[:, 10, 20], expected[list(step.channels)], atol=1e-5)


@pytest.mark.parametrize("size", [32, 33, 65])
@pytest.mark.parametrize("classes", [2, 3])
def test_odd_sizes_and_more_classes_are_walked(size: int, classes: int) -> None:
    found = record_activations(build_baseline(image_size=size, class_count=classes), noise(size))
    assert found.steps[0].shape == (size, size, 32)
    assert found.filters.shape == (32, 3, 3, 3)


@pytest.mark.parametrize("size", [32, 97])
def test_mobilenet_is_walked_through_its_nested_backbone(size: int) -> None:
    model = build_pretrained("mobilenet", image_size=size, class_count=2, backbone_weights=None)
    found = record_activations(model, noise(size))
    shapes = {step.layer: step.shape for step in found.steps}
    for number in (3, 6, 13):
        expected = MOBILENET.shape_at(f"block_{number + 1}", size)
        assert shapes[f"block_{number}_project_BN"] == expected
    assert shapes["out_relu"][2] == 1280
    assert found.first == "Conv1"
    # The same numbers as the part of the network that training cuts off there.
    (last,) = (step for step in found.steps if step.layer == "block_3_project_BN")
    below = part_below(model, ["block_4"])(noise(size)[None].astype(np.float32))
    expected_maps = np.moveaxis(np.asarray(below)[0][..., list(last.channels)], -1, 0)
    np.testing.assert_allclose(last.maps, expected_maps, atol=1e-4)


def test_filters_become_pictures_around_grey() -> None:
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[0, 0, 0, 0], kernel[1, 1, 1, 0] = 2, -1
    first, empty = as_images(kernel)
    assert first[0, 0].tolist() == [1, 0.5, 0.5]
    assert first[1, 1].tolist() == [0.5, 0.25, 0.5]
    assert (empty == 0.5).all()


def test_each_filter_is_shown_by_its_own_greatest_weight() -> None:
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[0, 0, 0] = (4, -0.5)
    strong, weak = as_images(kernel)
    assert strong[0, 0].tolist() == [1, 0.5, 0.5]
    assert weak[0, 0].tolist() == [0, 0.5, 0.5]
