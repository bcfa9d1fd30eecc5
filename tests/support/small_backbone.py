"""A backbone of four small blocks, with weights that a training could have left."""

from __future__ import annotations

import numpy as np

from tl_catdog.models.backbones.spec import BackboneSpec, Block, Convolution, inverted_residual
from tl_catdog.models.weights import Weights

BLOCKS = (
    Block("stem", (Convolution("stem", "stem_BN", 8, 3, 2),)),
    inverted_residual("block_0", 8, 8, expansion=1, kernel=3, stride=1),
    inverted_residual("block_1", 8, 12, expansion=2, kernel=5, stride=2),
    inverted_residual("block_2", 12, 12, expansion=2, kernel=3, stride=1),
    Block("top", (Convolution("top", "top_BN", 20),)),
)

SMALL = BackboneSpec(
    arch="mobilenet",
    title="Small",
    channels=20,
    build=lambda size: None,
    scale=1 / 127.5,
    offset=-1.0,
    blocks=BLOCKS,
    unnamed=2,
)


def small_weights(seed: int = 0) -> Weights:
    """Return weights by which each convolution's outputs have the mean and variance it says."""
    random = np.random.default_rng(seed)
    found: Weights = {}
    channels = 3
    for block in BLOCKS:
        for item in block.convolutions:
            taken = channels if not item.depthwise else 1
            shape = (item.kernel, item.kernel, taken, item.filters)
            if item.depthwise:
                shape = (item.kernel, item.kernel, item.filters, 1)
            kernel = random.normal(size=shape) / np.sqrt(item.kernel**2 * taken)
            values = (
                random.uniform(0.5, 1.5, item.filters),
                random.normal(size=item.filters),
                random.normal(size=item.filters) * 0.1,
                random.uniform(0.5, 2, item.filters),
            )
            found[f"{item.layer}/0"] = kernel.astype(np.float32)
            for index, value in enumerate(values):
                found[f"{item.norm}/{index}"] = value.astype(np.float32)
            channels = item.filters
    return found
