"""Networks of keras.applications: the table of them is Keras' own, and so is what pictures become.

Nothing is fetched; no weights are made where shapes are enough.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tl_catdog import runtime
from tl_catdog.architectures import KERAS, KERAS_NETWORKS
from tl_catdog.errors import UsageError
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.engine import KerasForward
from tl_catdog.models.pretrained import BACKBONE, SCALING, build_pretrained
from tl_catdog.models.strangers_keras import KERAS_LAYERS, KERAS_OPERATIONS

NAMES = [arch.removeprefix(KERAS) for arch in KERAS_NETWORKS]


def test_these_are_all_networks_that_keras_has() -> None:
    there = {name for name in dir(keras.applications) if name[0].isupper()}
    assert set(NAMES) == there


class Asked(Exception):  # noqa: N818
    """Ends a building where its picture size is known."""


# MobileNetV3 takes whatever size it is given; what its weights had is in its documentation alone.
@pytest.mark.parametrize("name", [name for name in NAMES if "MobileNetV3" not in name])
def test_picture_sizes_are_those_of_keras(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.applications import imagenet_utils

    def asked(_: Any, *, default_size: int, min_size: int, **__: Any) -> Any:
        raise Asked(default_size, min_size)

    monkeypatch.setattr(imagenet_utils, "obtain_input_shape", asked)
    with pytest.raises(Asked) as caught:
        getattr(keras.applications, name)(weights=None)
    known = KERAS_NETWORKS[f"{KERAS}{name}"]
    assert (known.image_size, known.least) == caught.value.args


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_what_is_known_of_it(name: str) -> None:
    arch = f"{KERAS}{name}"
    spec = backbone_of(arch)
    with runtime.weights_unmade():
        backbone = spec.build(KERAS_NETWORKS[arch].least)
    assert backbone.output.shape[-1] == spec.channels == spec.shape_at("pooling", 96)[0]
    for item in all_operations(backbone):
        is_layer = isinstance(item, keras.layers.Layer)
        assert type(item).__name__ in (KERAS_LAYERS if is_layer else KERAS_OPERATIONS)


def all_operations(network: Any) -> Iterator[Any]:
    for item in getattr(network, "operations", None) or network.layers:
        yield item
        if hasattr(item, "layers"):
            yield from all_operations(item)


@pytest.mark.parametrize("name", [name for name in NAMES if "EfficientNetB" not in name])
def test_pictures_become_what_keras_makes_of_them(name: str) -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    module = sys.modules[getattr(keras.applications, name).__module__]
    expected = module.preprocess_input(pictures.copy())
    spec = backbone_of(f"{KERAS}{name}")
    if np.array_equal(expected, pictures):  # layers of its own do it
        expected = pictures
        with runtime.weights_unmade():
            layers = own_scaling(getattr(keras.applications, name))
        for layer in layers:
            expected = layer(expected)
    from tl_catdog.models.pretrained import _scaling

    np.testing.assert_allclose(_scaling(spec)(pictures), expected, atol=1e-5, rtol=1e-5)


def own_scaling(build: Any) -> list[Any]:
    """Return the layers that a network begins with, before it convolves."""
    first: list[Any] = []
    for layer in build(weights=None, include_top=False, input_shape=(32, 32, 3)).layers[1:]:
        if not isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization)):
            break
        first.append(layer)
    assert first
    return first


@pytest.mark.slow
def test_an_efficientnet_scales_pictures_as_the_one_with_fetched_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from keras.src.applications import efficientnet

    whole = keras.applications.EfficientNetB0(
        weights=None, include_top=False, input_shape=(32, 32, 3)
    )
    (norm,) = (x for x in whole.layers if isinstance(x, keras.layers.Normalization))
    norm.set_weights([np.array([0.5, 0.4, 0.6]), np.array([0.2, 0.3, 0.25]), np.array(0)])
    path = tmp_path / "fetched.weights.h5"
    whole.save_weights(path)
    monkeypatch.setattr(efficientnet.file_utils, "get_file", lambda *_, **__: str(path))
    fetched = keras.applications.EfficientNetB0(
        weights="imagenet", include_top=False, input_shape=(32, 32, 3)
    )
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    (expected,) = KerasForward(fetched)(pictures)
    arch = "keras:EfficientNetB0"
    for source in ("keras", str(path)):
        model = build_pretrained(arch, image_size=32, class_count=2, backbone_weights=source)
        scaled = model.get_layer(SCALING)(pictures)
        found = model.get_layer(BACKBONE)(scaled, training=False)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_files_of_the_kind_that_keras_fetches_are_read(tmp_path: Path) -> None:
    whole = keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=(32, 32, 3)
    )
    path = tmp_path / "weights_small_224_1.0_float_no_top.h5"
    whole.save(path)  # its weights are where that file has them
    model = build_pretrained(
        "keras:MobileNetV3Small", image_size=32, class_count=2, backbone_weights=str(path)
    )
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    found = model.get_layer(BACKBONE)(model.get_layer(SCALING)(pictures), training=False)
    expected = whole(pictures, training=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_layers_without_names_have_the_same_ones_in_every_network() -> None:
    build = backbone_of("keras:InceptionV3").build
    with runtime.weights_unmade():
        names = [[layer.name for layer in build(75).layers] for _ in range(2)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])
    assert {"conv2d", "conv2d_1", "mixed7"} <= set(names[0])


def test_a_layer_to_unfreeze_from_is_looked_for_before_a_training() -> None:
    spec = backbone_of("keras:MobileNetV3Small")
    assert spec.feature_layer_below(None) is None
    assert spec.feature_layer_below("conv_1") is None
    with pytest.raises(UsageError, match="--unfreeze-from conv_1") as caught:
        spec.feature_layer_below("conv_11")
    assert "conv_1_bn" in caught.value.message
    assert len(caught.value.message) < 250
