"""Outliers: pictures unlike all the others by the features that training would use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tl_catdog.audit import findings
from tl_catdog.audit.findings import Finding
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.parallel import Progress
from tl_catdog.features.linear_probe import pooled
from tl_catdog.prediction.novelty import FeatureBank

NEIGHBOURS = 10
"""The nearest so many may be copies or a burst of the same thing."""

FAR = 3.0
"""Outliers are so many interquartile ranges above the upper quartile (Tukey's "far out")."""

FEWEST = 4 * NEIGHBOURS
"""Among fewer pictures none stands out."""


def outliers(entries: Sequence[Example], progress: Progress) -> list[Finding]:
    """Return the pictures that are far from all others, the farthest first.

    Their features go into the feature cache, so a training that follows takes them from there.

    Args:
        entries: Pictures that can be decoded.
        progress: Called with (done, total) after each picture.

    Raises:
        CatdogError: The feature cache can't be used.
    """
    if len(entries) < FEWEST:
        return []
    examples = [replace(entry, split=entry.split or TRAIN) for entry in entries]
    found = pooled(TrainConfig().resolved(), examples, progress=progress)
    count = len(found.examples)
    feature_bank = FeatureBank.of(found.features.__getitem__, count, neighbours=NEIGHBOURS)
    novelty = feature_bank.distances(found.features.__getitem__, count, own=True)
    low, high = np.percentile(novelty, (25, 75))
    limit = high + FAR * (high - low)
    return [
        Finding(
            findings.OUTLIER,
            (found.examples[position].name,),
            f"distance {novelty[position]:.2f} to its {NEIGHBOURS}th neighbour; "
            f"usual are {low:.2f} to {high:.2f}",
        )
        for position in np.argsort(-novelty).tolist()
        if novelty[position] > limit
    ]
