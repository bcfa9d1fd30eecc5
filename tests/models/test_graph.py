"""The ONNX graphs give what the Keras models give, at every feature layer and picture size."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import onnx
import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.architectures import PRETRAINED
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.engine import KerasForward, OnnxForward
from tl_catdog.models.graph import extraction_graph, inference_graph
from tl_catdog.models.head import with_features
from tl_catdog.models.pretrained import build_pretrained, part_below
from tl_catdog.models.weights import packaged_weights, read_backbone_weights, weights_of

FEATURE_LAYERS = MOBILENET.feature_layers


def noise(size: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (count, size, size, 3)).astype(np.float32)


def shaken(model: keras.Model) -> keras.Model:
    """Give every weight, BatchNorm's too, a value that a training could have left."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            shaken(layer)
        elif layer.weights:
            layer.set_weights(
                [
                    (
                        w * random.uniform(0.9, 1.1, w.shape) + random.uniform(0, 0.05, w.shape)
                    ).astype(np.float32)
                    for w in layer.get_weights()
                ]
            )
    return model


@pytest.mark.parametrize("size", [96, 224])  # smaller ones: backbones/test_registry.py
def test_every_feature_layer_has_keras_values_and_the_stated_shape(size: int) -> None:
    model = build_pretrained("mobilenet", image_size=size, class_count=2)
    images = noise(size)
    expected = KerasForward(part_below(model, FEATURE_LAYERS))(images)
    graph = extraction_graph(
        MOBILENET, read_backbone_weights(MOBILENET, "packaged"), size, FEATURE_LAYERS
    )
    found = OnnxForward(graph)(images)
    for feature_layer, ours, theirs in zip(FEATURE_LAYERS, found, expected, strict=True):
        assert ours.shape[1:] == MOBILENET.shape_at(feature_layer, size), feature_layer
        np.testing.assert_allclose(
            ours, theirs, atol=2e-4 * np.abs(theirs).max(), err_msg=feature_layer
        )


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(
    ("arch", "build", "size"),
    [
        ("baseline", build_baseline, 50),
        *((arch, partial(build_pretrained, arch), 96) for arch in PRETRAINED),
    ],
)
def test_whole_networks_agree_on_outputs_and_features(
    arch: str, build: Callable[..., keras.Model], size: int, classes: int
) -> None:
    model = shaken(build(image_size=size, class_count=classes, dense_units=20))
    images = noise(size)
    graph = inference_graph(arch, weights_of(model), size)
    outputs, features = OnnxForward(graph)(images)
    expected = KerasForward(with_features(model))(images)
    assert outputs.shape == (3, 1 if classes == 2 else classes)
    # What features may differ by, times weights of a head that nobody trained.
    np.testing.assert_allclose(outputs, expected[0], atol=1e-4)
    np.testing.assert_allclose(features, expected[1], atol=2e-5 * np.abs(expected[1]).max())
    assert declared(graph) == {
        "pictures": ("B", size, size, 3),
        "output": ("B", *outputs.shape[1:]),
        "features": ("B", *features.shape[1:]),
    }


def declared(content: bytes) -> dict[str, tuple[str | int, ...]]:
    """Return the shapes that a graph says its inputs and outputs have."""
    graph = onnx.load_from_string(content).graph
    return {
        value.name: tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.output)
    }


def test_a_picture_has_the_same_features_alone_and_in_company() -> None:
    forward = OnnxForward(
        extraction_graph(MOBILENET, packaged_weights(MOBILENET), 64, ["block_13", "pooling"])
    )
    images = noise(64, 5)
    together = forward(images)
    for index in range(5):
        alone = forward(images[index : index + 1])
        assert all(np.array_equal(a[0], b[index]) for a, b in zip(alone, together, strict=True))


def test_feature_layers_come_in_the_order_asked_for_with_their_declared_shapes() -> None:
    wanted = ["pooling", "block_14", "block_2"]
    graph = extraction_graph(MOBILENET, packaged_weights(MOBILENET), 64, wanted)
    assert declared(graph) == {
        "pictures": ("B", 64, 64, 3),
        "pooling": ("B", 1280),
        "block_14": ("B", 2, 2, 160),
        "block_2": ("B", 16, 16, 24),
    }
    assert [output.shape for output in OnnxForward(graph)(noise(64, 1))] == [
        (1, 1280),
        (1, 2, 2, 160),
        (1, 16, 16, 24),
    ]
