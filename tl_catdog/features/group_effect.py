"""By how much accuracy flatters where pictures of one group are trained on and judged by.

Two cross-validations of the same linear probe on the same pictures: in one, groups stay together;
in the other, identical pictures alone do. The second knows the patient, animal or scene of many a
picture already. What it is better by is what a split without groups would flatter by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.config import ResolvedConfig
from tl_catdog.data.digest import content_key
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.parallel import Progress
from tl_catdog.features.folds import lone_classes
from tl_catdog.features.linear_probe import STRENGTHS, cross_validated, pooled
from tl_catdog.statistics import CONFIDENCE, Estimate, Interval, wilson_interval

REPEATS = 3
"""Divisions into folds; one alone moves the difference by as much as its interval is wide."""

MOST = 2000  # pictures; of more, so many are drawn, groups whole


@dataclass(frozen=True)
class GroupEffect:
    """What accuracy is with groups together, and what it would look like without.

    Attributes:
        together: The accuracy of probes that knew no other picture of the group, 0..1.
        apart: That of probes that may have.
        flattery: What the second is higher by, −1..1; its n is the number of pictures.
        groups: How many groups the pictures are of; the intervals take groups for what is drawn.
    """

    together: Estimate
    apart: Estimate
    flattery: Estimate
    groups: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as ``--json`` prints them."""
        return {
            "together": self.together.to_json(),
            "apart": self.apart.to_json(),
            "flattery": self.flattery.to_json(),
            "groups": self.groups,
        }


def group_effect(
    features: npt.NDArray[np.float32],
    examples: Sequence[Example],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> GroupEffect | None:
    """Measure what keeping groups together does to accuracy; see ``GroupEffect``.

    Args:
        features: The pooled features of the pictures, (N, F).
        examples: The pictures, with their groups.
        seed: Of the divisions into folds, and of the pictures drawn where there are more than
            ``MOST``.
        progress: Called with (done, total), numbers of cross-validations.

    Returns:
        None where a class has one group only, so that it can't be judged by another.
    """
    chosen = _drawn([example.group for example in examples], seed)
    some = [examples[place] for place in chosen]
    labels = np.unique([example.label for example in some], return_inverse=True)[1]
    labels = np.asarray(labels, np.int64)
    groups = [example.group for example in some]
    contents = [content_key(example.digest, example.name) for example in some]
    if labels.max() < 1 or lone_classes(labels, groups):
        return None
    strengths: Sequence[float] = STRENGTHS
    means: list[npt.NDArray[np.float64]] = []
    for keys in (groups, contents):
        right = []
        for repeat in range(REPEATS):
            found = cross_validated(
                features[chosen], labels, keys, strengths=strengths, seed=seed + repeat
            )
            strengths = (
                found.strength,
            )  # one for all: choosing anew each time is most of the work
            right.append(found.probabilities.argmax(1) == labels)
            if progress is not None:
                progress(len(means) * REPEATS + repeat + 1, 2 * REPEATS)
        means.append(np.mean(right, axis=0))
    together, apart = means
    return GroupEffect(
        clustered_mean(together, groups, Interval(0, 1)),
        clustered_mean(apart, groups, Interval(0, 1)),
        clustered_mean(apart - together, groups, Interval(-1, 1)),
        len(set(groups)),
    )


def _drawn(groups: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """Return the positions of all pictures, or of whole groups drawn until they are ``MOST``."""
    if len(groups) <= MOST:
        return np.arange(len(groups))
    names, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    kept = order[np.cumsum(sizes[order]) <= MOST]
    return np.flatnonzero(np.isin(which, kept))


def clustered_mean(
    values: npt.NDArray[np.float64], groups: Sequence[str], limits: Interval
) -> Estimate:
    """Return a mean over pictures with an interval that takes groups, not pictures, for drawn.

    The variance is the cluster-robust one of a mean (Liang and Zeger 1986) with the factor
    G / (G − 1), the quantile Student's with G − 1 degrees of freedom, for G groups. Where all
    values are the same it would be of no width: then as many groups may differ, and by as much as
    they can, as Wilson's interval says of G successes out of G.

    Args:
        values: Of the pictures, (N,).
        groups: Their groups.
        limits: What the mean can be at all; the interval of a single group.
    """
    from scipy import stats

    mean = float(values.mean())
    which = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(which, weights=values - mean)
    count = len(sums)
    if count < 2:
        return Estimate(mean, limits, len(values))
    error = float(np.sqrt(count / (count - 1) * np.sum(sums**2))) / len(values)
    if not error:
        rest = 1 - wilson_interval(count, count).low
        low, high = mean - rest * (mean - limits.low), mean + rest * (limits.high - mean)
        return Estimate(mean, Interval(low, high), len(values))
    half = error * float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    interval = Interval(max(limits.low, mean - half), min(limits.high, mean + half))
    return Estimate(mean, interval, len(values))


def measured_effect(
    config: ResolvedConfig, images: ImageSet, progress: Progress | None = None
) -> GroupEffect | None:
    """Measure what the groups of a set do to accuracy, on the features of a backbone.

    Args:
        config: Resolved settings that name the backbone, the cache and the seed.
        images: The set; of all its splits.
        progress: Called with (done, total), numbers of pictures, then of cross-validations.

    Returns:
        None where there are no groups but identical pictures, or a class has one group only.

    Raises:
        CatdogError: See ``linear_probe.pooled``.
    """
    examples = images.examples
    if all(item.group == content_key(item.digest, item.name) for item in examples):
        return None
    chosen = _drawn([example.group for example in examples], config.seed)
    found = pooled(config, [examples[place] for place in chosen], progress=progress)
    return group_effect(found.features, found.examples, seed=config.seed, progress=progress)
