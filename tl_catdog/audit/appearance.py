"""Appearance: what is dark, bright, of one colour or blurred, for a picture of its set.

A limit that fits photographs calls a quarter of a set of small pictures blurred, and signs on white
all bright. So a picture must be beyond a fixed limit, which says what the word means, and far from
what is usual in the set: so many robust standard deviations from its median. ADR 021 has the
figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageStat

from tl_catdog.audit import findings
from tl_catdog.audit.thumbnails import LEAST_SIDE

BLACK, WHITE = 40, 225
"""Grey values: a picture is nearly black or white if 99 of 100 pixels are beyond."""

CONTRAST = 4.0
"""Standard deviation of the grey values below which a picture is nearly one colour."""

SHARP = 30.0
"""Edges from which on nothing is blurred, whatever its set: the 99th percentile of the Laplacian's
size with the shorter side at LEAST_SIDE pixels. Of photographs half have 120 and more; blurred by a
64th of the shorter side, all are below."""

FAR, FAR_TOO = 3.5, 2.0
"""So many robust standard deviations from the median are unusual (Iglewicz and Hoaglin, 1993), and
so many for a second figure where the first is unusual already."""

TINY = 0.01  # keeps logarithms finite

LEAST_GREY, LEAST_LOG = 5.0, 0.15
"""The least that a standard deviation is taken for: of grey values, of logarithms of edges."""

FEWEST = 20
"""Among fewer pictures nothing is usual: the fixed limits decide alone, and HALF of SHARP."""

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Appearance:
    """What strikes the eye about a picture, in figures.

    Attributes:
        low: The grey value that 1 of 100 pixels don't exceed, 0..255.
        high: The one that 99 of 100 don't exceed.
        spread: Standard deviation of the grey values.
        edges: See ``SHARP``; None where there is no room for edges.
        sharpness: Standard deviation of the Laplacian in terms of the slope's: faint edges may be
            sharp, those of a blurred picture aren't.
    """

    low: int
    high: int
    spread: float
    edges: int | None
    sharpness: float

    @classmethod
    def of(cls, grey: Image.Image) -> Appearance:
        """Return a grey picture's appearance."""
        shorter = min(grey.size)
        if shorter > LEAST_SIDE:
            scale = LEAST_SIDE / shorter
            size = round(grey.width * scale), round(grey.height * scale)
            grey = grey.resize(size, Image.Resampling.BOX)
        histogram = np.array(grey.histogram())
        low, high = _percentile(histogram, 0.01), _percentile(histogram, 0.99)
        spread = float(ImageStat.Stat(grey).stddev[0])
        if shorter < LEAST_SIDE:  # tiny pictures have no room to be blurred in
            return cls(low, high, spread, None, 0.0)
        return cls(low, high, spread, *_edges(grey))


def unusual(appearances: Sequence[Appearance | None]) -> list[tuple[int, str, str]]:
    """Return which pictures of a set are dark, bright, blank or blurred.

    Args:
        appearances: Of all pictures; None for those that can't be decoded.

    Returns:
        Of each such picture its position, the kind of the finding and its detail: one finding each.
    """
    known = [one for one in appearances if one is not None]
    least_high = _least([float(one.high) for one in known], LEAST_GREY)
    most_low = -_least([-float(one.low) for one in known], LEAST_GREY)
    least_spread = _least([one.spread for one in known], 1.0)
    edges = [float(one.edges) for one in known if one.edges is not None]
    least_edges, least_sharpness = SHARP * HALF, float("inf")
    if len(edges) >= FEWEST:
        logs = [float(np.log1p(value)) for value in edges]
        least_edges = min(SHARP, float(np.expm1(_least(logs, LEAST_LOG))))
        sharp = [float(np.log(one.sharpness + TINY)) for one in known if one.edges is not None]
        least_sharpness = float(np.exp(_least(sharp, LEAST_LOG, FAR_TOO))) - TINY
    usual = float(np.median(edges)) if edges else 0.0
    found = []
    for position, one in enumerate(appearances):
        if one is None:
            continue
        if one.high < min(BLACK, least_high):
            detail = f"99 of 100 pixels are no brighter than {one.high} of 255"
            found.append((position, findings.DARK, detail))
        elif one.low > max(WHITE, most_low):
            detail = f"99 of 100 pixels are no darker than {one.low} of 255"
            found.append((position, findings.BRIGHT, detail))
        elif one.spread < min(CONTRAST, least_spread):
            detail = f"its grey values vary by {one.spread:.1f} of 255"
            found.append((position, findings.BLANK, detail))
        elif one.edges is not None and one.edges < least_edges and one.sharpness < least_sharpness:
            detail = f"edges of {one.edges}; half of the pictures here have {usual:.0f} and more"
            found.append((position, findings.BLURRED, detail))
    return found


def _least(values: Sequence[float], least_deviation: float, far: float = FAR) -> float:
    """Return the value below which one is unusually small among these."""
    if len(values) < FEWEST:
        return float("inf")
    median = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(np.asarray(values) - median)))
    return median - far * max(deviation, least_deviation)


def _edges(grey: Image.Image) -> tuple[int, float]:
    """Return ``Appearance.edges`` and ``Appearance.sharpness``."""
    values = np.asarray(grey, np.int16)
    left, right, above, below = (
        values[1:-1, :-2],
        values[1:-1, 2:],
        values[:-2, 1:-1],
        values[2:, 1:-1],
    )
    laplacian = np.abs(4 * values[1:-1, 1:-1] - left - right - above - below)
    slope = np.hypot((right - left).astype(np.float32), (below - above).astype(np.float32)) / 2
    sharpness = float(laplacian.std()) / (float(slope.std()) + 1.0)
    return _percentile(np.bincount(laplacian.ravel()), 0.99), sharpness


def _percentile(counts: npt.NDArray[np.int64], part: float) -> int:
    """Return the least value that at least a part of all values don't exceed.

    Args:
        counts: How often each value occurs.
        part: 0..1.
    """
    return int(np.searchsorted(np.cumsum(counts), part * counts.sum()))
