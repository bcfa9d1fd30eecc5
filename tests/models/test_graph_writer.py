"""Nodes by layer: a block computes what its convolutions, BatchNorm and ReLU6 say."""

import numpy as np
import onnx

from tests.support.small_backbone import SMALL, small_weights
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.graph_writer import OPSET, GraphWriter
from tl_catdog.models.layout import POOLING


def written(size: int) -> bytes:
    graph = GraphWriter(small_weights(), size)
    tensors = graph.backbone(SMALL)
    return graph.finish({name: (tensors[name], SMALL.shape_at(name, size)) for name in tensors})


def test_every_named_block_and_the_pooling_have_a_tensor_of_their_shape() -> None:
    for size in (24, 25):
        content = written(size)
        names = [item.name for item in onnx.load_from_string(content).graph.output]
        assert names == ["block_1", "block_2", "top", POOLING]
        outputs = OnnxForward(content)(np.zeros((1, size, size, 3), np.float32))
        for name, output in zip(names, outputs, strict=True):
            assert output.shape[1:] == SMALL.shape_at(name, size)


def test_a_shortcut_adds_what_goes_into_its_block() -> None:
    """Without its own convolutions' weights, a block with a shortcut gives what it takes."""
    weights = small_weights()
    weights["block_2_project/0"] *= 0
    for index, value in ((1, 0.0), (2, 0.0)):
        weights[f"block_2_project_BN/{index}"][:] = value
    graph = GraphWriter(weights, 24)
    tensors = graph.backbone(SMALL)
    content = graph.finish({name: (tensors[name], ()) for name in ("block_2", "top")})
    images = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype(np.float32)
    below, above = OnnxForward(content)(images)
    np.testing.assert_allclose(below, above, atol=1e-6)


def test_it_is_written_for_the_stated_version() -> None:
    model = onnx.load_from_string(written(24))
    assert [(item.domain, item.version) for item in model.opset_import] == [("", OPSET)]
