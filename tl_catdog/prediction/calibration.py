"""Probabilities that mean something: of all answers given with 90 %, nine in ten should be right.

Temperature scaling (Guo et al. 2017, https://arxiv.org/abs/1706.04599) divides the logits by one
number, fitted on the validation pictures. It changes no answer, only how sure each one sounds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

TINY = 2.0**-24
"""Probabilities come from sigmoids in single precision: what is nearer to 0 or 1 is rounding."""

SPREAD = 0.7
"""Of ln T before any picture is seen: a factor of two is usual, one of four is rare."""

COLDEST, HOTTEST = 0.02, 20.0
"""Where a temperature is sought; what is fitted on real pictures lies far inside."""


@dataclass(frozen=True)
class Calibration:
    """A fitted temperature.

    Attributes:
        temperature: What the logits are divided by; above 1 makes answers less sure.
        n: Number of pictures that it was fitted on.
        log_loss_before: Mean −ln of the true class's probability on them, at temperature 1.
        log_loss_after: The same at the fitted temperature.
    """

    temperature: float
    n: int
    log_loss_before: float
    log_loss_after: float

    def to_json(self) -> dict[str, Any]:
        """Return what a run's manifest says of it."""
        return asdict(self)


def at_temperature(
    probabilities: npt.NDArray[np.float64], temperature: float
) -> npt.NDArray[np.float64]:
    """Return probabilities, (N, C), as they are with their logits divided by a temperature.

    For two classes that is the sigmoid of logit/T; for more, the softmax of ln p / T.

    Args:
        probabilities: Each row sums to one.
        temperature: T, above 0; above 1 it makes answers less sure.

    >>> at_temperature(np.array([[0.1, 0.9]]), 2.0)  # odds of 9 become odds of 3
    array([[0.25, 0.75]])
    """
    if temperature == 1.0:
        return probabilities
    logits = np.log(np.clip(probabilities, TINY, 1.0)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    *,
    usual: float = 1.0,
    spread: float = SPREAD,
) -> Calibration:
    """Fit the temperature that makes the labels most likely.

    A few pictures that all came out right would ask for boundless sureness. So ln T is taken to
    come from a normal distribution around ``ln usual``: with a few dozen pictures that is most of
    what is known, with a few hundred it hardly counts. Smoothed targets instead (Platt 1999) force
    doubt where there are many classes (docs/adr/026).

    Args:
        probabilities: (N, C), each row sums to one.
        labels: True class indices, (N,).
        usual: The temperature that is expected before any picture is seen, above 0.
        spread: The standard deviation of ln T before any picture is seen, above 0.

    Raises:
        ValueError: There are no pictures.
    """
    from scipy.optimize import minimize_scalar

    n = len(probabilities)
    if n == 0:
        raise ValueError("no predictions to fit a temperature on")

    def loss(log_temperature: float) -> float:
        scaled = at_temperature(probabilities, float(np.exp(log_temperature)))
        unusual = (log_temperature - np.log(usual)) / spread
        return float(_log_loss(scaled, labels) + 0.5 * unusual**2 / n)

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    temperature = float(np.exp(found.x))
    return Calibration(
        temperature,
        n,
        _log_loss(probabilities, labels),
        _log_loss(at_temperature(probabilities, temperature), labels),
    )


def uncalibrated(
    probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> Calibration:
    """Return temperature 1, for probabilities, (N, C), that are calibrated already."""
    loss = _log_loss(probabilities, labels)
    return Calibration(1.0, len(labels), loss, loss)


def _log_loss(probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    chances = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chances, TINY**2, 1.0)).mean())
