"""Hold a search's own figures to those of pictures that it hasn't seen (docs/adr/030).

usage: python tools/measure_tune.py SET... [--arch NAME]... [--trials N] [--seed N] [--head linear]
                                    [--shuffled] [--no-folds]

A line of JSON for each set: accuracy within the search of the default and of the best trial, what
the best gains with its error, both on the test pictures if there are any, and the accuracy of
whole searches made without each fold. With --shuffled the labels are drawn anew.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog import runtime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--arch", action="append", default=[])
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--head", default="auto")
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--no-folds", action="store_true")
    asked = parser.parse_args()
    runtime.prepare_libraries()
    for root in asked.sets:
        print(json.dumps({"set": root.name, "seed": asked.seed, **measured(root, asked)}))


def measured(root: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a set."""
    from tl_catdog.api import training_images
    from tl_catdog.api.tuning import backbones_of
    from tl_catdog.config import TrainConfig
    from tl_catdog.tuning.honest import decide, nested, optimism_of
    from tl_catdog.tuning.inputs import prepare
    from tl_catdog.tuning.study import Trial, search
    from tl_catdog.tuning.trials import Judge

    config = TrainConfig(seed=asked.seed, head=asked.head, compute="float32")
    found = prepare(config, training_images(config, root), backbones_of(config, asked.arch, ()))
    problem = found.problem
    if asked.shuffled:
        labels = np.random.default_rng(asked.seed).permutation(problem.labels)
        problem = replace(problem, labels=labels)
    judge = Judge(problem, found.space)

    def find(judge: Judge, name: str, _: int = 0) -> list[Trial]:
        return search(judge, asked.trials, name=name)

    decision = decide(judge, find(judge, "search"))
    figures: dict[str, Any] = {
        "default": decision.default.accuracy,
        "best": decision.found.accuracy,
        "gain": decision.gain.value,
        "error": decision.error,
        "kept": decision.point is not None,
    }
    if len(found.test):
        truth = problem.labels[found.test]
        point = decision.trial.point if decision.trial.number else None
        for name, some, known in (
            ("default", None, decision.default),
            ("best", point, decision.found),
        ):
            chances = judge.predict(some, found.training, found.test, known)
            figures[f"test_{name}"] = float((chances.argmax(axis=1) == truth).mean())
            figures[f"test_loss_{name}"] = float(
                -np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-12)).mean()
            )
    if not asked.no_folds:
        outer = nested(problem, found.space, find)
        accuracy, off = outer.accuracy(problem), optimism_of(problem, decision, outer)
        figures["nested"], figures["optimism"] = accuracy.to_json(), off.to_json()
    return figures


if __name__ == "__main__":
    main()
