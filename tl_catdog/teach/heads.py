"""The linear head that teaching learns, fitted in hundredths of a second.

It is the one that ``train`` fits to few pictures: logistic regression on features of length 1, the
values of C those of ``features/linear_head``. Here its weights are sought in coordinates in which
all directions are about as steep. That changes the way to them, which is shorter on most sets
(ADR 045), and not where it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from tl_catdog.prediction.calibration import at_temperature

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float32]

DOUBT = 0.05
"""What p·(1−p) is taken to be on average, p being an answer's probability: steps depend on it, the
weights don't."""

GRADIENT = 3e-4  # where a fit ends: answers then are within 0.005 of those at its very end
COARSE = 1e-3  # where one ends that only judges others
STEPS = 300  # more than any data set here takes


class Store:
    """Features of pictures by their content, of length 1, about their mean, turned and grown.

    Turning them onto their principal axes changes no distance. What comes later is turned alike;
    when pictures have doubled, all of them are turned anew.
    """

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._rows: Rows = np.empty((0, 0), np.float32)
        self._based_on = 0
        self.turns = 0
        """How often all rows were turned: weights are of one time alone."""
        self.centre: Rows = np.empty(0, np.float32)
        self.axes: Rows = np.empty((0, 0), np.float32)
        self.spread: Floats = np.empty(0)
        """Variances along the axes, (F,): what makes a fit short."""

    def __contains__(self, digest: str) -> bool:
        """Return whether the features of a picture of this content are there."""
        return digest in self._place

    def __len__(self) -> int:
        """Return of how many pictures there are features."""
        return len(self._place)

    def add(self, digests: Sequence[str], features: npt.NDArray[np.float32]) -> None:
        """Take features as the backbone gives them, (N, F), of pictures by their SHA-256."""
        fresh = [i for i, digest in enumerate(digests) if digest not in self._place]
        if not fresh:
            return
        fresh = list({digests[i]: i for i in fresh}.values())
        lengths = np.linalg.norm(features[fresh], axis=1, keepdims=True)
        units = features[fresh] / np.maximum(lengths, 1e-12)
        count, width = len(self._place), units.shape[1]
        if not count:
            self.centre, self.axes = np.zeros(width, np.float32), np.eye(width, dtype=np.float32)
            self._rows = np.empty((0, width), np.float32)
        if count + len(fresh) > len(self._rows):
            grown = np.empty((max(256, 2 * len(self._rows), count + len(fresh)), width), np.float32)
            grown[:count] = self._rows[:count]
            self._rows = grown
        self._rows[count : count + len(fresh)] = (units - self.centre) @ self.axes
        for offset, i in enumerate(fresh):
            self._place[digests[i]] = count + offset

    def settle(self) -> None:
        """Turn all rows onto their principal axes where there are twice as many as at that time."""
        count = len(self._place)
        if count < 2 or count < 2 * self._based_on:
            return
        units = self._rows[:count] @ self.axes.T + self.centre
        self.centre = units.mean(axis=0)
        units -= self.centre
        values, vectors = np.linalg.eigh(units.T @ units / count)
        self.axes = np.ascontiguousarray(vectors, dtype=np.float32)
        self.spread = np.maximum(values.astype(np.float64), 0.0)
        self._rows[:count] = units @ self.axes
        self._based_on = count
        self.turns += 1

    def rows(self, digests: Sequence[str]) -> Rows:
        """Return the rows of pictures whose features are there, (N, F)."""
        return self._rows[[self._place[digest] for digest in digests]]

    def units(self, digests: Sequence[str]) -> Rows:
        """Return the features themselves, of length 1, (N, F)."""
        return np.asarray(self.rows(digests) @ self.axes.T + self.centre)


@dataclass(frozen=True)
class Head:
    """A linear model of classes, on features as the backbone gives them.

    Attributes:
        classes: Those that it knows, in order.
        kernel: (F, U), for features of length 1; U is 1 for two classes, else their number.
        bias: (U,).
        strength: The C of its fit.
        temperature: What its logits are divided by, above 0.
        version: Of the pictures and labels that it was trained on.
    """

    classes: tuple[str, ...]
    kernel: Rows
    bias: Rows
    strength: float
    temperature: float
    version: int

    def answers(self, features: npt.NDArray[np.float32]) -> Floats:
        """Return calibrated probabilities, (N, C), of features of any length, (N, F)."""
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        units = features / np.maximum(lengths, 1e-12)
        return at_temperature(_probabilities(units @ self.kernel + self.bias), self.temperature)


@dataclass(frozen=True)
class Fit:
    """Weights of a fit, in a store's coordinates.

    Attributes:
        known: The class indices that it was trained on, rising, (K,).
        weights: (F + 1, U), the bias last; none where K is 1.
    """

    known: Labels
    weights: Floats

    def chances(self, rows: Rows, classes: int) -> Floats:
        """Return probabilities of all classes, (N, C); 0 of those that it doesn't know."""
        found = np.zeros((len(rows), classes))
        if len(self.known) == 1:
            found[:, self.known] = 1.0
        else:
            weights = self.weights.astype(np.float32)
            found[:, self.known] = _probabilities(rows @ weights[:-1] + weights[-1])
        return found

    def head(
        self,
        store: Store,
        classes: Sequence[str],
        strength: float,
        temperature: float,
        version: int,
    ) -> Head:
        """Return the head for features as the backbone gives them."""
        kernel = store.axes.astype(np.float64) @ self.weights[:-1]
        bias = self.weights[-1] - store.centre @ kernel
        return Head(
            tuple(classes[i] for i in self.known),
            kernel.astype(np.float32),
            bias.astype(np.float32),
            strength,
            temperature,
            version,
        )


def fit(
    rows: Rows,
    labels: Labels,
    strength: float,
    spread: Floats,
    start: Fit | None = None,
    *,
    gradient: float = GRADIENT,
) -> Fit:
    """Fit logistic regression as scikit-learn defines it: C times the losses, half the squares.

    Args:
        rows: Of N pictures, (N, F), from a store.
        labels: Class indices, (N,); of two classes or more, else the fit knows but one.
        strength: C.
        spread: The store's variances, (F,).
        start: A fit to begin at, of the same classes. Never one that saw what this is to judge.
        gradient: Where it ends: no component of the loss's gradient is greater.
    """
    from scipy.optimize import minimize

    known, places = np.unique(labels, return_inverse=True)
    count, width = rows.shape
    units = 1 if len(known) == 2 else len(known)
    if len(known) == 1:
        return Fit(known, np.zeros((width + 1, 1)))
    truth = np.zeros((count, len(known)), np.float32)
    truth[np.arange(count), places] = 1
    truth = truth[:, len(known) - units :]
    penalty = 1 / (strength * count)
    scale = 1 / np.sqrt(DOUBT * spread + penalty)
    low_scale = scale.astype(np.float32)[:, None]
    shrink = (scale**2 * penalty)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(width + 1, units)
        low = weights.astype(np.float32)
        logits = rows @ (low[:-1] * low_scale) + low[-1]
        if units == 1:
            odds = np.logaddexp(0, logits)
            value = float((odds - truth * logits).mean(dtype=np.float64))
            chances = np.exp(logits - odds)
        else:
            logits -= logits.max(axis=1, keepdims=True)
            chances = np.exp(logits)
            sums = chances.sum(axis=1, keepdims=True)
            chances /= sums
            value = float(
                (np.log(sums[:, 0]) - (logits * truth).sum(axis=1)).mean(dtype=np.float64)
            )
        rest = (chances - truth) / count
        slope = np.empty_like(weights)
        slope[:-1] = rows.T @ rest
        slope[:-1] *= low_scale
        slope[:-1] += shrink * weights[:-1]
        slope[-1] = rest.sum(axis=0)
        return value + 0.5 * float((shrink * weights[:-1] ** 2).sum()), slope.ravel()

    begin = np.zeros((width + 1, units))
    if start is not None and np.array_equal(start.known, known):
        begin = start.weights.copy()
        begin[:-1] /= scale[:, None]
    options: Any = {"maxiter": STEPS, "gtol": gradient, "ftol": 1e-9}
    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options)
    weights = np.array(found.x.reshape(width + 1, units))
    weights[:-1] *= scale[:, None]
    return Fit(known, weights)


def _probabilities(logits: Rows) -> Floats:
    """Return probabilities, (N, C), from logits of C classes or of the second of two."""
    values = logits.astype(np.float64)
    if values.shape[1] == 1:
        values = np.hstack([np.zeros_like(values), values])
    return np.asarray(softmax(values, axis=1))
