"""The bare forward pass: how many pictures a second the engine takes when nothing else is done.

Random pictures wait in memory, in batches of the engine's own size; as many threads as there are
cores hand them over, and nothing is decoded, read or written. No prediction of files can be faster.

usage: forward_limit.py MODEL.onnx [--pictures N] [--size S]
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from tl_catdog.cores import usable_cores
from tl_catdog.data.parallel import map_threaded


def main() -> None:
    """Measure, and print the figures as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    from tl_catdog.models.engine import OnnxForward

    forward = OnnxForward(options.model.read_bytes())
    batch = int(forward.batch)
    # A few batches go round: thousands would need gigabytes, and the work doesn't depend on them.
    shape = (batch, options.size, options.size, 3)
    random = np.random.default_rng(0)
    pool = [
        random.uniform(0, 255, shape).astype(np.float32)
        for _ in range(max(4, 2 * usable_cores(), 32 // batch))
    ]
    calls = -(-options.pictures // batch)
    for _ in map_threaded(forward, pool):  # the first calls make room in memory
        pass
    began = time.perf_counter()
    done = sum(1 for _ in map_threaded(forward, islice(cycle(pool), calls)))
    seconds = time.perf_counter() - began
    figures = {
        "peer": "forward_limit",
        "n": done * batch,
        "batch": batch,
        "forward_seconds": round(seconds, 3),
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
