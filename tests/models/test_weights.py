"""The backbone's weights: the packaged ones are the original's, files of one's own are checked."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.models import weights
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.pretrained import BACKBONE, build_pretrained


def pooled(backbone: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(np.mean(backbone(images / 127.5 - 1, training=False), axis=(1, 2)))


def test_packaged_features_are_the_originals_within_rounding(
    original_weights: Path, photographs: Path
) -> None:
    from tl_catdog.data.images import decode

    paths = [
        path
        for name in ("cats", "dogs")
        for path in sorted((photographs / "test" / name).iterdir())[:8]
    ]
    images = np.stack([decode(path, 224) for path in paths]).astype(np.float32)

    def backbone() -> keras.Model:
        return keras.applications.MobileNetV2(
            input_shape=(224, 224, 3), include_top=False, weights=None
        )

    ours, theirs = backbone(), backbone()
    weights.load_backbone_weights(MOBILENET, ours, "packaged")
    theirs.load_weights(original_weights)
    for mine, original in zip(ours.weights, theirs.weights, strict=True):
        # Half precision keeps 11 bits; BatchNorm's vectors are kept whole.
        tolerance = 2.0**-11 if len(mine.shape) > 1 else 0.0
        np.testing.assert_allclose(mine, original, rtol=tolerance, atol=2.0**-24)
    a, b = pooled(ours, images), pooled(theirs, images)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosine.min() > 0.9999
    assert np.abs(a - b).max() < 0.02 * b.max()


def test_damaged_packaged_weights_are_refused() -> None:
    with pytest.raises(CatdogError, match="SHA-256"):
        weights.packaged_weights(replace(MOBILENET, sha256="0" * 64))


def test_a_weights_file_of_ones_own(tmp_path: Path) -> None:
    other = keras.applications.MobileNetV2(input_shape=(32, 32, 3), include_top=False, weights=None)
    path = tmp_path / "mine.weights.h5"
    other.save_weights(path)
    model = build_pretrained("mobilenet", image_size=64, class_count=2, backbone_weights=str(path))
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
        build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights=str(path))


def test_weights_that_keras_fetches_are_taken_layer_by_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = keras.applications.MobileNetV2
    fetched = real(input_shape=(224, 224, 3), include_top=False, weights=None)

    def without_network(**options: object) -> keras.Model:
        return fetched if options["weights"] == "imagenet" else real(**options)

    monkeypatch.setattr(keras.applications, "MobileNetV2", without_network)
    model = build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights="keras")
    for mine, theirs in zip(model.get_layer(BACKBONE).weights, fetched.weights, strict=True):
        assert np.array_equal(mine, theirs)


def test_weights_that_keras_cant_fetch_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = keras.applications.MobileNetV2

    def cut_off(**options: object) -> keras.Model:
        if options["weights"] == "imagenet":
            print("Downloading")
            raise OSError("no network")
        return real(**options)

    monkeypatch.setattr(keras.applications, "MobileNetV2", cut_off)
    with pytest.raises(CatdogError, match="no network"):
        build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights="keras")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Downloading\n")


def test_the_digest_of_weights_knows_names_shapes_and_values() -> None:
    some = {"a/0": np.zeros((2, 3), np.float32), "b/0": np.ones(2, np.float32)}
    others = [
        {**some, "a/0": np.zeros((3, 2), np.float32)},
        {**some, "b/0": np.zeros(2, np.float32)},
        {"c/0": some["a/0"], "b/0": some["b/0"]},
        {"a/1": some["a/0"], "b/0": some["b/0"]},
    ]
    digests = {weights.weights_digest(item) for item in (some, *others)}
    assert len(digests) == 5
    assert weights.weights_digest(dict(reversed(some.items()))) == weights.weights_digest(some)


def test_weights_are_read_by_layer_from_a_file_as_from_the_package(tmp_path: Path) -> None:
    packaged = weights.read_backbone_weights(MOBILENET, "packaged")
    backbone = keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), include_top=False, weights=None
    )
    weights.load_backbone_weights(MOBILENET, backbone, "packaged")
    path = tmp_path / "same.weights.h5"
    backbone.save_weights(path)
    again = weights.read_backbone_weights(MOBILENET, str(path))
    assert again.keys() == packaged.keys()
    assert all(np.array_equal(again[name], packaged[name]) for name in packaged)
    assert weights.weights_digest(again) == weights.weights_digest(packaged)
    assert {value.dtype for value in packaged.values()} == {np.dtype(np.float32)}


def test_the_layers_of_a_nested_model_are_named_like_the_others() -> None:
    model = build_pretrained("mobilenet", image_size=32, class_count=2, dense_units=5)
    found = weights.weights_of(model)
    assert found["head_dense/0"].shape == (1280, 5)
    assert found["head_dense/1"].shape == (5,)
    norm = model.get_layer(BACKBONE).get_layer("Conv_1_bn")
    for index, variable in enumerate((norm.gamma, norm.beta, norm.moving_mean)):
        assert np.array_equal(found[f"Conv_1_bn/{index}"], variable.numpy())
