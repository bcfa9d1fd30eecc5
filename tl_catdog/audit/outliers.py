"""Outliers: pictures unlike all the others by the features that training would use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.audit import findings
from tl_catdog.audit.findings import Finding
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.parallel import Progress
from tl_catdog.features.extracted_plan import adopting, open_extracted
from tl_catdog.features.linear_probe import pooled_samples
from tl_catdog.prediction.novelty import FeatureBank

NEIGHBOURS = 10
"""The nearest so many may be copies or a burst of the same thing."""

FAR = 3.0
"""Outliers are so many interquartile ranges above the upper quartile (Tukey's "far out")."""

FEWEST = 4 * NEIGHBOURS
"""Among fewer pictures none stands out."""


def outliers(
    entries: Sequence[Example], progress: Progress, extracted: str | None = None
) -> list[Finding]:
    """Return the pictures that are far from all others, the farthest first.

    Their features go into the feature cache, so a training that follows takes them from there; into
    memory come those of few pictures at a time.

    Args:
        entries: Pictures that can be decoded.
        progress: Called with (done, total) after each picture.
        extracted: The folder or address that ``tl-catdog batch features`` wrote, of these pictures:
            its features are taken, and none is opened.

    Raises:
        UsageError: There is no such batch, or its features aren't of weights that are known here.
        CatdogError: The feature cache can't be used; or the batch is damaged, or lacks a picture.
    """
    config = TrainConfig()
    if extracted is not None:
        arch = open_extracted(extracted).plan.arch
        config = adopting(replace(config, arch=arch, features=extracted))
    if len(entries) < FEWEST:
        return []
    examples = [replace(entry, split=entry.split or TRAIN) for entry in entries]
    found = pooled_samples(config.resolved(), examples, progress=progress)
    count = len(found.examples)

    def plain(positions: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return found.gather(positions, np.zeros_like(positions))

    feature_bank = FeatureBank.of(plain, count, neighbours=NEIGHBOURS)
    novelty = feature_bank.distances(plain, count, own=True)
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
