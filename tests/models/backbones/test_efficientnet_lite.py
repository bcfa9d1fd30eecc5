"""EfficientNet-Lite: widths, depths and sizes of the published networks."""

import doctest
import math

import pytest

from tl_catdog.models.backbones import efficientnet_lite
from tl_catdog.models.backbones.registry import backbone_of


@pytest.mark.parametrize(
    ("number", "parameters", "blocks", "last"),
    [(0, 3.37, 16, 320), (1, 4.14, 21, 320), (2, 4.81, 21, 352)],
)
def test_sizes_are_those_that_google_publishes(
    number: int, parameters: float, blocks: int, last: int
) -> None:
    """Google's README states 4.7, 5.4 and 6.1 million; 1.28 are the 1,000 classes' and not here."""
    spec = backbone_of(f"efficientnet-lite{number}")
    assert len(spec.blocks) == blocks + 2  # the stem, the last convolution
    assert spec.blocks[-2].convolutions[-1].filters == last
    trained = sum(math.prod(weight.shape) for weight in spec.build(32).trainable_weights)
    assert trained / 1e6 == pytest.approx(parameters, abs=0.005)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_layer_squeezes_or_swishes(number: int) -> None:
    """What it leaves out of EfficientNet, so that it can be computed in integers."""
    kinds = {
        type(layer).__name__ for layer in backbone_of(f"efficientnet-lite{number}").build(32).layers
    }
    assert kinds == {"Add", "BatchNormalization", "Conv2D", "DepthwiseConv2D", "InputLayer", "ReLU"}


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(efficientnet_lite)
    assert found.attempted
    assert found.failed == 0
