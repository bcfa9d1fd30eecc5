"""One head for both architectures, as wide as was asked for, and the features that go into it."""

import keras
import numpy as np
import pytest

from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.head import (
    HEAD_LAYERS,
    activation_in,
    empty_linear,
    features_of,
    put_linear,
    with_features,
)
from tl_catdog.models.layout import activation_of, linear_units, units_for
from tl_catdog.models.pretrained import build_pretrained


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
    mobilenet = build_pretrained(
        "mobilenet", image_size=32, class_count=classes, backbone_weights=None
    )
    units = 1 if classes == 2 else 3
    assert head_of(baseline) == head_of(mobilenet)
    assert [name for name, _ in head_of(baseline)] == list(HEAD_LAYERS)
    assert [layer.name for layer in baseline.layers[-3:]] == list(HEAD_LAYERS)
    assert [layer.name for layer in mobilenet.layers[-3:]] == list(HEAD_LAYERS)
    assert baseline.output_shape == mobilenet.output_shape == (None, units)
    activation = "sigmoid" if classes == 2 else "softmax"
    assert head_of(baseline)[-1][1] == {"units": units, "activation": activation}
    assert activation_in(baseline) == activation_of(units) == activation


def test_width_and_dropout_are_those_asked_for() -> None:
    model = build_baseline(image_size=32, class_count=3, dense_units=9, dropout=0.3)
    assert head_of(model) == [
        ("head_dense", {"units": 9, "activation": "relu"}),
        ("head_dropout", {"rate": 0.3}),
        ("head_output", {"units": 3, "activation": "softmax"}),
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
    powers = np.exp(hidden @ kernel + bias)
    expected = powers / (1 + powers) if classes == 2 else powers / powers.sum(axis=1)[:, None]
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(outputs, model(images), atol=1e-6)


def test_the_hidden_layer_starts_from_he_uniform() -> None:
    keras.utils.set_random_seed(0)
    model = build_baseline(image_size=32, class_count=2)
    kernel, bias = model.get_layer("head_dense").get_weights()
    limit = (6 / len(kernel)) ** 0.5
    assert 0.95 * limit < abs(kernel).max() <= limit
    assert not bias.any()


@pytest.mark.parametrize(
    ("dense_units", "units", "kept"),
    [(128, 1, 32), (4, 1, 2), (3, 1, 0), (148, 37, 74), (128, 5, 30), (12, 3, 6), (11, 3, 0)],
)
def test_about_a_quarter_of_the_units_holds_a_linear_model(
    dense_units: int, units: int, kept: int
) -> None:
    assert linear_units(dense_units, units) == kept


def logits_of(model: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits, up to what is the same for all classes, and the features."""
    outputs, features = (part.numpy().astype(np.float64) for part in with_features(model)([images]))
    if outputs.shape[1] == 1:
        return np.log(outputs / (1 - outputs)), features
    logs = np.log(outputs)
    return logs - logs.mean(axis=1, keepdims=True), features


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("share", "rest"), [(1.0, 0.0), (0.5, 0.25), (0.0, 1.0)])
def test_logits_are_the_parts_of_a_linear_model_and_of_what_was_there(
    classes: int, share: float, rest: float
) -> None:
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    model = build_baseline(image_size=32, class_count=classes, dense_units=40)
    images = rng.uniform(0, 255, (5, 32, 32, 3)).astype(np.float32)
    assert empty_linear(model) == linear_units(40, units_for(classes)) > 0
    before, features = logits_of(model, images)
    kernel = rng.normal(0, 0.02, (features.shape[1], units_for(classes))).astype(np.float32)
    bias = rng.normal(0, 0.5, units_for(classes)).astype(np.float32)
    put_linear(model, kernel, bias, share=share, rest=rest)
    linear = features @ kernel + bias
    if classes > 2:
        linear -= linear.mean(axis=1, keepdims=True)
    found, _ = logits_of(model, images)
    np.testing.assert_allclose(found, share * linear + rest * before, atol=2e-4)


def test_no_gradient_reaches_the_units_kept_for_a_linear_model() -> None:
    keras.utils.set_random_seed(0)
    model = build_baseline(image_size=32, class_count=3, dense_units=40)
    kept = empty_linear(model)
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.1), "categorical_crossentropy")
    images = np.random.default_rng(0).uniform(0, 255, (6, 32, 32, 3))
    model.fit(images, np.eye(3)[[0, 1, 2, 0, 1, 2]], epochs=2, verbose=0)
    inner, offset = model.get_layer("head_dense").get_weights()
    outer, _ = model.get_layer("head_output").get_weights()
    assert not any(part.any() for part in (inner[:, -kept:], offset[-kept:], outer[-kept:]))
    assert all(part.any() for part in (inner[:, :-kept], offset[:-kept], outer[:-kept]))


def test_a_hidden_layer_without_room_is_told() -> None:
    model = build_baseline(image_size=32, class_count=3, dense_units=11)
    assert empty_linear(model) == 0
    with pytest.raises(ValueError, match="no room for a linear model in 11 hidden units"):
        put_linear(
            model, np.zeros((512, 3), np.float32), np.zeros(3, np.float32), share=1.0, rest=0.0
        )
