"""What is said of backbones: which feature layer lies below what, shapes, padding."""

import doctest

import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.errors import UsageError
from tl_catdog.models.backbones import spec
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import Convolution, inverted_residual


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
    assert MOBILENET.feature_layer_below(name) == feature_layer


@pytest.mark.parametrize("name", ["block_0", "block_17", "block_1x", "backbone", "", None])
def test_a_block_that_isnt_there_is_refused(name: str | None) -> None:
    with pytest.raises(UsageError, match=r"block_1,.*block_16") as caught:
        MOBILENET.feature_layer_below(name)
    assert "--unfreeze-from block_13" in str(caught.value.hint)


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
    assert MOBILENET.shape_at(feature_layer, 224) == shape


def test_odd_sides_are_rounded_up() -> None:
    assert MOBILENET.shape_at("block_13", 65) == (5, 5, 96)
    assert backbone_of("efficientnet-lite2").shape_at("block_15", 260) == (17, 17, 120)


@pytest.mark.parametrize(
    ("kernel", "stride", "side", "pads"),
    [
        (3, 1, 14, (1, 1)),
        (3, 2, 224, (0, 1)),
        (3, 2, 65, (1, 1)),
        (5, 1, 14, (2, 2)),
        (5, 2, 28, (1, 2)),
        (5, 2, 65, (2, 2)),
        (1, 1, 7, (0, 0)),
    ],
)
def test_padding_is_tensorflows(kernel: int, stride: int, side: int, pads: tuple[int, int]) -> None:
    """https://www.tensorflow.org/api_docs/python/tf/nn, "Notes on padding"."""
    assert Convolution("c", "n", 8, kernel, stride).pads(side) == pads


def test_a_block_has_a_shortcut_only_where_input_and_output_are_alike() -> None:
    same = {"expansion": 6, "kernel": 3, "stride": 1}
    assert inverted_residual("b", 8, 8, **same).shortcut
    assert not inverted_residual("b", 8, 16, **same).shortcut
    assert not inverted_residual("b", 8, 8, **{**same, "stride": 2}).shortcut
    narrow = inverted_residual("b", 8, 8, expansion=1, kernel=3, stride=1)
    assert [item.layer for item in narrow.convolutions] == ["b_depthwise", "b_project"]


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(spec)
    assert found.attempted
    assert found.failed == 0
