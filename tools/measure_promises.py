"""Measure how often what `predict --reject` promises is kept, in worlds where the truth is known.

usage: python tools/measure_promises.py [--draws 300] [--precision 0.9]

Each world has pictures without end and a classifier of two kinds. In each draw validation pictures
come out of it, the policy is chosen on them, and the precision of all answers that it would give is
looked up. Prints for each world, over accuracies and numbers of pictures, the least and the mean
part of the draws in which the promise is kept, how often there is one, its mean, and the coverage.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import choose_policy

ACCURACIES = (0.6, 0.75, 0.85, 0.93, 0.97, 0.99)
NUMBERS = (8, 30, 100, 400, 1500)
POPULATION = 60_000

World = Callable[[np.random.Generator, int, float], tuple[np.ndarray, np.ndarray]]
"""Gives how sure the classifier is of n pictures, and how probably it is right, by its accuracy."""


def _graded(rng: np.random.Generator, n: int, accuracy: float) -> np.ndarray:
    sure = 2 * accuracy - 1
    return rng.random(n) ** ((1 - sure) / sure)  # its mean is ``sure``


def calibrated(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, np.ndarray]:
    said = 0.5 + _graded(rng, n, accuracy) / 2
    return said, said


def overconfident(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, ...]:
    graded = _graded(rng, n, accuracy)
    return 0.5 + graded**0.3 / 2, 0.5 + graded / 2


def mislabelled(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, ...]:
    said = 0.5 + _graded(rng, n, accuracy) / 2
    return said, 0.99 * said + 0.005


def uninformative(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, ...]:
    return 0.5 + rng.random(n) / 2, np.full(n, accuracy)


def cliff(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, ...]:
    rank = rng.random(n)
    return 0.5 + rank / 2, np.where(rank < 2 * (1 - accuracy), 0.5, 0.999)


def reversed_(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, ...]:
    rank = rng.random(n)
    return 0.5 + rank / 2, accuracy + 0.9 * (1 - accuracy) * (1 - 2 * rank)


def unequal(rng: np.random.Generator, n: int, accuracy: float) -> tuple[np.ndarray, ...]:
    rank, rare = rng.random(n), rng.random(n) < 0.05
    return 0.5 + rank**0.2 / 2, np.where(rare, 0.5, 1 - 1.8 * (1 - accuracy) * (1 - rank))


WORLDS: dict[str, World] = {
    "calibrated": calibrated,
    "overconfident": overconfident,
    "1 % wrong labels": mislabelled,
    "knows nothing of its mistakes": uninformative,
    "sure, or a coin": cliff,
    "surest where it is wrong": reversed_,
    "one picture in 20 is rare": unequal,
}


class Everything:
    """All pictures of a world, the surest first; a tenth is less familiar and more often wrong."""

    def __init__(self, world: World, accuracy: float) -> None:
        self.draw = lambda rng, n: self._drawn(world, accuracy, rng, n)
        said, chance, novelty = self.draw(np.random.default_rng(0), POPULATION)
        order = np.argsort(-said)
        self.said, self.chance, self.novelty = said[order], chance[order], novelty[order]

    @staticmethod
    def _drawn(
        world: World, accuracy: float, rng: np.random.Generator, n: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        said, chance = world(rng, n, accuracy)
        novelty = rng.random(n)
        return said, np.where(novelty > 0.9, 0.8, 1.0) * chance, novelty

    def precision(self, confidence: float, novelty: float) -> float:
        """Return the part of the answers given that is right; 1 of none."""
        last = np.searchsorted(-self.said, -confidence, side="right")
        chances = self.chance[:last][self.novelty[:last] <= novelty]
        return float(chances.mean()) if len(chances) else 1.0


def measure(
    everything: Everything, n: int, precision: float | None, draws: int
) -> tuple[float, float, float, float]:
    """Return parts of the draws: kept, promised; and the mean promise and coverage of these."""
    rng = np.random.default_rng(n)
    names = tuple(map(str, range(n)))
    kept, promises, coverage = 0, [], []
    for _ in range(draws):
        said, chance, novelty = everything.draw(rng, n)
        labels = (rng.random(n) < chance).astype(np.int64)
        rows = np.column_stack([1 - said, said])
        found = Predictions(("wrong", "right"), names, names, labels, rows, novelty)
        try:
            policy = choose_policy(found, precision)
        except CatdogError:
            policy = None
        if policy is None or policy.precision is None or policy.novelty is None:
            kept += 1  # nothing is promised
            continue
        true = everything.precision(policy.confidence, policy.novelty)
        kept += true >= policy.precision
        promises.append(policy.precision)
        coverage.append(policy.validation.given / n)
    means = [float(np.mean(some)) if some else 0.0 for some in (promises, coverage)]
    return kept / draws, len(promises) / draws, means[0], means[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--precision", type=float)
    options = parser.parse_args()
    print(f"{'world':<32}{'least kept (accuracy, n)':<28}mean kept  promised  promise  coverage")
    for name, world in WORLDS.items():
        rows = {}
        for accuracy in ACCURACIES:
            everything = Everything(world, accuracy)
            for n in NUMBERS:
                rows[accuracy, n] = measure(everything, n, options.precision, options.draws)
        least = min(rows, key=lambda key: rows[key][0])
        means = np.mean(list(rows.values()), axis=0)
        said = f"{rows[least][0]:.3f} ({least[0]:g}, {least[1]})"
        print(
            f"{name:<32}{said:<28}{means[0]:<11.3f}{means[1]:<10.2f}{means[2]:<9.3f}{means[3]:.2f}"
        )


if __name__ == "__main__":
    main()
