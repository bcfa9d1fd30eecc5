"""An explanation that nobody computed."""

from pathlib import Path

import numpy as np
import pytest

from tl_catdog.explain.activations import Activations, Block, Step
from tl_catdog.explain.explanation import Explanation
from tl_catdog.explain.location import Location
from tl_catdog.explain.occlusion import Occlusion

RNG = np.random.default_rng(0)


def step(does: str, side: int, count: int = 8) -> Step:
    maps = RNG.normal(size=(count, side, side)).astype(np.float32)
    return Step(f"block1_{does}", does, (side, side, 32), tuple(range(count)), maps)


@pytest.fixture
def explanation() -> Explanation:
    after = RNG.uniform(0.5, 1, (5, 5))
    return Explanation(
        run="mine",
        path=Path("dog.jpg"),
        label="dog",
        probabilities={"cat": 0.002, "dog": 0.998},
        target="dog",
        pixels=np.full((16, 16, 3), 90, np.uint8),
        sharp=np.full((64, 64, 3), 90, np.uint8),
        activations=Activations(
            "block1_conv",
            RNG.uniform(0, 1, (32, 3, 3, 3)).astype(np.float32),
            (Block((step("convolution", 16), step("ReLU", 16), step("max-pooling", 8))),),
        ),
        heatmap=np.eye(4, dtype=np.float32),
        peak=Location(0.1, 0.2),
        occlusion=Occlusion(0.25, 0.998, after, 0.61),
    )
