"""Measure how many pictures a second each augmentation recipe varies, on one thread of batches.

usage: python tools/measure_augmentation.py [--batches 40]

Prints pictures per second for each recipe at the image sizes of the two architectures.
"""

import argparse
import time

import numpy as np

from tl_catdog import runtime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=40)
    batches = parser.parse_args().batches
    runtime.make_deterministic(0)
    import tensorflow as tf

    from tl_catdog.data.augment import RECIPES, Augmenter, decode_size

    for size in (64, 224):
        for recipe in RECIPES:
            large = decode_size(recipe, size)
            pictures = np.random.default_rng(0).integers(0, 255, (32, large, large, 3))
            one = tf.data.Dataset.from_tensors(tf.constant(pictures, tf.float32))
            stream = one.repeat(batches + 5).map(Augmenter(recipe, size, 0), num_parallel_calls=1)
            iterator = iter(stream)
            for _ in range(5):
                next(iterator)
            began = time.perf_counter()
            for _ in range(batches):
                next(iterator)
            rate = 32 * batches / (time.perf_counter() - began)
            print(f"{size} px  {recipe:<12} {rate:8.0f} pictures/s", flush=True)


if __name__ == "__main__":
    main()
