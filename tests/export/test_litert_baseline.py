"""The three-block network in whole numbers says nearly what it says in single precision."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.export.test_graphs import noise
from tl_catdog.export.litert_baseline import BaselineWriter, seen_in
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.graph import OUTPUT, inference_graph
from tl_catdog.models.weights import Weights, weights_of
from tl_catdog.prediction.networks import load_keras
from tl_catdog.runs.folder import Run

SIZE = 32


@pytest.fixture(scope="module")
def weights(three: Run) -> Weights:
    return weights_of(load_keras(three))


def test_what_pictures_leave_is_what_the_network_computes(weights: Weights) -> None:
    graph = inference_graph("baseline", weights, SIZE)
    pictures = noise(4)
    seen = seen_in(graph, list(pictures))
    assert [item.mean.shape for item in seen] == [(32, 16, 16), (64, 8, 8), (128, 2, 2)]
    features = OnnxForward(graph)(pictures)[1]
    flat = seen[-1].mean.transpose(1, 2, 0).reshape(-1)
    np.testing.assert_allclose(flat, features.mean(axis=0), rtol=1e-4, atol=1e-4)
    assert seen[-1].greatest == pytest.approx(features.max(), rel=1e-5)


def test_rounding_moves_little_and_no_mean(weights: Weights) -> None:
    pictures = noise(16)
    single = inference_graph("baseline", weights, SIZE)
    writer = BaselineWriter(weights, SIZE, seen_in(single, list(pictures)))
    features = writer.baseline()
    output = writer.head(features, softmax=True)
    graph = writer.finish({OUTPUT: (output, (3,)), "features": (features, (512,))})
    said, before = OnnxForward(single)(pictures)
    found, after = OnnxForward(graph)(pictures)
    np.testing.assert_allclose(found, said, atol=0.02)
    noise_of = np.abs(after - before).mean()
    assert 0 < noise_of < 0.03 * before.mean()
    assert abs((after - before).mean()) < 0.5 * noise_of
    kinds = [node.op_type for node in onnx.load_from_string(graph).graph.node]
    assert kinds.count("QuantizeLinear") == 3


def test_the_hidden_layer_is_kept_in_eight_bits(weights: Weights, tmp_path: Path) -> None:
    single = inference_graph("baseline", weights, SIZE)
    writer = BaselineWriter(weights, SIZE, seen_in(single, list(noise(2))))
    output = writer.head(writer.baseline(), softmax=True)
    model = onnx.load_from_string(writer.finish({OUTPUT: (output, (3,))}))
    kept = {item.name: item.data_type for item in model.graph.initializer}
    assert kept["head_dense/0"] == onnx.TensorProto.INT8
    assert kept["head_output/0"] == onnx.TensorProto.FLOAT
