"""What more pictures would buy: accuracy against their number, and a forecast of doubling it.

Probes are trained on all pictures and on smaller and smaller parts of them (see ``forecast`` for
how that goes on).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

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
from tl_catdog.features.folds import fold_positions, lone_classes
from tl_catdog.features.forecast import JUDGED, LUCK, Forecast, forecast
from tl_catdog.features.linear_probe import (
    STRENGTHS,
    Job,
    Pooled,
    cross_validated,
    pooled,
    probe_predictions,
)
from tl_catdog.pages.charts import BLUE, GREY, ORANGE, new_axes, new_figure
from tl_catdog.statistics import CONFIDENCE, Estimate, score_interval
from tl_catdog.wording import PERCENT, points_estimate

FEWEST = 3  # pictures a class, on average
SMALLEST = 2.0  # pictures a class in the smallest part, on average
MOST_SIZES = 7
FEWEST_HELD_OUT = 100  # pictures; below, all are predicted out of fold
FOLDS, MANY, FOLDS_OF_MANY = 10, 500, 5  # of few pictures almost all are needed to train on


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
class LearningCurve:
    """The points, smallest first, and what doubling should gain.

    Attributes:
        points: The last one is of all pictures; of fold after fold all but one, where they are
            predicted out of fold.
        forecast: What twice as many pictures should do.
        judged: What accuracy was measured on: pictures held out, or all of them, each by probes
            that weren't trained on it.
    """

    points: tuple[Point, ...]
    forecast: Forecast
    judged: Literal["held-out", "out-of-fold"]

    def sentence(self) -> str:
        """Say in words what doubling the pictures should buy."""
        found = self.forecast.gain
        gain = points_estimate(found.value, found.interval.low, found.interval.high)
        if found.interval.low < 0.0005:  # what rounds to nothing
            return f"Doubling your pictures should gain about {gain}; it may gain nothing"
        return f"Doubling your pictures should gain about {gain}"

    def to_json(self) -> dict[str, Any]:
        """Return the curve as ``--json`` prints it."""
        return {
            "points": [point.to_json() for point in self.points],
            "cut": self.forecast.cut,
            "gain": self.forecast.gain.to_json(),
            "judged": self.judged,
            "sentence": self.sentence(),
        }


def curve_features(
    config: ResolvedConfig, images: ImageSet, progress: Progress | None = None
) -> Pooled:
    """Return the pooled features of the training pictures and of those to evaluate on.

    The latter are all others, but for those of which training pictures are copies or of one group.
    No epoch is chosen here, so validation pictures flatter no more than test ones.

    Args:
        config: Resolved settings that name the backbone.
        images: Labelled pictures with the split ``train``.
        progress: Called with (done, total), numbers of pictures.
    """
    known = {example.name for example in (*images.leaks(), *images.parted_groups())}
    examples = [
        example
        for example in images.examples
        if example.split in (TRAIN, VALIDATION, TEST) and example.name not in known
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
    """Train probes on parts of the training pictures and forecast their accuracy.

    Args:
        found: From ``curve_features``. With fewer than 100 pictures to evaluate on, all are taken
            together and predicted out of fold.
        classes: The classes in order.
        repeats: Number of random parts of each size, 1 or more; of all pictures there is but one.
            Out of fold, the number of divisions into folds; one, where there are many pictures.
        seed: Of the parts and folds.
        progress: Called with (done, total), numbers of probes.

    Raises:
        CatdogError: There are too few pictures for a curve.
    """
    labels = class_indices(found.examples, classes)
    groups = [example.group for example in found.examples]
    training = np.array([example.split == TRAIN for example in found.examples])
    apart = int((~training).sum()) >= FEWEST_HELD_OUT
    pool = np.flatnonzero(training) if apart else np.arange(len(labels))
    sizes = _sizes(labels[pool])
    strength = _strength(found.features[pool], labels[pool], [groups[i] for i in pool], seed)
    if apart:
        rest = np.flatnonzero(~training)
        rounds = [[(pool, rest)]] * repeats
    else:
        rest = pool
        folds, divisions = (FOLDS, repeats) if len(pool) <= MANY else (FOLDS_OF_MANY, 1)
        everything = np.ones(len(pool), dtype=np.bool_)
        rounds = [
            fold_positions(labels, groups, everything, folds, seed * divisions + number)
            for number in range(divisions)
        ]

    def jobs() -> Iterator[tuple[int, int, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        for number, parts in enumerate(rounds):
            for place, part in enumerate(sizes):
                if apart and part == 1 and number:
                    continue  # the same once more
                for fold, (some, others) in enumerate(parts):
                    chosen = some[_subset(labels[some], part, (seed, number, fold))]
                    yield place, number, chosen, others

    planned = list(jobs())
    work: Iterator[Job] = (
        (found.features[chosen], labels[chosen], found.features[others], strength)
        for _, _, chosen, others in planned
    )
    hits = np.zeros((len(sizes), len(rounds), len(labels)), dtype=np.bool_)
    trained: list[list[int]] = [[] for _ in sizes]
    for done, ((place, number, chosen, others), chances) in enumerate(
        zip(planned, probe_predictions(work), strict=True), start=1
    ):
        said = np.unique(labels[chosen])[chances.argmax(axis=1)]
        hits[place, number, others] = said == labels[others]
        trained[place].append(len(chosen))
        if progress is not None:
            progress(done, len(planned))
    counts = [1 if apart and part == 1 else len(rounds) for part in sizes]
    right = [some[:count][:, rest] for some, count in zip(hits, counts, strict=True)]
    points = tuple(
        _point(round(float(np.mean(n))), some) for n, some in zip(trained, right, strict=True)
    )
    judged = len(rest) if apart else max(len(rest), JUDGED)
    return LearningCurve(
        points,
        forecast(right[-1], right[-2], len(pool), judged),
        "held-out" if apart else "out-of-fold",
    )


def _sizes(labels: npt.NDArray[np.int64]) -> list[float]:
    """Return which parts of the training pictures to take, smallest first: halves of halves."""
    present = len(np.unique(labels))
    mean = len(labels) / max(present, 1)
    if present < 2 or mean < FEWEST:
        raise CatdogError(
            f"expected {FEWEST} training pictures or more a class for a curve, and two classes, "
            f"found {len(labels)} pictures of {present}.",
            "Name a larger folder: --data DIR",
        )
    steps = max(1, min(int(math.log2(mean / SMALLEST)), MOST_SIZES - 1))
    return [0.5**step for step in reversed(range(steps + 1))]


def _strength(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    groups: Sequence[str],
    seed: int,
) -> float:
    """Return the C that predicts best what is left out of all pictures; it serves their parts."""
    if lone_classes(labels, groups):  # what is held out can be predicted all the same
        return STRENGTHS[2]
    return cross_validated(features, labels, groups, seed=seed).strength


def _subset(
    labels: npt.NDArray[np.int64], part: float, seed: Sequence[int]
) -> npt.NDArray[np.int64]:
    """Return the positions of a part of each class; smaller parts lie within larger ones."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen.append(members[: max(1, round(part * len(members)))])
    return np.sort(np.concatenate(chosen))


def _point(n: int, hits: npt.NDArray[np.bool_]) -> Point:
    """Return the mean accuracy; chance is in the pictures judged and in those trained on."""
    from scipy import stats

    part, images = float(hits.mean()), hits.shape[1]
    effective = 1 / (1 / images + LUCK**2 / n)
    interval = score_interval(part, effective, float(stats.norm.ppf((1 + CONFIDENCE) / 2)))
    return Point(n, len(hits), Estimate(part, interval, images))


def learning_curve_chart(curve: LearningCurve) -> Figure:
    """Draw the points with their intervals, and where doubling should lead, with its own."""
    figure = new_figure(6.5, 3.8)
    title = textwrap.fill(curve.sentence(), 70)
    axes = new_axes(figure, title, "training pictures", "right")
    sizes = [point.n for point in curve.points]
    values = [point.accuracy.value for point in curve.points]
    ends = [point.accuracy.interval for point in curve.points]
    below = [max(value - end.low, 0.0) for value, end in zip(values, ends, strict=True)]
    above = [max(end.high - value, 0.0) for value, end in zip(values, ends, strict=True)]
    axes.errorbar(
        sizes, values, yerr=(below, above), fmt="o-", lw=1, color=BLUE, capsize=3, label="measured"
    )
    gain = curve.forecast.gain
    doubled = 2 * sizes[-1]
    # More than all can't be right, though where all of few are, that isn't known.
    aim, low, high = (
        min(values[-1] + some, 1.0) for some in (gain.value, gain.interval.low, gain.interval.high)
    )
    reach = [[aim - low], [high - aim]]
    axes.plot([sizes[-1], doubled], [values[-1], aim], color=GREY, ls="--", lw=1)
    axes.errorbar(
        [doubled], [aim], yerr=reach, fmt="D", color=ORANGE, capsize=3, label="doubled, forecast"
    )
    axes.set_xscale("log", base=2)
    axes.set_xticks([*sizes, doubled])
    axes.set_ylim(top=min(axes.get_ylim()[1], 1.01))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1, symbol=PERCENT))
    axes.legend(frameon=False, loc="lower right")
    return figure
