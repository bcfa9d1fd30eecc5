"""MobileNetV2's layout is that of ``keras.applications``."""

from tests.support.backbones import MOBILENET
from tl_catdog.models.pretrained import BACKBONE, build_pretrained


def test_every_layer_of_the_backbone_has_its_feature_layer() -> None:
    backbone = build_pretrained("mobilenet", image_size=32, class_count=2).get_layer(BACKBONE)
    for layer in backbone.layers[1:]:
        MOBILENET.feature_layer_below(layer.name)


def test_its_blocks_are_named_as_in_keras() -> None:
    assert MOBILENET.block_names == tuple(f"block_{number}" for number in range(1, 17))
    assert MOBILENET.feature_layers[-2:] == ("Conv_1", "pooling")
