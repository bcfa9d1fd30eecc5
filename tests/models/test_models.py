"""The builders: one head, scaling inside, packaged weights that are the original's."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.models import weights
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.head import HEAD_LAYERS
from tl_catdog.models.mobilenet import BACKBONE, build_mobilenet, unfreeze_from
from tl_catdog.training.fit import count_parameters


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


@pytest.mark.parametrize("size", [32, 33, 64, 150])
def test_the_baseline_is_three_blocks_at_any_size(size: int) -> None:
    model = build_baseline(image_size=size, class_count=2)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[2:11] == ["Conv2D", "ReLU", "MaxPooling2D"] * 3
    assert kinds[11] == "Flatten"
    assert model.input_shape == (None, size, size, 3)


@pytest.mark.parametrize("build", [build_baseline, build_mobilenet])
def test_too_small_pictures_are_refused(build: object) -> None:
    with pytest.raises(ValueError, match="at least 32"):
        build(image_size=31, class_count=2)  # type: ignore[operator]


@pytest.mark.parametrize("build", [build_baseline, build_mobilenet])
def test_scaling_is_inside(build: object) -> None:
    model = build(image_size=32, class_count=2)  # type: ignore[operator]
    scaled = keras.Model(model.input, model.get_layer("scaling").output)
    pixels = np.array([0, 127.5, 255], np.float32).reshape(1, 1, 3, 1)
    pixels = np.broadcast_to(pixels[:, :, :1], (1, 32, 32, 3)).copy()
    pixels[0, 0, 0], pixels[0, 0, 1] = 255, 127.5
    values = scaled(pixels).numpy()
    assert values[0, 0, 0].tolist() == [1, 1, 1]
    assert values[0, 0, 1].tolist() == [0, 0, 0]
    assert values[0, 1, 0].tolist() == [-1, -1, -1]


def test_only_the_head_of_a_new_mobilenet_is_trainable() -> None:
    model = build_mobilenet(image_size=32, class_count=2, backbone_weights=None)
    assert count_parameters(model.trainable_weights) == 1280 * 128 + 128 + 128 + 1


def test_unfreezing_takes_the_block_and_all_above_but_no_batchnorm() -> None:
    model = build_mobilenet(image_size=32, class_count=2, backbone_weights=None)
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
    model = build_mobilenet(image_size=32, class_count=2, backbone_weights=None)
    assert unfreeze_from(model, "block_1")[0] == "block_1_expand"


def test_an_unknown_block_lists_those_there_are() -> None:
    model = build_mobilenet(image_size=32, class_count=2, backbone_weights=None)
    with pytest.raises(UsageError, match=r"block_1, .*block_16"):
        unfreeze_from(model, "block_99")


def pooled(backbone: keras.Model, pictures: np.ndarray) -> np.ndarray:
    return np.asarray(backbone(pictures / 127.5 - 1, training=False)).mean(axis=(1, 2))


def test_packaged_features_are_the_originals_within_rounding(
    original_weights: Path, photographs: Path
) -> None:
    from tl_catdog.data.images import decode

    paths = [
        path
        for name in ("cats", "dogs")
        for path in sorted((photographs / "test" / name).iterdir())[:8]
    ]
    pictures = np.stack([decode(path, 224) for path in paths]).astype(np.float32)

    def backbone() -> keras.Model:
        return keras.applications.MobileNetV2(
            input_shape=(224, 224, 3), include_top=False, weights=None
        )

    ours, theirs = backbone(), backbone()
    weights.load_backbone_weights(ours, "packaged")
    theirs.load_weights(original_weights)
    for mine, original in zip(ours.weights, theirs.weights, strict=True):
        # Half precision keeps 11 bits; BatchNorm's vectors are kept whole.
        tolerance = 2.0**-11 if len(mine.shape) > 1 else 0.0
        np.testing.assert_allclose(mine, original, rtol=tolerance, atol=2.0**-24)
    a, b = pooled(ours, pictures), pooled(theirs, pictures)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosine.min() > 0.9999
    assert np.abs(a - b).max() < 0.02 * b.max()


def test_damaged_packaged_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.packaged_weights.cache_clear()
    monkeypatch.setattr(weights, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(CatdogError, match="SHA-256"):
        weights.packaged_weights()
    monkeypatch.undo()
    weights.packaged_weights.cache_clear()


def test_a_weights_file_of_ones_own(tmp_path: Path) -> None:
    other = keras.applications.MobileNetV2(input_shape=(32, 32, 3), include_top=False, weights=None)
    path = tmp_path / "mine.weights.h5"
    other.save_weights(path)
    model = build_mobilenet(image_size=64, class_count=2, backbone_weights=str(path))
    loaded = model.get_layer(BACKBONE).get_layer("Conv_1").get_weights()[0]
    assert np.array_equal(loaded, other.get_layer("Conv_1").get_weights()[0])


@pytest.mark.parametrize("name", ["missing.weights.h5", "wrong.weights.h5", "picture.jpg"])
def test_wrong_weights_files_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "wrong.weights.h5":
        build_baseline(image_size=32, class_count=2).save_weights(path)
    elif name == "picture.jpg":
        path.touch()
    with pytest.raises(UsageError, match=name):
        build_mobilenet(image_size=32, class_count=2, backbone_weights=str(path))


def test_weights_that_keras_fetches_are_taken_layer_by_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = keras.applications.MobileNetV2
    fetched = real(input_shape=(224, 224, 3), include_top=False, weights=None)

    def without_network(**options: object) -> keras.Model:
        return fetched if options["weights"] == "imagenet" else real(**options)

    monkeypatch.setattr(keras.applications, "MobileNetV2", without_network)
    model = build_mobilenet(image_size=32, class_count=2, backbone_weights="keras")
    for mine, theirs in zip(model.get_layer(BACKBONE).weights, fetched.weights, strict=True):
        assert np.array_equal(mine, theirs)


def test_weights_that_keras_cant_fetch_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = keras.applications.MobileNetV2

    def cut_off(**options: object) -> keras.Model:
        if options["weights"] == "imagenet":
            raise OSError("no network")
        return real(**options)

    monkeypatch.setattr(keras.applications, "MobileNetV2", cut_off)
    with pytest.raises(CatdogError, match="no network"):
        build_mobilenet(image_size=32, class_count=2, backbone_weights="keras")
