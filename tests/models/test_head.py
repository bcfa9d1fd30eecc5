"""One head for both architectures, as wide as was asked for, and the features that go into it."""

import keras
import numpy as np
import pytest

from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.head import HEAD_LAYERS, features_of, units_for, with_features
from tl_catdog.models.mobilenet import build_mobilenet


def head_of(model: keras.Model) -> list[tuple[str, dict[str, object]]]:
    keep = ("units", "activation", "rate")
    return [
        (layer.name, {key: value for key, value in layer.get_config().items() if key in keep})
        for layer in model.layers
        if layer.name in HEAD_LAYERS
    ]


@pytest.mark.parametrize("classes", [2, 3])
def test_both_end_in_the_same_head(classes: int) -> None:
    baseline = build_baseline(image_size=32, class_count=classes)
    mobilenet = build_mobilenet(image_size=32, class_count=classes, backbone_weights=None)
    units = 1 if classes == 2 else 3
    assert head_of(baseline) == head_of(mobilenet)
    assert [name for name, _ in head_of(baseline)] == list(HEAD_LAYERS)
    assert [layer.name for layer in baseline.layers[-3:]] == list(HEAD_LAYERS)
    assert [layer.name for layer in mobilenet.layers[-3:]] == list(HEAD_LAYERS)
    assert baseline.output_shape == mobilenet.output_shape == (None, units)
    assert head_of(baseline)[-1][1] == {"units": units, "activation": "sigmoid"}


def test_width_and_dropout_are_those_asked_for() -> None:
    model = build_baseline(image_size=32, class_count=3, dense_units=9, dropout=0.3)
    assert head_of(model) == [
        ("head_dense", {"units": 9, "activation": "relu"}),
        ("head_dropout", {"rate": 0.3}),
        ("head_output", {"units": 3, "activation": "sigmoid"}),
    ]


@pytest.mark.parametrize(("classes", "units"), [(2, 1), (3, 3), (10, 10)])
def test_two_classes_share_one_unit(classes: int, units: int) -> None:
    assert units_for(classes) == units


@pytest.mark.parametrize("classes", [2, 4])
def test_features_are_what_the_head_makes_its_outputs_of(classes: int) -> None:
    keras.utils.set_random_seed(1)
    model = build_baseline(image_size=32, class_count=classes, dense_units=6)
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    outputs, features = (part.numpy() for part in with_features(model)([images]))
    assert features.shape == (3, features_of(model).shape[1]) == (3, 2 * 2 * 128)
    kernel, bias = model.get_layer("head_dense").get_weights()
    hidden = np.maximum(features @ kernel + bias, 0)
    kernel, bias = model.get_layer("head_output").get_weights()
    expected = 1 / (1 + np.exp(-(hidden @ kernel + bias)))
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(outputs, model(images), atol=1e-6)


def test_the_hidden_layer_starts_from_he_uniform() -> None:
    keras.utils.set_random_seed(0)
    model = build_baseline(image_size=32, class_count=2)
    kernel, bias = model.get_layer("head_dense").get_weights()
    limit = (6 / len(kernel)) ** 0.5
    assert 0.95 * limit < abs(kernel).max() <= limit
    assert not bias.any()
