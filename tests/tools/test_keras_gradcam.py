"""Grad-CAM against a computation of its own, on networks whose answer is known by construction."""

import keras
import numpy as np
import pytest
from keras import layers

from tl_catdog.explain.gradcam import FINER
from tl_catdog.explain.location import Location, peak_of
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.pretrained import build_pretrained
from tools.keras_gradcam import AT_ONCE, KerasGradCam

SIZE = 6


def tiny(units: int, seed: int = 0) -> keras.Model:
    """A convolution, ReLU, max-pooling and the head, with random weights throughout."""
    keras.utils.set_random_seed(seed)
    x = pictures = layers.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 255)(x)
    x = layers.Conv2D(4, 3, padding="same", bias_initializer="random_normal")(x)
    x = layers.ReLU(name="maps")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(8, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(pictures, layers.Dense(units, activation="sigmoid")(x))


def noise(count: int, size: int = SIZE, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3)).astype(np.float32)


def logits_by_hand(model: keras.Model, maps: np.ndarray) -> np.ndarray:
    """From maps, (h, w, C), to logits, without any framework and in double precision."""
    (dense, dense_bias), (out, out_bias) = (
        [w.astype(np.float64) for w in layer.get_weights()]
        for layer in model.layers
        if isinstance(layer, layers.Dense)
    )
    half = SIZE // 2
    pooled = maps.reshape(half, 2, half, 2, -1).max(axis=(1, 3))
    hidden = np.maximum(pooled.ravel() @ dense + dense_bias, 0)
    return np.asarray(hidden @ out + out_bias)


def cam_by_hand(model: keras.Model, picture: np.ndarray, chosen: int) -> np.ndarray:
    part = keras.Model(model.input, model.get_layer("maps").output)
    maps = np.asarray(part(picture[None]))[0].astype(np.float64)
    two = model.output_shape[1] == 1

    def score(at: np.ndarray) -> float:
        logits = logits_by_hand(model, at)
        return float(logits[0] * (1 if chosen else -1) if two else logits[chosen])

    step = 1e-5
    gradients = np.zeros_like(maps)
    for place in np.ndindex(maps.shape):
        up, down = maps.copy(), maps.copy()
        up[place] += step
        down[place] -= step
        gradients[place] = (score(up) - score(down)) / (2 * step)
    found = np.maximum((gradients * maps).sum(axis=-1), 0)
    return np.asarray(found / found.max() if found.max() > 0 else found)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("units", "classes"), [(1, 2), (3, 3)])
def test_it_is_what_numeric_gradients_give(units: int, classes: int, seed: int) -> None:
    model = tiny(units, seed)
    (picture,) = noise(1, seed=seed)
    cam = KerasGradCam(model)
    for chosen in range(classes):
        (found,) = cam(picture[None], np.array([chosen]))
        # One of the finer values is right in the middle of each cell.
        cells = found[FINER // 2 :: FINER, FINER // 2 :: FINER]
        np.testing.assert_allclose(cells, cam_by_hand(model, picture, chosen), atol=1e-3)


@pytest.mark.parametrize("units", [1, 3])
def test_without_a_class_it_explains_the_answer(units: int) -> None:
    model = tiny(units)
    pictures = noise(9)
    outputs = model.predict(pictures, verbose=0)
    answers = outputs.argmax(axis=1) if units > 1 else (outputs[:, 0] > 0.5).astype(int)
    cam = KerasGradCam(model)
    np.testing.assert_array_equal(cam(pictures), cam(pictures, answers))


def test_many_at_once_give_what_each_gives_alone() -> None:
    pictures = noise(2 * AT_ONCE + 3)
    classes = np.arange(len(pictures)) % 2
    cam = KerasGradCam(tiny(1))
    together = cam(pictures, classes)
    alone = [cam(pictures[i : i + 1], classes[i : i + 1])[0] for i in range(len(pictures))]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)


def test_other_pictures_cost_no_new_compilation() -> None:
    cam = KerasGradCam(tiny(1))
    for count in (1, 2, AT_ONCE + 1):
        cam(noise(count))
        cam(noise(count).astype(np.uint8), np.zeros(count, np.int64))
    assert cam._run.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (7, 0), (7, 7), (2, 5)])
def test_a_network_that_heeds_one_spot_only_has_its_peak_there(row: int, column: int) -> None:
    x = pictures = layers.Input((8, 8, 3))
    x = layers.Conv2D(3, 1, kernel_initializer="ones")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(1, kernel_initializer="zeros")(x)
    model = keras.Model(pictures, layers.Dense(1, "sigmoid", kernel_initializer="ones")(x))
    weights = np.zeros((8, 8, 3))
    weights[row, column] = 1
    kernel, bias = model.layers[-2].get_weights()
    model.layers[-2].set_weights([weights.reshape(kernel.shape), bias])
    (heatmap,) = KerasGradCam(model)(noise(1, 8) + 1, np.array([1]))
    assert peak_of(heatmap) == Location((column + 0.5) / 8, (row + 0.5) / 8)
    assert (heatmap[FINER // 2 :: FINER, FINER // 2 :: FINER] > 0).sum() == 1
    # What speaks for one class doesn't speak for the other.
    (other,) = KerasGradCam(model)(noise(1, 8) + 1, np.array([0]))
    assert peak_of(other) is None


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    ("build", "size", "side"),
    [
        (build_baseline, 32, 8),
        (build_baseline, 65, 16),
        (lambda **given: build_pretrained("mobilenet", backbone_weights=None, **given), 32, 1),
        (lambda **given: build_pretrained("mobilenet", backbone_weights=None, **given), 97, 4),
    ],
)
def test_both_architectures_at_any_size(build: object, size: int, side: int, classes: int) -> None:
    model = build(image_size=size, class_count=classes)  # type: ignore[operator]
    found = KerasGradCam(model)(noise(3, size))
    assert found.shape == (3, FINER * side, FINER * side)
    assert found.min() >= 0
    assert set(found.max(axis=(1, 2)).round(6).tolist()) <= {0.0, 1.0}


def padded(sides: tuple[int, int]) -> keras.Model:
    """Two halvings by convolution, each padded as given, and a mean over the whole."""
    x = pictures = layers.Input((32, 32, 3))
    for _ in range(2):
        x = layers.ZeroPadding2D((sides, sides))(x)
        x = layers.Conv2D(3, 3, strides=2, kernel_initializer="ones")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(2, kernel_initializer="ones")(x)
    return keras.Model(pictures, layers.Dense(1, "sigmoid", kernel_initializer="ones")(x))


def test_padding_at_one_side_moves_the_heat_to_the_other() -> None:
    bump = np.exp(-(((np.arange(32) - 15.5) / 4) ** 2))
    picture = np.broadcast_to(255 * np.outer(bump, bump)[None, ..., None], (1, 32, 32, 3))
    place = (np.arange(8 * FINER) + 0.5) / (8 * FINER)
    found = {}
    for sides in ((0, 1), (1, 1), (1, 0)):
        (heatmap,) = KerasGradCam(padded(sides))(picture, np.array([1]))
        found[sides] = float((heatmap.sum(axis=0) @ place) / heatmap.sum())
        assert heatmap.sum(axis=0) == pytest.approx(heatmap.sum(axis=1))
    # By geometry it is (1 + 2) / 2 pixels; half of that is undone, see LEAN.
    assert found[0, 1] == pytest.approx(0.5 - 0.75 / 32, abs=0.01)
    assert found[1, 0] == pytest.approx(0.5 + 0.75 / 32, abs=0.01)
