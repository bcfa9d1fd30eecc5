"""Block matching: how well one picture's blocks find their counterparts in another picture."""

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

WINDOW_PAIRS = (*((0, window) for window in range(len(WINDOWS))), (7, 7), (8, 8))
"""Which window of one picture is compared with which of another: the whole of one with a part of
the other, where one is a crop, or the same part of both, where a caption covers the rest. Shifting
the blocks makes up for a crop that lies beside its window."""

GRID, BLOCK, SHIFT = 48, 8, 3
"""Pictures are compared at GRID pixels, in blocks of BLOCK, each shifted by up to SHIFT."""

ENCODING_VARIANCE = 3.0
"""Variance (grey values, squared) that encoding alone adds to a block."""

INFORMATIVE_VARIANCE = 20.0
"""Variance above which a block says something about the picture: flat ones are all alike."""

LEAST_BLOCKS = 5
"""With fewer informative blocks two pictures can't be told to be copies."""

COARSE, PROMISING = (-2, 0, 2), 0.6
"""Shifts of the first pass, a fifth of all, and the score from which on there is a second one."""


@cache
def averaging(low: float, high: float, size: int) -> Floats:
    """Return the matrix, (size, SIDE), that averages the part low..high of a line down to size."""
    edges = np.linspace(low * SIDE, high * SIDE, size + 1)
    pixels = np.arange(SIDE)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    overlap = np.clip(upper - lower, 0.0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True), np.float32)


def match_scores(
    one: Floats, other: Floats, windows: npt.NDArray[np.int64], mirrored: npt.NDArray[np.bool_]
) -> Floats:
    """Return how well the blocks of each pair of pictures match, (P,), -1..1.

    Args:
        one: One thumbnail of each pair, (P, SIDE, SIDE).
        other: The other, likewise.
        windows: Which of ``WINDOW_PAIRS`` to compare, (P,).
        mirrored: Whether to mirror ``one``, (P,).
    """
    sides = np.empty((2, len(one), GRID, GRID), np.float32)
    for number in np.unique(windows):
        chosen = windows == number
        for side, pixels, window in zip(sides, (one, other), WINDOW_PAIRS[number], strict=True):
            left, top, right, bottom = WINDOWS[window]
            down, across = averaging(top, bottom, GRID), averaging(left, right, GRID)
            side[chosen] = down @ pixels[chosen] @ across.T
    sides[0][mirrored] = sides[0][mirrored][:, :, ::-1]
    scores = _median_correlation(sides[0], sides[1], COARSE)
    promising = np.flatnonzero(scores >= PROMISING)
    if len(promising):
        closely = range(-SHIFT, SHIFT + 1)
        scores[promising] = _median_correlation(sides[0][promising], sides[1][promising], closely)
    return scores


def _median_correlation(one: Floats, other: Floats, shifts: Sequence[int]) -> Floats:
    """Return the median, over informative blocks, of the best correlation at any shift, (P,).

    Pairs with fewer than ``LEAST_BLOCKS`` informative blocks get -1.

    Args:
        one: Pictures, (P, GRID, GRID), whose blocks stay where they are.
        other: Pictures likewise, whose blocks are shifted.
        shifts: By how many pixels, down and across.
    """
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
            correlation = together / np.sqrt(
                (spread + ENCODING_VARIANCE) * (np.maximum(variance, 0.0) + ENCODING_VARIANCE)
            )
            better = correlation > best
            np.copyto(best, correlation, where=better)
            np.copyto(matched, variance, where=better)
    # What is flat in both pictures says nothing for or against: infinite, it is sorted to the end.
    informative = ((spread > INFORMATIVE_VARIANCE) | (matched > INFORMATIVE_VARIANCE)).reshape(
        len(one), -1
    )
    count = informative.sum(1)
    values = np.sort(np.where(informative, best.reshape(len(one), -1), np.inf), axis=1)
    middle = np.take_along_axis(values, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count >= LEAST_BLOCKS, middle, -1.0).astype(np.float32)


def _box_sums(values: Floats) -> Floats:
    """Return the sum of the BLOCK × BLOCK pixels from each pixel on, (P, G-B+1, G-B+1)."""
    for axis in (1, 2):
        sums = np.cumsum(np.pad(values, [(0, 0), (axis == 1, 0), (axis == 2, 0)]), axis=axis)
        sums = np.moveaxis(sums, axis, 0)
        values = np.moveaxis(sums[BLOCK:] - sums[:-BLOCK], 0, axis)
    return values
