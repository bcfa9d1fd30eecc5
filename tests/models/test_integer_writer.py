"""A backbone in whole numbers: held to another implementation, and to single precision."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests.support.backbones import MOBILENET
from tests.support.small_backbone import SMALL, small_weights
from tl_catdog.architectures import PRETRAINED
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import Convolution
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.graph import extraction_graph, inference_graph
from tl_catdog.models.integer_writer import SINGLE
from tl_catdog.models.quantisation import Moments, Steps, folded, steps_of, whole
from tl_catdog.models.weights import packaged_weights

SIZE = 24


def pictures(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Smooth pictures, as photographs are, with values 0..255."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (count, 6, 6, 3))
    fine = coarse.repeat(-(-size // 6), axis=1).repeat(-(-size // 6), axis=2)[:, :size, :size]
    return (fine + random.normal(size=fine.shape) * 8).clip(0, 255).round().astype(np.float32)


def convolved(x: np.ndarray, kernel: np.ndarray, item: Convolution) -> np.ndarray:
    """Add up products in double precision, exactly for whole numbers; x is (C, H, W)."""
    before, after = item.pads(x.shape[1])
    padded = np.pad(x, ((0, 0), (before, after), (before, after)))
    side = -(-x.shape[1] // item.stride)
    sums = np.zeros((len(kernel), side, side))
    for row in range(item.kernel):
        for column in range(item.kernel):
            rows = slice(row, row + side * item.stride, item.stride)
            part = padded[:, rows, column : column + side * item.stride : item.stride]
            tap = kernel[:, :, row, column]
            sums += tap[:, :1, None] * part if item.depthwise else np.tensordot(tap, part, 1)
    return sums


class ByHand:
    """The small backbone, computed with NumPy in whole numbers where the graph does."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights

    def pooled(self, picture: np.ndarray) -> np.ndarray:
        x = picture.transpose(2, 0, 1).astype(np.float64) * SMALL.scale + SMALL.offset
        moments = Moments(np.zeros(3), np.zeros(3))
        for block in SMALL.blocks[:SINGLE]:
            entry = x
            for item in block.convolutions:
                found = folded(self.weights, item)
                x = convolved(x, found.kernel, item) + found.bias[:, None, None]
                x = x.clip(0, 6) if item.relu6 else x
                moments = found.moments
            x = x + entry if block.shortcut else x
        steps = steps_of(*moments.reach)
        numbers = self.rounded(x, steps)
        for block in SMALL.blocks[SINGLE:]:
            entry, entry_steps, below = numbers, steps, moments
            for item in block.convolutions:
                found = folded(self.weights, item)
                own = whole(found, steps, moments.mean)
                sums = convolved(numbers - float(steps.zero), own.kernel.astype(np.float64), item)
                values = (sums + own.bias[:, None, None]) * own.bias_steps[:, None, None]
                steps = steps_of(0, 6) if item.relu6 else steps_of(*found.moments.reach)
                numbers = self.rounded(values, steps)
                moments = found.moments.relu6() if item.relu6 else found.moments
            if block.shortcut:
                moments = below + moments
                values = (numbers - float(steps.zero)) * steps.step
                values = values + (entry - float(entry_steps.zero)) * entry_steps.step
                steps = steps_of(*moments.reach)
                numbers = self.rounded(values, steps)
        return np.asarray(((numbers - float(steps.zero)) * steps.step).mean(axis=(1, 2)))

    @staticmethod
    def rounded(values: np.ndarray, steps: Steps) -> np.ndarray:
        numbers = np.rint(values / steps.step) + float(steps.zero)
        return np.asarray(np.clip(numbers, 0, 255))


def graph(weights: dict[str, np.ndarray], precision: str = "int8") -> bytes:
    return extraction_graph(SMALL, weights, SIZE, ("pooling",), precision)


@pytest.mark.parametrize("seed", range(3))
def test_its_answers_are_those_of_whole_numbers_by_hand(seed: int) -> None:
    weights = small_weights(seed)
    images = pictures(4, SIZE, seed)
    by_hand = np.stack([ByHand(weights).pooled(picture) for picture in images])
    (found,) = OnnxForward(graph(weights))(images)
    step = 6 / 255
    # A tie that single precision rounds the other way moves one of 36 values by a step.
    np.testing.assert_allclose(found, by_hand, atol=step / 4)
    assert np.abs(found - by_hand).mean() < step / 40


def test_a_graph_without_integer_kernels_says_the_same() -> None:
    weights = small_weights()
    images = pictures(2, SIZE)
    model = onnx.load_from_string(graph(weights))
    model.opset_import[0].version = 19  # the first that it knows; our nodes mean the same there
    (reference,) = ReferenceEvaluator(model).run(None, {"pictures": images})
    found = OnnxForward(graph(weights))(images)[0]
    np.testing.assert_allclose(found, np.asarray(reference), atol=6 / 255 / 4)


def test_it_is_near_single_precision_and_not_the_same() -> None:
    weights = small_weights()
    images = pictures(8, SIZE)
    (whole_numbers,) = OnnxForward(graph(weights))(images)
    (single,) = OnnxForward(graph(weights, "float32"))(images)
    difference = np.abs(whole_numbers - single).max()
    assert 0 < difference < 0.1 * single.std()


@pytest.mark.parametrize("arch", PRETRAINED)
def test_every_packaged_backbone_keeps_its_features(arch: str) -> None:
    spec, size = backbone_of(arch), 96
    images = pictures(4, size)
    weights = packaged_weights(spec)
    features = [
        OnnxForward(extraction_graph(spec, weights, size, ("pooling",), precision))(images)[0]
        for precision in ("float32", "int8")
    ]
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in features)
    assert ((one * other).sum(axis=1) > 0.97).all()


def test_what_stays_in_single_precision_is_bit_for_bit_what_it_is_there() -> None:
    """Stem and first block: the same weights, so that the difference begins above them."""
    contents = {
        precision: onnx.load_from_string(
            extraction_graph(MOBILENET, packaged_weights(MOBILENET), 32, ("pooling",), precision)
        ).graph
        for precision in ("float32", "int8")
    }
    weights = {
        precision: {item.name: item.raw_data for item in content.initializer}
        for precision, content in contents.items()
    }
    for block in MOBILENET.blocks[:SINGLE]:
        for item in block.convolutions:
            name = f"{item.layer}/kernel"
            assert weights["int8"][name] == weights["float32"][name]
    kinds = [node.op_type for node in contents["int8"].node]
    convolutions = sum(len(block.convolutions) for block in MOBILENET.blocks)
    assert kinds.count("Conv") == convolutions
    single = sum(len(block.convolutions) for block in MOBILENET.blocks[:SINGLE])
    shortcuts = sum(block.shortcut for block in MOBILENET.blocks)
    assert kinds.count("QuantizeLinear") == 1 + convolutions - single + shortcuts


def test_a_whole_network_has_the_same_head_on_it() -> None:
    weights = dict(packaged_weights(MOBILENET))
    random = np.random.default_rng(0)
    for layer, shape in (("head_dense", (1280, 16)), ("head_output", (16, 1))):
        weights[f"{layer}/0"] = random.normal(size=shape).astype(np.float32) * 0.05
        weights[f"{layer}/1"] = np.zeros(shape[1], np.float32)
    images = pictures(2, 64)
    output, features = OnnxForward(inference_graph("mobilenet", weights, 64, precision="int8"))(
        images
    )
    (pooled,) = OnnxForward(extraction_graph(MOBILENET, weights, 64, ("pooling",), "int8"))(images)
    assert np.array_equal(features, pooled)
    hidden = np.maximum(features @ weights["head_dense/0"], 0)
    logits = hidden @ weights["head_output/0"]
    np.testing.assert_allclose(output, 1 / (1 + np.exp(-logits)), atol=1e-5)
