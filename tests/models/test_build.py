"""The network that settings ask for: each setting reaches it, and scaling is inside."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.architectures import ARCHS
from tl_catdog.config import TrainConfig
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.build import build
from tl_catdog.models.pretrained import BACKBONE, build_pretrained
from tl_catdog.models.weights import packaged_weights

Builder = Callable[..., keras.Model]


@pytest.mark.parametrize("arch", ARCHS)
def test_every_setting_reaches_the_network(arch: str) -> None:
    settings = TrainConfig(arch=arch, image_size=40, dense_units=7, dropout=0.25).resolved()
    model = build(settings, 3, pretrained=False)
    assert model.name == arch
    assert model.input_shape == (None, 40, 40, 3)
    assert model.output_shape == (None, 3)
    assert model.get_layer("head_dense").units == 7
    assert model.get_layer("head_dropout").rate == 0.25


def stem(model: keras.Model) -> np.ndarray:
    return np.asarray(model.get_layer(BACKBONE).get_layer("Conv1").get_weights()[0])


def test_a_backbone_has_the_weights_asked_for(tmp_path: Path) -> None:
    def built(**settings: Any) -> np.ndarray:
        config = TrainConfig(image_size=32, **settings).resolved()
        return stem(build(config, 2))

    packaged = packaged_weights(MOBILENET)["Conv1/0"]
    assert np.array_equal(built(), packaged)
    assert np.array_equal(built(backbone_weights="packaged"), packaged)
    other = keras.applications.MobileNetV2(input_shape=(32, 32, 3), include_top=False, weights=None)
    path = tmp_path / "mine.weights.h5"
    other.save_weights(path)
    own = other.get_layer("Conv1").get_weights()[0]
    assert np.array_equal(built(backbone_weights=str(path)), own)


def test_a_network_that_is_filled_later_loads_no_weights() -> None:
    config = TrainConfig(image_size=32, backbone_weights="missing.weights.h5").resolved()
    assert not np.array_equal(
        stem(build(config, 2, pretrained=False)), packaged_weights(MOBILENET)["Conv1/0"]
    )


@pytest.mark.parametrize("builder", [build_baseline, partial(build_pretrained, "mobilenet")])
def test_too_small_pictures_are_refused(builder: Builder) -> None:
    with pytest.raises(ValueError, match="at least 32"):
        builder(image_size=31, class_count=2)


@pytest.mark.parametrize("builder", [build_baseline, partial(build_pretrained, "mobilenet")])
def test_scaling_is_inside(builder: Builder) -> None:
    model = builder(image_size=32, class_count=2)
    scaled = keras.Model(model.input, model.get_layer("scaling").output)
    pixels = np.array([0, 127.5, 255], np.float32).reshape(1, 1, 3, 1)
    pixels = np.broadcast_to(pixels[:, :, :1], (1, 32, 32, 3)).copy()
    pixels[0, 0, 0], pixels[0, 0, 1] = 255, 127.5
    values = scaled(pixels).numpy()
    assert values[0, 0, 0].tolist() == [1, 1, 1]
    assert values[0, 0, 1].tolist() == [0, 0, 0]
    assert values[0, 1, 0].tolist() == [-1, -1, -1]
