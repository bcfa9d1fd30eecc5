"""MobileNetV2: what is frozen, what is trained, and its two parts."""

import keras
import numpy as np
import pytest

from tl_catdog.errors import UsageError
from tl_catdog.models.engine import KerasForward
from tl_catdog.models.pretrained import (
    BACKBONE,
    build_pretrained,
    part_above,
    part_below,
    unfreeze_from,
)


def test_only_the_head_of_a_new_mobilenet_is_trainable() -> None:
    model = build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights=None)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == 1280 * 128 + 128 + 128 + 1


def test_unfreezing_takes_the_block_and_all_above_but_no_batchnorm() -> None:
    model = build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights=None)
    names = unfreeze_from(model, "block_15")
    assert names[0] == "block_15_expand"
    assert names[-1] == "Conv_1"
    assert len(names) == 7
    backbone = model.get_layer(BACKBONE)
    norms = [x for x in backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert len(norms) == 52
    assert not any(layer.trainable for layer in norms)
    assert unfreeze_from(model, "Conv_1") == ["Conv_1"]


def test_block_1_is_not_block_16() -> None:
    model = build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights=None)
    assert unfreeze_from(model, "block_1")[0] == "block_1_expand"


def test_an_unknown_block_lists_those_there_are() -> None:
    model = build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights=None)
    with pytest.raises(UsageError, match=r"block_1, .*block_16"):
        unfreeze_from(model, "block_99")


@pytest.mark.parametrize("feature_layer", ["block_1", "block_13", "Conv_1", "pooling"])
def test_the_parts_below_and_above_make_the_whole(feature_layer: str) -> None:
    model = build_pretrained("mobilenet", image_size=64, class_count=3)
    images = np.random.default_rng(0).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32)
    below, above = part_below(model, [feature_layer]), part_above(model, feature_layer)
    np.testing.assert_allclose(above(KerasForward(below)(images)[0]), model(images), atol=1e-5)
    # They share layers: what is trained above is trained in the whole.
    assert {id(v) for v in above.variables} <= {id(v) for v in model.variables}
