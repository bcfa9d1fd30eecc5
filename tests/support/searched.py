"""Pictures to search on that are numbers only, so that a trial takes milliseconds."""

from __future__ import annotations

import numpy as np

from tl_catdog.config import TrainConfig
from tl_catdog.tuning.problem import Problem
from tl_catdog.tuning.space import Space

NEAR, FAR = ("mobilenet", 224), ("mobilenet", 96)
"""A backbone whose features tell little, and one whose features tell more."""


def problem(
    count: int = 80,
    *,
    classes: int = 2,
    signal: tuple[float, float] = (1.0, 2.0),
    few: bool = True,
    shuffled: int | None = None,
    seed: int = 0,
    copies: int = 1,
) -> Problem:
    """Return pictures of classes that lie around a point each, in two backbones' features.

    Args:
        count: How many pictures.
        classes: How many classes.
        signal: How far the classes' points are apart in each backbone.
        few: Whether heads stay linear.
        shuffled: Seed by which the labels are drawn anew, so that there is nothing to learn.
        seed: Of the search.
        copies: How often each picture is there, in one group.
    """
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(count) % classes, copies)
    groups = tuple(f"group {number}" for number in np.repeat(np.arange(count), copies))
    features = {}
    for backbone, apart in zip((NEAR, FAR), signal, strict=True):
        middles = rng.normal(0, apart, (classes, 12))
        own = rng.normal(5, 1, (count, 12)) + middles[np.arange(count) % classes]
        features[backbone] = np.repeat(own, copies, axis=0)[:, None].astype(np.float32)
    if shuffled is not None:
        drawn = np.random.default_rng(shuffled).permutation(count) % classes
        labels = np.repeat(drawn, copies)
    pool = np.arange(len(labels))
    base = TrainConfig(seed=seed)
    return Problem(features, labels, groups, pool, classes, base, few, seed)


def space(found: Problem) -> Space:
    """Return what is searched of such a problem."""
    return Space(tuple(found.features), False, found.few)
