"""Layer by layer: a real network, and options of layers that no graph is made for."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tests.support.keras_networks import ARCH, in_its_place
from tl_catdog.models.engine import KerasForward, OnnxForward
from tl_catdog.models.head import features_of
from tl_catdog.models.keras_nodes import UnknownLayerError
from tl_catdog.models.keras_writer import KerasWriter
from tl_catdog.models.pretrained import build_pretrained


@pytest.mark.parametrize("arch", ["keras:MobileNetV3Small", "keras:VGG16"])
def test_a_real_network_is_written(arch: str) -> None:
    keras.utils.set_random_seed(0)
    model = build_pretrained(arch, image_size=33, class_count=2, backbone_weights=None)
    writer = KerasWriter(model)
    features, shape = writer.features()
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 33, 33, 3)).astype(np.float32)
    (found,) = OnnxForward(writer.finish({"pooling": (features, shape)}))(pictures)
    (expected,) = KerasForward(keras.Model(model.inputs, features_of(model)))(pictures)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize(
    "layer",
    [
        layers.UpSampling2D(2),
        layers.ReLU(negative_slope=0.1),
        layers.Activation("mish"),
        layers.Reshape((1, -1, 12)),
        layers.LayerNormalization(axis=(1, 2)),
        layers.Conv2DTranspose(4, 2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_is_not_known_is_named(layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    in_its_place(monkeypatch, extra=layer)
    model = build_pretrained(ARCH, image_size=32, class_count=2, backbone_weights=None)
    with pytest.raises(UnknownLayerError, match=r"^an? "):
        KerasWriter(model).features()
