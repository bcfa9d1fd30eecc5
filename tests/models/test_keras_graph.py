"""Graphs of networks of keras.applications: they say what Keras says, or aren't used."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.support.keras_networks import ARCH, CHANNELS, in_its_place
from tl_catdog.errors import CatdogWarning
from tl_catdog.models import keras_graph
from tl_catdog.models.engine import KerasForward, OnnxForward, forward_of
from tl_catdog.models.head import with_features
from tl_catdog.models.keras_graph import graph_of_model, pooled_graph, whole_graph
from tl_catdog.models.keras_nodes import KerasNodes
from tl_catdog.models.pretrained import build_pretrained
from tl_catdog.models.strangers_graph import check_graph

SIZE = 37


def built(classes: int = 3) -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_pretrained(ARCH, image_size=SIZE, class_count=classes, backbone_weights=None)


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_graph_gives_what_keras_gives(
    classes: int, pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_its_place(monkeypatch)
    model = built(classes)
    content = graph_of_model(ARCH, model)
    assert content is not None
    found, expected = OnnxForward(content)(pictures), KerasForward(with_features(model))(pictures)
    assert found[0].shape == (2, 1 if classes == 2 else 3)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())
    check_graph(content, SIZE, classes, ARCH)
    with pytest.raises(ValueError, match="operation"):
        check_graph(content, SIZE, classes, "mobilenet")


def test_the_frozen_part_gives_the_features(
    pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_its_place(monkeypatch)
    model = built()
    content = pooled_graph(model)
    assert content is not None
    (found,) = OnnxForward(content)(pictures)
    assert found.shape == (2, CHANNELS)
    expected = KerasForward(with_features(model))(pictures)[1]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_a_layer_that_nobody_knows_leaves_it_to_tensorflow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_its_place(monkeypatch, extra=layers.GaussianNoise(0.1))
    model = built()
    with pytest.warns(CatdogWarning, match="VGG16 is computed by TensorFlow.*GaussianNoise"):
        forward = forward_of(lambda: whole_graph(model), lambda: with_features(model))
    assert isinstance(forward, KerasForward)


def test_a_graph_that_says_anything_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    in_its_place(monkeypatch)
    right = KerasNodes._affine
    monkeypatch.setattr(
        KerasNodes, "_affine", lambda self, x, factor, shift: right(self, x, 1.01 * factor, shift)
    )
    with pytest.warns(CatdogWarning, match="values up to"):
        assert pooled_graph(built()) is None


def test_neither_is_one_that_gives_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    in_its_place(monkeypatch)
    model = built()
    monkeypatch.setattr(keras_graph, "samples", lambda size: np.full((1, size, size, 3), np.nan))
    with pytest.warns(CatdogWarning, match="nan"):
        assert whole_graph(model) is None


def test_networks_of_ours_have_the_graphs_that_they_had() -> None:
    from tl_catdog.models.graph import inference_graph
    from tl_catdog.models.weights import weights_of

    model = build_pretrained("mobilenet", image_size=32, class_count=2)
    assert graph_of_model("mobilenet", model) == inference_graph("mobilenet", weights_of(model), 32)
