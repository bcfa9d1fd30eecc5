"""The head's convex start: logistic regression on a frozen backbone's features.

It takes a fraction of a second, depends on no seed, and needs no epochs to converge. With few
pictures of a class nothing that is trained by gradients from random weights does better
(docs/adr/026).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tl_catdog.data.batches import Samples, class_indices
from tl_catdog.features.linear_head import (
    MOST,
    SPREAD,
    STEPS,
    STRENGTHS,
    cautious,
    usual_temperature,
)
from tl_catdog.features.linear_probe import cross_validated, log_loss
from tl_catdog.prediction.calibration import Calibration, at_temperature, fit_temperature

FOLDS = 5
CHUNK = 1024  # pictures whose logits are computed together

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinearStart:
    """A linear model of the classes, calibrated.

    Attributes:
        kernel: (F, U); U is 1 for two classes, else their number.
        bias: (U,).
        strength: The C that was chosen.
        probabilities: What it is chosen and calibrated by, (N, C): of validation pictures, or
            out-of-fold ones of the training pictures themselves.
        training: (loss, accuracy) on the pictures that it was fitted on.
    """

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strength: float
    probabilities: Floats
    training: tuple[float, float]

    def of(self, samples: Samples) -> Floats:
        """Return its probabilities of the plain views of pictures, (N, C)."""
        return _probabilities(self.kernel, self.bias, samples)


@dataclass(frozen=True)
class _Rows:
    """Features and labels to fit on, of how many views of each picture.

    Attributes:
        features: Divided by ``scale``, their mean length.
    """

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    views: int
    scale: float


def linear_start(
    training: Samples,
    classes: tuple[str, ...],
    validation: Samples | None,
    *,
    balanced: bool = False,
    strength: float | None = None,
    seed: int = 0,
) -> LinearStart:
    """Fit the model, with the C whose answers on other pictures are worth most.

    Worth is the log loss at the temperature that suits them, since a temperature is fitted anyway.

    Args:
        training: Features of N pictures, all views of them, (F,) each.
        classes: The C classes.
        validation: Features of other pictures; None to choose by out-of-fold predictions of the
            training pictures, groups in one fold.
        balanced: Whether every class counts the same, else every picture.
        strength: The C to take, above 0; None to choose one of ``STRENGTHS``.
        seed: Of the folds, and of which pictures are taken where there are very many.

    Raises:
        CatdogError: Without validation pictures, a class has one group of pictures only.
    """
    strengths = STRENGTHS if strength is None else (strength,)
    rows = _rows(training, classes, seed)
    fits = _Fits(rows, "balanced" if balanced else None)
    if validation is None:
        plain = training.gather(everything := np.arange(len(training.examples)), 0 * everything)
        found = cross_validated(
            plain.astype(np.float32),
            class_indices(training.examples, classes),
            [example.group for example in training.examples],
            strengths=strengths,
            loss_of=_cautious_loss,
            folds=FOLDS,
            seed=seed,
        )
        chosen, chances = found.strength, found.probabilities
        truth = class_indices(training.examples, classes)
    else:
        truth = class_indices(validation.examples, classes)
        chosen, chances = _best(fits, validation, truth, strengths)
    temperature = _calibrated(chances, truth, chosen).temperature
    kernel, bias = (values / np.float32(temperature) for values in fits.at(chosen))
    known = _softmax(rows.features @ (kernel * np.float32(rows.scale)) + bias)
    accuracy = float((known.argmax(axis=1) == rows.labels).mean())
    calibrated = at_temperature(chances, temperature)
    return LinearStart(kernel, bias, chosen, calibrated, (log_loss(known, rows.labels), accuracy))


def _calibrated(chances: Floats, truth: npt.NDArray[np.int64], strength: float) -> Calibration:
    """Return the temperature that suits the answers, as far as so many of them can tell."""
    return fit_temperature(chances, truth, usual=usual_temperature(strength), spread=SPREAD)


def _loss(chances: Floats, truth: npt.NDArray[np.int64], strength: float) -> float:
    """Return the log loss at the temperature that suits the answers."""
    return _calibrated(chances, truth, strength).log_loss_after


def _cautious_loss(chances: Floats, truth: npt.NDArray[np.int64], strength: float) -> float:
    """Return the loss of few pictures, by which C is chosen out of fold."""
    return cautious(_loss(chances, truth, strength), strength)


def _best(
    fits: _Fits, others: Samples, truth: npt.NDArray[np.int64], strengths: tuple[float, ...]
) -> tuple[float, Floats]:
    """Return the C that is worth most on other pictures, and what it says of them."""
    least, strength, chances = np.inf, strengths[0], np.empty(0)
    for value in strengths:
        answers = _probabilities(*fits.at(value), others)
        loss = _loss(answers, truth, value)
        if loss > least:  # it has one valley
            break
        least, strength, chances = loss, value, answers
    return strength, chances


class _Fits:
    """Fits for one C after another, each begun where the last one ended."""

    def __init__(self, rows: _Rows, weight: str | None) -> None:
        self._rows = rows
        self._model = LogisticRegression(class_weight=weight, max_iter=STEPS, warm_start=True)

    def at(self, strength: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return kernel, (F, U), and bias, (U,), for features as they are."""
        # Every picture counts once, however many views there are of it.
        self._model.set_params(C=strength / self._rows.views)
        with threadpool_limits(1):  # several threads would wait for each other
            self._model.fit(self._rows.features, self._rows.labels)
        kernel = self._model.coef_.T / self._rows.scale
        return kernel.astype(np.float32), self._model.intercept_.astype(np.float32)


def _rows(samples: Samples, classes: tuple[str, ...], seed: int) -> _Rows:
    """Return every view of the pictures, or of as many of each class as there is room for."""
    labels = class_indices(samples.examples, classes)
    chosen = np.arange(len(labels))
    most = max(len(classes), MOST // samples.views)
    if len(chosen) > most:
        from sklearn.model_selection import StratifiedShuffleSplit

        cut = StratifiedShuffleSplit(1, train_size=most, random_state=seed)
        chosen = np.sort(next(cut.split(labels, labels))[0])
    views = [samples.gather(chosen, np.full_like(chosen, view)) for view in range(samples.views)]
    features = np.concatenate(views).astype(np.float32, copy=False)
    scale = float(np.linalg.norm(features, axis=1).mean()) or 1.0
    features /= np.float32(scale)
    return _Rows(features, np.tile(labels[chosen], samples.views), samples.views, scale)


def _probabilities(
    kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], samples: Samples
) -> Floats:
    """Return the probabilities of the plain views of pictures, (N, C)."""
    found = []
    for start in range(0, len(samples.examples), CHUNK):
        some = np.arange(start, min(start + CHUNK, len(samples.examples)))
        features = samples.gather(some, np.zeros_like(some)).astype(np.float32)
        found.append(_softmax(features @ kernel + bias))
    return np.concatenate(found)


def _softmax(logits: npt.NDArray[np.float32]) -> Floats:
    """Return probabilities, (N, C), from logits of C classes or of the second of two."""
    values = logits.astype(np.float64)
    if values.shape[1] == 1:
        values = np.hstack([np.zeros_like(values), values])
    return np.asarray(softmax(values, axis=1))
