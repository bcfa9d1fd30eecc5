"""How far sureness is off: the expected calibration error without its bias, with an interval.

What is estimated is the error of the population: the mean distance between how sure answers are
and how often they are right, over groups of about equally sure answers. The plain figure is never
0, even for perfect probabilities: chance alone keeps the two apart in every group. So a bootstrap
of it doesn't hold the truth ([ADR 022](../../docs/adr/022-calibration-error-interval.md)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.statistics import CONFIDENCE, Estimate, Interval

MOST_BINS = 15
"""As in Guo et al. 2017, where there are pictures enough for it."""

DRAWS = 2000
WORLDS = 8
"""Simulated samples of a world, and how many worlds of ever greater error are tried: twice, the
second time between the two that enclose what is sought."""

Floats = npt.NDArray[np.float64]


def confidence_bins(confidence: Floats) -> list[npt.NDArray[np.int64]]:
    """Return the positions of answers about equally sure, the least sure first.

    There are n^(2/5) bins, 15 at most, of about equally many answers, so that narrower bins and
    more answers in each grow together (Lee et al. 2023, https://arxiv.org/abs/2203.01850). Answers
    that are equally sure stay together.

    Args:
        confidence: Probability of each answer, (N,), N at least 1.

    >>> [part.tolist() for part in confidence_bins(np.array([0.9, 0.6, 0.9, 0.9, 0.5, 0.7]))]
    [[4, 1, 5], [0, 2, 3]]
    """
    n = len(confidence)
    order = np.argsort(confidence, kind="stable")
    number = max(1, min(MOST_BINS, round(n**0.4)))
    cuts = [len(part) for part in np.array_split(order, number)]
    firsts = confidence[order][np.cumsum(cuts)[:-1]]
    starts = np.unique(np.searchsorted(confidence[order], firsts))
    return [part for part in np.split(order, starts) if len(part)]


@dataclass(frozen=True)
class _Bins:
    """Answers in B bins: how many, how many of them right, and how many should be; each (B,)."""

    sizes: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]
    said: Floats

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    @property
    def shares(self) -> Floats:
        return np.asarray(self.sizes / self.n)

    @property
    def confidence(self) -> Floats:
        return np.asarray(self.said / self.sizes)

    @property
    def gaps(self) -> Floats:
        return np.asarray((self.hits - self.said) / self.sizes)

    @property
    def error(self) -> float:
        """The plain figure."""
        return float(self.shares @ np.abs(self.gaps))

    def simulated(self, accuracy: Floats, rng: np.random.Generator) -> Floats:
        """Return the plain error of ``DRAWS`` samples for each world, (W, DRAWS).

        Args:
            accuracy: How often answers of each bin are right in each world, (W, B).
            rng: Draws.
        """
        hits = rng.binomial(self.sizes, accuracy[:, None], (len(accuracy), DRAWS, len(self.sizes)))
        return np.asarray(np.abs(hits - self.said).sum(axis=-1) / self.n)


def plain_calibration_error(confidence: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Return the usual expected calibration error (Naeini et al. 2015), 0..1, biased upwards.

    Args:
        confidence: Probability of each answer, (N,), N at least 1.
        right: Whether it is right, (N,).
    """
    return _bins(confidence, right).error


def calibration_error(
    confidence: Floats, right: npt.NDArray[np.bool_], *, level: float = CONFIDENCE, seed: int = 0
) -> Estimate:
    """Return the expected calibration error, 0..1, without its bias, and its interval.

    The value is the plain error times √(1 − v/g), never below 0, with g the mean squared gap of
    the bins and v the part of it that chance alone gives (Bröcker 2012; Ferro, Fricker 2012; Kumar
    et al. 2019, https://arxiv.org/abs/1909.10155): perfect probabilities read 0 half of the time.

    The interval holds whichever bins the error is in. Its lower end is the plain error less what
    chance alone may add, by the triangle inequality; its upper end is the greatest error of worlds
    that still give so small a plain one often enough, where the error is spread so that chance
    hides most of it: in proportion to each bin's own uncertainty. A plain error smaller than
    perfect probabilities usually have is luck, and narrows nothing.

    Args:
        confidence: Probability of each answer, (N,), N at least 1.
        right: Whether it is right, (N,).
        level: Of the interval, 0..1 exclusive.
        seed: Of the simulated samples.
    """
    bins, rng = _bins(confidence, right), np.random.default_rng(seed)
    tail = (1 - level) / 2
    honest = bins.simulated(bins.confidence[None], rng)[0]
    low = max(0.0, bins.error - _chance(bins, honest, 1 - tail, rng))
    high = max(low, _greatest(bins, max(bins.error, float(np.median(honest))), tail, rng))
    value = min(max(_debiased(bins), low), high)
    return Estimate(value, Interval(low, high), bins.n)


def _bins(confidence: Floats, right: npt.NDArray[np.bool_]) -> _Bins:
    parts = confidence_bins(confidence)
    return _Bins(
        np.array([len(part) for part in parts]),
        np.array([int(right[part].sum()) for part in parts]),
        np.array([confidence[part].sum() for part in parts]),
    )


def _debiased(bins: _Bins) -> float:
    accuracy = bins.hits / bins.sizes
    chance = bins.shares @ (accuracy * (1 - accuracy) / np.maximum(bins.sizes - 1, 1))
    squared = float(bins.shares @ bins.gaps**2)
    return bins.error * max(0.0, 1 - float(chance) / squared) ** 0.5 if squared else 0.0


def _chance(bins: _Bins, honest: Floats, part: float, rng: np.random.Generator) -> float:
    """Return what chance adds to an error at most in this part of samples.

    It is the greater of what it adds where answers are right as often as they say (``honest``, what
    such samples show), and as often as they were.
    """
    said = bins.confidence
    was = (bins.hits + 2 * said) / (bins.sizes + 2)  # not 0 or 1 where few answers are
    hits = rng.binomial(bins.sizes, was, (DRAWS, len(was)))
    own = np.abs(hits - bins.sizes * was).sum(axis=1) / bins.n
    own += _sampling(bins) * rng.standard_normal(DRAWS)
    return float(max(np.quantile(honest, part), np.quantile(own, part)))


def _sampling(bins: _Bins) -> float:
    """Return how much the error varies with which answers a sample happens to hold: its SD."""
    gaps = np.abs(bins.gaps)
    return float(np.sqrt(bins.shares @ (gaps - bins.error) ** 2 / bins.n))


def _greatest(bins: _Bins, seen: float, tail: float, rng: np.random.Generator) -> float:
    """Return the greatest error of worlds whose samples look as good as seen in a part ``tail``."""
    likely = (bins.hits + 1) / (bins.sizes + 2)
    spread = np.sqrt(likely * (1 - likely) / bins.sizes)
    sides = [np.full(len(spread), -1.0)]  # surer than right, which rare mistakes hide best
    if (bins.gaps > 0).any():
        sides.append(np.where(bins.gaps > 0, 1.0, -1.0))
    # Great enough for every sample: four times what chance gives honest answers, and more than the
    # 3.7 mistakes in n that may all be missed.
    top = min(1.0, seen + 4 * float(spread @ bins.shares) + 8 / bins.n)
    return max(_greatest_on(bins, seen, tail, side * spread, top, rng) for side in sides)


def _greatest_on(
    bins: _Bins, seen: float, tail: float, shape: Floats, top: float, rng: np.random.Generator
) -> float:
    from scipy.stats import norm

    seen += 1e-9  # a world without mistakes gives the very error that was seen
    wanted = np.linspace(0, 1, WORLDS) ** 2 * top
    for _ in range(2):
        errors, accuracy = _worlds(bins, shape, wanted)
        found = bins.simulated(accuracy, rng)
        found += _sampling(bins) * rng.standard_normal(found.shape)
        reached = np.maximum.accumulate(np.quantile(found, tail, axis=1))
        last = max(0, int(np.searchsorted(reached, seen, "right")) - 1)
        if last == WORLDS - 1:  # as far off as these answers can be; others may be surer
            return min(1.0, float(errors[-1]) + _sampling(bins) * float(norm.ppf(1 - tail)))
        wanted = np.linspace(errors[last], errors[last + 1], WORLDS)
    return float(np.interp(seen, reached, errors))


def _worlds(bins: _Bins, shape: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Return worlds of these errors, or as near as they come: their errors, (W,), and accuracies.

    Args:
        bins: What was seen.
        shape: How the gaps of the bins are to each other, (B,): none is 0; they are positive where
            answers are right more often than they say.
        wanted: (W,), ascending.
    """
    spread = np.abs(shape)
    room = np.where(shape > 0, 1 - bins.confidence, bins.confidence)
    knots = np.append(0.0, np.sort(room / spread))
    reached = np.minimum(knots[:, None] * spread, room) @ bins.shares
    scale = np.interp(wanted, reached, knots)
    gaps = np.minimum(scale[:, None] * spread, room)
    return gaps @ bins.shares, np.clip(bins.confidence + np.sign(shape) * gaps, 0.0, 1.0)
