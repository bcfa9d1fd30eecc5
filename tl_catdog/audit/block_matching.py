"""How well two pictures fit when one is laid over the other, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.thumbnails import SIDE

Floats = npt.NDArray[np.float32]

WINDOWS = (
    (0.0, 0.0, 1.0, 1.0),
    (0.05, 0.05, 0.95, 0.95),
    (0.1, 0.1, 0.9, 0.9),
    (0.0, 0.0, 0.9, 0.9),
    (0.1, 0.0, 1.0, 0.9),
    (0.0, 0.1, 0.9, 1.0),
    (0.1, 0.1, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.88),
    (0.0, 0.12, 1.0, 1.0),
)
"""Parts of a picture: left, top, right, bottom, of its sides.

What a crop may have left of it, then, the last two, what a caption may have left."""

WAYS = (*((0, window) for window in range(len(WINDOWS))), (7, 7), (8, 8))
"""Which window of one picture is laid over which of another: the whole of one over a part of the
other, where one is a crop, or the same part of both, where a caption covers the rest. The block
comparison forgives what a crop lies beside its window."""

GRID, BLOCK, SHIFT = 48, 8, 3
"""Pictures are compared at GRID pixels, in blocks of BLOCK, each shifted by up to SHIFT."""

FLOOR = 3.0
"""Variance (grey values, squared) that encoding alone adds to a block."""

TELLING = 20.0
"""Variance from which on a block says something about the picture."""

INFORMATIVE = 5  # blocks that a judgement takes at least
COARSE, PROMISING = (-2, 0, 2), 0.6
"""A fifth of the shifts tells most other pictures apart; only the rest is looked at closely."""


@cache
def averaging(low: float, high: float, size: int) -> Floats:
    """Return the matrix, (size, SIDE), that averages the part low..high of a line down to size."""
    edges = np.linspace(low * SIDE, high * SIDE, size + 1)
    pixels = np.arange(SIDE)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    overlap = np.clip(upper - lower, 0.0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True), np.float32)


def scores_of(
    one: Floats, other: Floats, way: npt.NDArray[np.int64], mirrored: npt.NDArray[np.bool_]
) -> Floats:
    """Return for each pair, (P, SIDE, SIDE) twice, how well their blocks fit, -1..1."""
    sides = np.empty((2, len(one), GRID, GRID), np.float32)
    for number in np.unique(way):
        chosen = way == number
        for side, pixels, window in zip(sides, (one, other), WAYS[number], strict=True):
            left, top, right, bottom = WINDOWS[window]
            down, across = averaging(top, bottom, GRID), averaging(left, right, GRID)
            side[chosen] = down @ pixels[chosen] @ across.T
    sides[0][mirrored] = sides[0][mirrored][:, :, ::-1]
    scores = _fit(sides[0], sides[1], COARSE)
    promising = np.flatnonzero(scores >= PROMISING)
    if len(promising):
        closely = range(-SHIFT, SHIFT + 1)
        scores[promising] = _fit(sides[0][promising], sides[1][promising], closely)
    return scores


def _fit(one: Floats, other: Floats, shifts: Sequence[int]) -> Floats:
    """Return the median, over blocks of ``one``, of the best correlation with ``other``, (P,)."""
    per_side = (GRID - 2 * SHIFT) // BLOCK
    length = per_side * BLOCK
    offset = (GRID - length) // 2
    inner = slice(offset, offset + length)
    area = BLOCK * BLOCK
    mine = one[:, inner, inner]
    blocks = mine.reshape(len(one), per_side, BLOCK, per_side, BLOCK)
    centred = blocks - blocks.mean((2, 4), keepdims=True)
    spread = (centred**2).sum((2, 4)) / area
    sums = _box_sums(other)
    squares = _box_sums(other**2)
    variances = squares / area - (sums / area) ** 2
    best = np.full(spread.shape, -1.0, np.float32)
    matched = np.zeros(spread.shape, np.float32)
    for down in shifts:
        for across in shifts:
            rows = slice(offset + down, offset + down + length)
            columns = slice(offset + across, offset + across + length)
            there = other[:, rows, columns].reshape(blocks.shape)
            together = np.einsum("pabcd,pabcd->pac", centred, there) / area
            variance = variances[
                :, rows.start : rows.stop : BLOCK, columns.start : columns.stop : BLOCK
            ]
            correlation = together / np.sqrt((spread + FLOOR) * (np.maximum(variance, 0.0) + FLOOR))
            better = correlation > best
            np.copyto(best, correlation, where=better)
            np.copyto(matched, variance, where=better)
    # What is flat in both pictures says nothing for or against: it goes to the end, uncounted.
    telling = ((spread > TELLING) | (matched > TELLING)).reshape(len(one), -1)
    count = telling.sum(1)
    values = np.sort(np.where(telling, best.reshape(len(one), -1), np.inf), axis=1)
    middle = np.take_along_axis(values, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count >= INFORMATIVE, middle, -1.0).astype(np.float32)


def _box_sums(values: Floats) -> Floats:
    """Return the sum over the BLOCK × BLOCK pixels from each place on, (P, G-B+1, G-B+1)."""
    for axis in (1, 2):
        sums = np.cumsum(np.pad(values, [(0, 0), (axis == 1, 0), (axis == 2, 0)]), axis=axis)
        sums = np.moveaxis(sums, axis, 0)
        values = np.moveaxis(sums[BLOCK:] - sums[:-BLOCK], 0, axis)
    return values
