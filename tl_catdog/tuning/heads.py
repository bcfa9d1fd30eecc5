"""A head as a training would make it, in a second: a linear model, and trained units beside it.

``training/head_stages.py`` makes the same of Keras' parts. Here the units are ``units.py``'s, and
the head's logits are always the mean of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from tl_catdog.config import ResolvedConfig
from tl_catdog.features.linear_head import MEAN, MOST, SPREAD, STEPS, usual_temperature
from tl_catdog.prediction.calibration import Calibration, at_temperature, fit_temperature
from tl_catdog.tuning.units import train_units

Floats = npt.NDArray[np.float32]
Chances = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

TINY = 1e-12


@dataclass(frozen=True)
class Answers:
    """What a head says of pictures.

    Attributes:
        chances: Calibrated probabilities, (N, C).
        temperatures: Of the linear model's logits and of the trained units', before they are put
            together; the latter is 0 without units.
    """

    chances: Chances
    temperatures: tuple[float, float]


def linear_chances(
    features: Floats, labels: Labels, asked: Floats, strength: float, *, balanced: bool, seed: int
) -> Chances:
    """Return what logistic regression says of pictures, (M, C), not calibrated.

    As ``training/linear_start.py`` fits it: features divided by their mean length, every picture
    counted once however many views there are of it, so many rows at most.

    Args:
        features: Of N pictures in V views, (N, V, F).
        labels: Their class indices, (N,), each of 0..C−1 at least once.
        asked: Of the pictures to answer, (M, F).
        strength: C, above 0.
        balanced: Whether every class counts the same.
        seed: Of which pictures are taken where there are very many.
    """
    count, views, width = features.shape
    most = max(int(labels.max()) + 1, MOST // views)
    if count > most:
        from sklearn.model_selection import StratifiedShuffleSplit

        cut = StratifiedShuffleSplit(1, train_size=most, random_state=seed)
        chosen = np.sort(next(cut.split(labels, labels))[0])
        features, labels = features[chosen], labels[chosen]
    rows = features.reshape(-1, width)
    scale = np.float32(np.linalg.norm(rows, axis=1).mean()) or np.float32(1)
    model = LogisticRegression(
        C=strength / views, class_weight="balanced" if balanced else None, max_iter=STEPS
    )
    model.fit(rows / scale, np.repeat(labels, views))
    logits = (asked / scale) @ model.coef_.T.astype(np.float32) + model.intercept_
    return to_chances(logits.astype(np.float64))


def to_chances(logits: npt.NDArray[np.float64]) -> Chances:
    """Return probabilities, (N, C), from logits of C classes, or of the second of two, (N, 1)."""
    if logits.shape[1] == 1:
        second = expit(logits)
        return np.hstack([1 - second, second])
    return np.asarray(softmax(logits, axis=1))


def unit_logits(
    features: Floats,
    labels: Labels,
    asked: Floats,
    classes: int,
    config: ResolvedConfig,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return the logits of trained hidden units for pictures, (M, C); arguments as above."""
    return train_units(features, labels, classes, config, seed=seed).logits(asked)


def calibrated(chances: Chances, labels: Labels, strength: float) -> Calibration:
    """Return the temperature that suits a linear model's answers, as a training fits it."""
    usual = usual_temperature(strength)
    return fit_temperature(chances, labels, usual=usual, spread=SPREAD)


def judged(
    alone: Chances, trained: npt.NDArray[np.float64] | None, labels: Labels, strength: float
) -> Answers:
    """Put a linear model's answers and trained units' logits together, calibrated on the pictures.

    Args:
        alone: The linear model's, (N, C).
        trained: The units', (N, C), or None.
        labels: The true class indices, (N,).
        strength: The linear model's C.
    """
    linear = calibrated(alone, labels, strength).temperature
    if trained is None:
        return Answers(at_temperature(alone, linear), (linear, 0.0))
    units = fit_temperature(np.asarray(softmax(trained, axis=1)), labels).temperature
    both = together(alone, trained, (linear, units))
    suited = fit_temperature(both, labels).temperature
    return Answers(at_temperature(both, suited), (linear, units))


def together(
    alone: Chances, trained: npt.NDArray[np.float64] | None, temperatures: tuple[float, float]
) -> Chances:
    """Return the answers of the mean of both, at the temperatures that are known for each."""
    linear, units = temperatures
    cooled = np.log(np.maximum(at_temperature(alone, linear), TINY))
    if trained is None:
        return np.asarray(softmax(cooled, axis=1))
    trained = trained - trained.max(axis=1, keepdims=True)
    return np.asarray(softmax(MEAN * cooled + (1 - MEAN) * trained / units, axis=1))


def losses_of(chances: Chances, labels: Labels) -> npt.NDArray[np.float64]:
    """Return each picture's log loss, (N,)."""
    return np.asarray(-np.log(np.maximum(chances[np.arange(len(labels)), labels], TINY)))
