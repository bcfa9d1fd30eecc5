"""Every backbone: a row and a file, Keras layers as the spec says, weights with their hash."""

import hashlib
from importlib import resources

import keras
import numpy as np
import pytest

from tl_catdog.architectures import PRETRAINED
from tl_catdog.models.backbones.registry import backbone_of, backbones
from tl_catdog.models.engine import KerasForward, OnnxForward
from tl_catdog.models.graph import extraction_graph
from tl_catdog.models.pretrained import BACKBONE, build_pretrained, part_below
from tl_catdog.models.weights import packaged_weights, weights_of

PACKAGED = [spec.arch for spec in backbones().values() if spec.weights_file]


def test_settings_and_models_know_the_same_backbones() -> None:
    assert set(backbones()) == set(PRETRAINED)


@pytest.mark.parametrize("arch", PACKAGED)
def test_a_backbone_is_what_its_spec_says(arch: str) -> None:
    spec = backbone_of(arch)
    backbone = build_pretrained(arch, image_size=64, class_count=2).get_layer(BACKBONE)
    assert backbone.output_shape == (None, 2, 2, spec.channels)
    for layer in backbone.layers[1:]:
        spec.feature_layer_below(layer.name)
    assert PRETRAINED[arch].unfreeze_from in spec.block_names
    assert packaged_weights(spec).keys() == weights_of(backbone).keys()


@pytest.mark.parametrize("arch", PACKAGED)
def test_the_file_of_weights_is_the_one_that_was_packed(arch: str) -> None:
    spec = backbone_of(arch)
    content = resources.files("tl_catdog.models").joinpath(str(spec.weights_file)).read_bytes()
    assert hashlib.sha256(content).hexdigest() == spec.sha256


@pytest.mark.parametrize("arch", PACKAGED)
@pytest.mark.parametrize("size", [32, 65])
def test_every_feature_layer_has_keras_values_and_the_stated_shape(arch: str, size: int) -> None:
    spec = backbone_of(arch)
    model = build_pretrained(arch, image_size=size, class_count=2)
    images = np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype(np.float32)
    expected = KerasForward(part_below(model, spec.feature_layers))(images)
    graph = extraction_graph(spec, packaged_weights(spec), size, spec.feature_layers)
    found = OnnxForward(graph)(images)
    for feature_layer, ours, theirs in zip(spec.feature_layers, found, expected, strict=True):
        assert ours.shape[1:] == spec.shape_at(feature_layer, size), feature_layer
        np.testing.assert_allclose(
            ours, theirs, atol=2e-4 * np.abs(theirs).max(), err_msg=feature_layer
        )


def test_every_norm_has_the_variance_floor_that_graphs_fold_in() -> None:
    for arch in PACKAGED:
        backbone = backbone_of(arch).build(32)
        norms = [x for x in backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert {layer.epsilon for layer in norms} == {1e-3}


def test_all_weights_fit_into_a_wheel_of_30_megabytes() -> None:
    """The rest of the package takes 1.3 MB there; half precision hardly shrinks."""
    files = resources.files("tl_catdog.models")
    sizes = [
        len(files.joinpath(str(backbone_of(arch).weights_file)).read_bytes()) for arch in PACKAGED
    ]
    assert sum(sizes) < 28_500_000
