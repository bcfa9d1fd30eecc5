"""Measure what mirror images and augmented views add to a frozen backbone, by size of the set.

usage: python tools/measure_views.py DATA [--seeds 6] [--views K]

DATA holds train, validation and test. Heads are trained on random parts of train and judged on all
pictures of validation and test together, at the last epoch, so that nothing is chosen on them.
"""

import argparse
from pathlib import Path

import numpy as np

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import Samples, evaluation_batches, training_batches
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.sets import load_training_set
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models.layout import POOLING
from tl_catdog.training.stages import stages_of


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--views", type=int, default=0)
    arguments = parser.parse_args()
    config = TrainConfig(arch="mobilenet").resolved()
    pictures = load_training_set(arguments.data)
    backbone = frozen_backbone(config, [POOLING], lambda: None)
    views = Views(mirror=True, augmented=arguments.views, recipe="light")
    full = extract(backbone, pictures.split(TRAIN), views).samples[POOLING]
    others = pictures.split(VALIDATION) + pictures.split(TEST)
    judged = extract(backbone, others, Views()).samples[POOLING]
    runtime.start()
    from tl_catdog.models.build import build
    from tl_catdog.models.pretrained import part_above
    from tl_catdog.training.compilation import compile_stage

    (stage,) = stages_of(config)
    for count in (40, 100, 300, 1000, len(full.examples)):
        for used in range(1, full.views + 1):
            losses, accuracies = [], []
            for seed in range(arguments.seeds):
                runtime.make_deterministic(seed)
                some = np.random.default_rng(seed).permutation(len(full.examples))[:count]
                examples = [full.examples[i] for i in some]
                rows = _first_views(full, some, used)
                samples = Samples(examples, [], rows, used)
                head = part_above(build(config, len(pictures.classes)), POOLING)
                steps = -(-count // config.batch_size)
                compile_stage(head, config, stage, steps)
                stream = training_batches(
                    samples, pictures.classes, batch_size=config.batch_size, seed=seed
                )
                head.fit(stream, steps_per_epoch=steps, epochs=stage.epochs, verbose=0)
                loss, accuracy = head.evaluate(
                    evaluation_batches(judged, pictures.classes, batch_size=256), verbose=0
                )
                losses.append(loss)
                accuracies.append(accuracy)
            print(
                f"{count:5} pictures, {used} views: loss {np.mean(losses):.4f} "
                f"± {np.std(losses, ddof=1):.4f}, accuracy {np.mean(accuracies):.4f}",
                flush=True,
            )


def _first_views(full: Samples, some: np.ndarray, used: int) -> object:
    from tl_catdog.data.array_store import ArrayStore

    rows = ArrayStore(len(some) * used, full.rows.shape[1:], full.rows.dtype, "memory")
    for place, index in enumerate(some):
        for view in range(used):
            rows.write(place * used + view, full.gather(np.array([index]), np.array([view]))[0])
    return rows


if __name__ == "__main__":
    main()
