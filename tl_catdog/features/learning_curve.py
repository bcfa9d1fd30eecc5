"""What more pictures would buy: accuracy against their number, continued by a power law.

Probes are trained on smaller and smaller parts of the training pictures. Error falls with their
number n about as a·n^−b + c (Hestness et al. 2017, https://arxiv.org/abs/1712.00409).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tl_catdog.config import ResolvedConfig
from tl_catdog.data.batches import class_indices
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError
from tl_catdog.features.linear_probe import STRENGTHS, Pooled, pooled, probe_predictions
from tl_catdog.pages.charts import BLUE, GREY, ORANGE, new_axes, new_figure
from tl_catdog.statistics import CONFIDENCE, Estimate, Interval
from tl_catdog.wording import PERCENT, points_estimate

FEWEST = 10  # pictures of the rarest class in the smallest part
STEPS = 4  # sizes that a fit of three numbers takes at least
RESAMPLES = 500


@dataclass(frozen=True)
class Point:
    """Accuracy after training on n pictures: the mean of ``repeats`` probes, with its interval."""

    n: int
    repeats: int
    accuracy: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return the point as ``--json`` prints it."""
        return {"n": self.n, "repeats": self.repeats, "accuracy": self.accuracy.to_json()}


@dataclass(frozen=True)
class PowerLaw:
    """Error after n pictures: a·n^−b + c, each 0 or more."""

    a: float
    b: float
    c: float

    def __call__(self, n: float) -> float:
        """Return the error expected after n pictures, 0..1."""
        return self.a * float(n**-self.b) + self.c


@dataclass(frozen=True)
class LearningCurve:
    """The points, smallest first, the law through them, and what doubling should gain.

    ``gain`` is in parts of one; its interval comes from a bootstrap over repeats and pictures.
    """

    points: tuple[Point, ...]
    law: PowerLaw
    gain: Estimate

    def sentence(self) -> str:
        """Say in words what doubling the pictures should buy."""
        interval = self.gain.interval
        gain = points_estimate(self.gain.value, interval.low, interval.high)
        if interval.low < 0.0005:  # what rounds to nothing
            return (
                f"Doubling your pictures may gain nothing that {self.gain.n} pictures can show: "
                f"about {gain}"
            )
        return f"Doubling your pictures should gain about {gain}"

    def to_json(self) -> dict[str, Any]:
        """Return the curve as ``--json`` prints it."""
        return {
            "points": [point.to_json() for point in self.points],
            "law": {"a": self.law.a, "b": self.law.b, "c": self.law.c},
            "gain": self.gain.to_json(),
            "sentence": self.sentence(),
        }


def curve_features(
    config: ResolvedConfig, images: ImageSet, progress: Progress | None = None
) -> Pooled:
    """Return the pooled features of the training pictures and of those to evaluate on.

    The latter are all others, but for identical copies of training ones. No epoch is chosen here,
    so validation pictures flatter no more than test ones.

    Args:
        config: Resolved settings that name the backbone.
        images: Labelled pictures with the splits ``train`` and ``validation``.
        progress: Called with (done, total), numbers of pictures.
    """
    copies = {example.name for example in images.leaks()}
    examples = [
        example
        for example in images.examples
        if example.split in (TRAIN, VALIDATION, TEST) and example.name not in copies
    ]
    return pooled(config, examples, progress=progress)


def learning_curve(
    found: Pooled,
    classes: tuple[str, ...],
    *,
    repeats: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> LearningCurve:
    """Train probes on parts of the training pictures and extrapolate their accuracy.

    Args:
        found: From ``curve_features``.
        classes: The classes in order.
        repeats: Number of random parts of each size, 1 or more; of all pictures there is but one.
        seed: Of the parts and the bootstrap.
        progress: Called with (done, total), numbers of probes.

    Raises:
        CatdogError: There are too few pictures for a curve.
    """
    labels = class_indices(found.examples, classes)
    training = np.array([example.split == TRAIN for example in found.examples])
    features, truth = found.features[training], labels[training]
    others, expected = found.features[~training], labels[~training]
    parts = [
        _subset(truth, part, seed=(seed, repeat))
        for part in _fractions(truth, len(classes))
        for repeat in range(repeats if part < 1 else 1)
    ]
    hits: dict[int, list[npt.NDArray[np.bool_]]] = {}  # for each size, smallest first
    said = probe_predictions(
        (features[chosen], truth[chosen], others, STRENGTHS[2]) for chosen in parts
    )
    for done, (chosen, chances) in enumerate(zip(parts, said, strict=True), start=1):
        hits.setdefault(len(chosen), []).append(chances.argmax(axis=1) == expected)
        if progress is not None:
            progress(done, len(parts))
    return continued(list(hits), [np.array(some) for some in hits.values()], seed=seed)


def _fractions(labels: npt.NDArray[np.int64], classes: int) -> list[float]:
    """Return which parts of the training pictures to take, smallest first: halves of halves."""
    rarest = int(np.bincount(labels, minlength=classes).min())
    steps = int(math.log2(rarest / FEWEST)) + 1 if rarest >= FEWEST else 0
    if steps < STEPS:
        raise CatdogError(
            f"expected {FEWEST * 2 ** (STEPS - 1)} training pictures or more of each class for a "
            f"curve, found {rarest} of the rarest.",
            "Name a larger folder: --data DIR",
        )
    return [0.5**step for step in reversed(range(steps))]


def _subset(
    labels: npt.NDArray[np.int64], part: float, seed: Sequence[int]
) -> npt.NDArray[np.int64]:
    """Return the positions of a part of each class; smaller parts lie within larger ones."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen.append(members[: max(2, round(part * len(members)))])
    return np.sort(np.concatenate(chosen))


def continued(
    sizes: Sequence[int], hits: Sequence[npt.NDArray[np.bool_]], seed: int = 0
) -> LearningCurve:
    """Fit the law to what probes got right, with intervals.

    Args:
        sizes: Numbers of training pictures, smallest first.
        hits: For each size which of the same P pictures each probe got right, (repeats, P).
        seed: Of the bootstrap.
    """
    images = hits[0].shape[1]
    errors = np.array([1 - some.mean() for some in hits])
    law = fit(sizes, errors, images)
    rng = np.random.default_rng(seed)
    spread, gains = [], []
    for _ in range(RESAMPLES):
        chosen = rng.integers(0, images, images)
        drawn = [some[rng.integers(0, len(some), len(some))][:, chosen].mean() for some in hits]
        again = fit(sizes, 1 - np.array(drawn), images)
        spread.append(drawn)
        gains.append(again(sizes[-1]) - again(2 * sizes[-1]))
    tails = [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]
    lows, highs = np.percentile(spread, tails, axis=0)
    points = tuple(
        Point(n, len(some), Estimate(float(some.mean()), Interval(float(low), float(high)), images))
        for n, some, low, high in zip(sizes, hits, lows, highs, strict=True)
    )
    low, high = (float(end) for end in np.percentile(gains, tails))
    value = law(sizes[-1]) - law(2 * sizes[-1])
    return LearningCurve(points, law, Estimate(value, Interval(low, high), images))


def fit(sizes: Sequence[int], errors: npt.NDArray[np.float64], images: int) -> PowerLaw:
    """Fit the law by least squares, each error as exact as its number of pictures makes it.

    Args:
        sizes: Numbers of training pictures.
        errors: The part that came out wrong after each, 0..1.
        images: How many pictures each of these rests on.
    """
    from scipy.optimize import curve_fit

    n = np.asarray(sizes, dtype=np.float64) / sizes[0]  # so that a is the first error or so
    # Half a picture more and less keeps an error of nothing from counting as exact.
    smoothed = (errors * images + 0.5) / (images + 1)
    found, _ = curve_fit(
        lambda n, a, b, c: a * n**-b + c,
        n,
        errors,
        p0=(max(errors[0], 1e-3), 0.5, 0.0),
        sigma=np.sqrt(smoothed * (1 - smoothed) / images),
        bounds=(0.0, (1.0, 5.0, 1.0)),
        max_nfev=10_000,
    )
    a, b, c = (float(value) for value in found)
    return PowerLaw(a * sizes[0] ** b, b, c)


def learning_curve_chart(curve: LearningCurve) -> Figure:
    """Draw the points with their intervals, the law, and where doubling should lead."""
    figure = new_figure(6.5, 3.8)
    title = textwrap.fill(curve.sentence(), 70)
    axes = new_axes(figure, title, "training pictures", "right")
    sizes = [point.n for point in curve.points]
    values = [point.accuracy.value for point in curve.points]
    ends = [point.accuracy.interval for point in curve.points]
    below = [max(value - end.low, 0.0) for value, end in zip(values, ends, strict=True)]
    above = [max(end.high - value, 0.0) for value, end in zip(values, ends, strict=True)]
    axes.errorbar(
        sizes, values, yerr=(below, above), fmt="o", color=BLUE, capsize=3, label="measured"
    )
    along = np.geomspace(sizes[0], 2 * sizes[-1], 100)
    axes.plot(along, [1 - curve.law(n) for n in along], color=GREY, label="power law")
    axes.plot(2 * sizes[-1], 1 - curve.law(2 * sizes[-1]), "D", color=ORANGE, label="doubled")
    axes.set_xscale("log", base=2)
    axes.set_xticks([*sizes, 2 * sizes[-1]])
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1, symbol=PERCENT))
    axes.legend(frameon=False, loc="lower right")
    return figure
