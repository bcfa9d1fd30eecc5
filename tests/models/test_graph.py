"""The ONNX graphs say what the Keras models say, at every cut and picture size."""

import keras
import numpy as np
import pytest

from tl_catdog.models import layout
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.engine import KerasForward, OnnxForward
from tl_catdog.models.graph import extraction_graph, inference_graph
from tl_catdog.models.mobilenet import BACKBONE, build_mobilenet, part_above, part_below
from tl_catdog.models.weights import (
    packaged_weights,
    read_backbone_weights,
    weights_digest,
    weights_of,
)

CUTS = (*layout.BLOCKS, layout.LAST_CONVOLUTION, layout.POOLING)


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


@pytest.mark.parametrize("size", [32, 65, 96, 224])
def test_every_cut_has_keras_numbers_and_the_stated_shape(size: int) -> None:
    model = build_mobilenet(image_size=size, class_count=2)
    pictures = noise(size)
    expected = KerasForward(part_below(model, CUTS))(pictures)
    found = OnnxForward(extraction_graph(read_backbone_weights("packaged"), size, CUTS))(pictures)
    for feature_layer, ours, theirs in zip(CUTS, found, expected, strict=True):
        assert ours.shape[1:] == layout.shape_at(feature_layer, size), feature_layer
        np.testing.assert_allclose(
            ours, theirs, atol=2e-4 * np.abs(theirs).max(), err_msg=feature_layer
        )


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(("arch", "size"), [("baseline", 50), ("mobilenet", 96)])
def test_whole_networks_agree(arch: str, size: int, classes: int) -> None:
    build = build_baseline if arch == "baseline" else build_mobilenet
    model = shaken(build(image_size=size, class_count=classes, dense_units=20))
    pictures = noise(size)
    forward = OnnxForward(inference_graph(arch, weights_of(model), size))
    assert forward(pictures)[0].shape == (3, 1 if classes == 2 else classes)
    np.testing.assert_allclose(forward(pictures)[0], KerasForward(model)(pictures)[0], atol=1e-5)


def test_a_picture_has_the_same_numbers_alone_and_in_company() -> None:
    forward = OnnxForward(extraction_graph(packaged_weights(), 64, ["block_13", "pooling"]))
    pictures = noise(64, 5)
    together = forward(pictures)
    for index in range(5):
        alone = forward(pictures[index : index + 1])
        assert all(np.array_equal(a[0], b[index]) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("cut", ["block_1", "block_13", "Conv_1", "pooling"])
def test_the_parts_below_and_above_make_the_whole(feature_layer: str) -> None:
    model = build_mobilenet(image_size=64, class_count=3)
    pictures = noise(64)
    below, above = part_below(model, [feature_layer]), part_above(model, feature_layer)
    np.testing.assert_allclose(above(KerasForward(below)(pictures)[0]), model(pictures), atol=1e-5)
    # They share layers: what is trained above is trained in the whole.
    assert {id(v) for v in above.variables} <= {id(v) for v in model.variables}


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("block_13", "block_13"),
        ("block_14_depthwise", "block_14"),
        ("Conv_1", "Conv_1"),
        ("Conv_1_bn", "Conv_1"),
        ("out_relu", "Conv_1"),
        ("Conv1", None),
        ("bn_Conv1", None),
        ("expanded_conv_project", None),
    ],
)
def test_the_cut_lies_below_the_whole_block(name: str, feature_layer: str | None) -> None:
    assert layout.feature_layer_below(name) == feature_layer


@pytest.mark.parametrize("name", ["block_0", "block_17", "block_1x", "top", ""])
def test_a_block_that_isnt_there_is_refused(name: str) -> None:
    with pytest.raises(layout.UsageError, match=r"block_1,.*block_16"):
        layout.feature_layer_below(name)


def test_every_layer_of_the_backbone_has_its_cut() -> None:
    backbone = build_mobilenet(image_size=32, class_count=2).get_layer(BACKBONE)
    for layer in backbone.layers[1:]:
        layout.feature_layer_below(layer.name)


def test_the_digest_of_weights_knows_names_shapes_and_values() -> None:
    numbers = {"a/0": np.zeros((2, 3), np.float32), "b/0": np.ones(2, np.float32)}
    others = [
        {**numbers, "a/0": np.zeros((3, 2), np.float32)},
        {**numbers, "b/0": np.zeros(2, np.float32)},
        {"c/0": numbers["a/0"], "b/0": numbers["b/0"]},
    ]
    digests = {weights_digest(item) for item in (numbers, *others)}
    assert len(digests) == 4
    assert weights_digest(dict(reversed(numbers.items()))) == weights_digest(numbers)
