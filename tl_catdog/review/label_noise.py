"""How many labels are wrong, and how probably each one is.

A classifier that never saw a picture finds its label improbable for one of two reasons: the picture
is hard to tell, or its label is wrong. Here a label is wrong with a chance ε, the same for all, and
then any other class's; else it is as probable as the classifier says, at a temperature T that makes
up for doubts too many or too few. ε and T are those that make the labels as they are most probable;
each label's chance of being wrong follows by Bayes' rule. (Bootkrajang and Kabán 2012, "Label-noise
robust logistic regression and its applications", estimate such chances along with the weights.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax, xlogy

from tl_catdog.data.parallel import Progress
from tl_catdog.features.linear_probe import STRENGTHS, cross_validated

DIVISIONS = 3
"""Divisions into folds whose predictions are averaged, so that chance neighbours count for less."""

ROUNDS = 2
"""The second one isn't trained on likely errors, which draw others like them to their side."""

PRIOR = (2.0, 31.0)
"""Beta prior of ε, its mode at 3 %: it weighs as much as 31 pictures."""

STARTS = ((1.0, 0.02), (0.6, 0.05))  # T and ε to begin at
FLOOR = 1e-12  # of a probability


@dataclass(frozen=True)
class LabelNoise:
    """How probably labels are wrong.

    Attributes:
        rate: The part of all labels that is wrong, ε, 0..1.
        temperature: What the classifier's log probabilities were divided by, above 0.
        wrong: For each picture how probably its label is wrong, (N,), 0..1.
    """

    rate: float
    temperature: float
    wrong: npt.NDArray[np.float64]


def label_noise(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]
) -> LabelNoise:
    """Estimate how probably each label is wrong.

    Args:
        labels: Class indices, (N,).
        probabilities: Of the classes, (N, C), C being 2 or more, from classifiers that didn't see
            the picture.
    """
    logs = np.log(np.maximum(probabilities, FLOOR))
    rows, others = np.arange(len(labels)), probabilities.shape[1] - 1
    before, after = PRIOR[0] - 1, PRIOR[1] - 1

    def weights(
        temperature: float, rate: float
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return how probable each label is as a right one, and as a wrong one."""
        right = np.exp(log_softmax(logs / temperature, axis=1)[rows, labels])
        return (1 - rate) * right, rate * (1 - right) / others

    def loss(numbers: npt.NDArray[np.float64]) -> float:
        temperature, rate = float(np.exp(numbers[0])), float(expit(numbers[1]))
        right, wrong = weights(temperature, rate)
        prior = float(xlogy(before, rate) + xlogy(after, 1 - rate))
        return -float(np.log(np.maximum(right + wrong, FLOOR)).sum()) - prior

    found = min(
        (
            minimize(loss, (np.log(start), np.log(rate / (1 - rate))), method="Nelder-Mead")
            for start, rate in STARTS
        ),
        key=lambda some: float(some.fun),
    )
    temperature, rate = float(np.exp(found.x[0])), float(expit(found.x[1]))
    right, wrong = weights(temperature, rate)
    return LabelNoise(rate, temperature, wrong / np.maximum(right + wrong, FLOOR))


def doubts(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[npt.NDArray[np.float64], LabelNoise]:
    """Say how probably each label is wrong, by probes that never saw the picture.

    Args:
        features: Of N pictures, (N, F).
        labels: Their class indices, (N,).
        groups: What they are of: equal ones stay together.
        seed: Of the folds.
        progress: Called with (done, total), parts of the work.

    Returns:
        The probes' probabilities of the classes, (N, C), a mean of both rounds, and what follows
        for the labels.

    Raises:
        CatdogError: A class has too few pictures.
    """
    trusted = np.ones(len(labels), dtype=np.bool_)
    answers: list[npt.NDArray[np.float64]] = []
    for turn in range(ROUNDS):
        said, strengths = [], STRENGTHS
        for number in range(turn * DIVISIONS, (turn + 1) * DIVISIONS):
            part = cross_validated(
                features,
                labels,
                groups,
                trusted=trusted,
                strengths=strengths,
                seed=ROUNDS * DIVISIONS * seed + number,
                progress=_later(progress, number, ROUNDS * DIVISIONS),
            )
            strengths = (part.strength,)  # the others choose like the first
            said.append(part.probabilities)
        answers.append(np.mean(said, axis=0))
        logs = np.mean([np.log(np.maximum(some, FLOOR)) for some in answers], axis=0)
        probabilities = np.asarray(softmax(logs, axis=1))  # the geometric mean
        noise = label_noise(labels, probabilities)
        trusted = noise.wrong <= 0.5
        if trusted.all():
            break
    if progress is not None:
        progress(1, 1)
    return probabilities, noise


def _later(progress: Progress | None, number: int, rounds: int) -> Progress | None:
    """Return what is called in one of several rounds, of per cents of each."""
    if progress is None:
        return None
    return lambda done, total: progress(100 * number + 100 * done // total, 100 * rounds)
