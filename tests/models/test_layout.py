"""MobileNetV2's feature layers: which one lies below what, and their shapes."""

import doctest

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.models import layout
from tl_catdog.models.mobilenet import BACKBONE, build_mobilenet


@pytest.mark.parametrize(
    ("name", "feature_layer"),
    [
        ("block_13", "block_13"),
        ("block_14_depthwise", "block_14"),
        ("Conv_1", "Conv_1"),
        ("Conv_1_bn", "Conv_1"),
        ("out_relu", "Conv_1"),
        ("Conv1", None),
        ("bn_Conv1", None),
        ("expanded_conv_project", None),
    ],
)
def test_the_feature_layer_lies_below_the_whole_block(name: str, feature_layer: str | None) -> None:
    assert layout.feature_layer_below(name) == feature_layer


@pytest.mark.parametrize("name", ["block_0", "block_17", "block_1x", "top", ""])
def test_a_block_that_isnt_there_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"block_1,.*block_16"):
        layout.feature_layer_below(name)


def test_every_layer_of_the_backbone_has_its_feature_layer() -> None:
    backbone = build_mobilenet(image_size=32, class_count=2).get_layer(BACKBONE)
    for layer in backbone.layers[1:]:
        layout.feature_layer_below(layer.name)


@pytest.mark.parametrize(
    ("feature_layer", "shape"),
    [
        ("block_1", (112, 112, 16)),
        ("block_3", (56, 56, 24)),
        ("block_13", (14, 14, 96)),
        ("block_14", (7, 7, 160)),
        ("Conv_1", (7, 7, 320)),
        ("pooling", (1280,)),
    ],
)
def test_shapes_at_224_pixels_are_those_of_the_paper(
    feature_layer: str, shape: tuple[int, ...]
) -> None:
    """Sandler et al. 2018, table 2: what goes into each stage."""
    assert layout.shape_at(feature_layer, 224) == shape


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(layout)
    assert found.attempted
    assert found.failed == 0
