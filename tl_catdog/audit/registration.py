"""Registration: lays one picture over another.

A copy may be cropped, scaled, brighter and more contrasted than its original. Whatever of that
there is, is estimated by Gauss-Newton steps on the grey values (the classic scheme of B. Lucas and
T. Kanade, 1981, with weights against outliers), from coarse to fine; what is left are differences
that no such change explains. ADR 021 has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

Floats = npt.NDArray[np.float32]
Window = tuple[float, float, float, float]
"""Part of a picture: left, top, right, bottom, of its sides."""

SCALES = (0.75, 1.34)
"""How much of a picture's side, in terms of the other's, a crop may have left, and the inverse."""

GAINS = (0.5, 2.0)
"""How much more or less contrast a copy may have."""

BLACK, WHITE = 5.0, 250.0
"""Grey values beyond which what was there may have been cut off by a change of brightness."""

STEP = 0.06
"""A Gauss-Newton step changes scales and places (-1..1) by so much at most."""

GLANCE = 3.0
"""Standard deviation, in pixels, of what is too coarse to tell pictures apart."""


def reduced(images: Floats, factor: int) -> Floats:
    """Return pictures, (P, S, S), of which each pixel is the mean of a square of pixels."""
    count, side, _ = images.shape
    small = images.reshape(count, side // factor, factor, side // factor, factor)
    return np.asarray(small.mean((2, 4)), np.float32)


def smoothed(images: Floats, sigma: float) -> Floats:
    """Return pictures, (P, H, W), blurred by a Gaussian of so many pixels."""
    across = gaussian_filter1d(images, sigma, axis=2, mode="nearest", truncate=3.0)
    return np.asarray(gaussian_filter1d(across, sigma, axis=1, mode="nearest", truncate=3.0))


def _places(side: int, transforms: Floats) -> tuple[Floats, Floats]:
    """Return where pixels come from in the other picture, in pixels: down and across, (P, S)."""
    own = np.asarray((np.arange(side) + 0.5) / side * 2 - 1, np.float32)
    down = transforms[:, 0:1] * own + transforms[:, 1:2]
    across = transforms[:, 2:3] * own + transforms[:, 3:4]
    half = np.float32(side / 2)
    return (down + 1) * half - np.float32(0.5), (across + 1) * half - np.float32(0.5)


def _sampled(images: Floats, down: Floats, across: Floats) -> Floats:
    """Return pictures, (P, S, S), read at other places, linearly interpolated."""
    last = images.shape[1] - 1
    which = np.arange(len(images))[:, None]
    for places in (down, across):
        inside = np.clip(places, 0, last - 1e-3)
        lower = inside.astype(np.intp)
        part = (inside - lower).astype(np.float32)[:, :, None]
        # Whole rows, and turned in between: picking pixels one by one takes five times as long.
        first = images[which, lower]
        between = first + (images[which, lower + 1] - first) * part
        images = np.ascontiguousarray(between.swapaxes(1, 2))
    return images


def _covered(side: int, down: Floats, across: Floats) -> npt.NDArray[np.bool_]:
    """Return which pixels, (P, S, S), the other picture has."""
    rows = (down >= -0.5) & (down <= side - 0.5)
    columns = (across >= -0.5) & (across <= side - 0.5)
    return np.asarray(rows[:, :, None] & columns[:, None, :])


def register(one: Floats, other: Floats, transforms: Floats, steps: int) -> Floats:
    """Improve the estimates of how one picture lies in another.

    Args:
        one: Pictures, (P, S, S).
        other: The other of each pair, likewise.
        transforms: The estimates, (P, 6): scale and place down, scale and place across, in
            coordinates -1..1; gain and offset of the grey values.
        steps: How many Gauss-Newton steps to make.

    Returns:
        Better estimates, (P, 6).
    """
    count, side, _ = one.shape
    own = np.asarray((np.arange(side) + 0.5) / side * 2 - 1, np.float32)
    slope_down = np.gradient(other, axis=1) * np.float32(side / 2)
    slope_across = np.gradient(other, axis=2) * np.float32(side / 2)
    stable = np.diag([10.0, 10.0, 10.0, 10.0, 10.0, 0.1])  # where nothing is to be seen, stay
    jacobian = np.empty((count, 6, side, side), np.float32)
    found = transforms.astype(np.float32)
    for _ in range(steps):
        down, across = _places(side, found)
        there = _sampled(other, down, across)
        gain, offset = found[:, 4, None, None], found[:, 5, None, None]
        predicted = gain * there + offset
        residual = one - predicted
        # Of what was cut off it is known only that it is no darker, or no brighter.
        darker = ((one >= WHITE) & (residual <= 0)) | ((there <= BLACK) & (residual <= 0))
        brighter = ((one <= BLACK) & (residual >= 0)) | ((there >= WHITE) & (residual >= 0))
        used = _covered(side, down, across) & ~darker & ~brighter
        usual = np.median(np.abs(residual[:, ::2, ::2]).reshape(count, -1), axis=1)
        limit = 2.5 * np.maximum(usual, 1.0)[:, None, None]
        weight = used / (1 + (residual / limit) ** 2)
        jacobian[:, 1] = gain * _sampled(slope_down, down, across)
        jacobian[:, 0] = jacobian[:, 1] * own[:, None]
        jacobian[:, 3] = gain * _sampled(slope_across, down, across)
        jacobian[:, 2] = jacobian[:, 3] * own
        jacobian[:, 4] = there
        jacobian[:, 5] = 1.0
        flat = jacobian.reshape(count, 6, -1)
        weighted = flat * weight.reshape(count, 1, -1)
        matrix = (weighted @ flat.transpose(0, 2, 1)).astype(np.float64) + stable
        right = (weighted @ residual.reshape(count, -1, 1)).astype(np.float64)
        step = np.linalg.solve(matrix, right)[:, :, 0]
        step[:, :4] = np.clip(step[:, :4], -STEP, STEP)
        found = (found + step).astype(np.float32)
        found[:, [0, 2]] = np.clip(found[:, [0, 2]], *SCALES)
        found[:, 4] = np.clip(found[:, 4], *GAINS)
    return found


def started(windows: Sequence[tuple[Window, Window]]) -> Floats:
    """Return estimates, (P, 6), that lay a window of one picture over a window of the other."""
    found = np.zeros((len(windows), 6), np.float32)
    found[:, 4] = 1.0
    for row, (own, other) in zip(found, windows, strict=True):
        for place, (low, high) in ((0, (1, 3)), (2, (0, 2))):
            scale = (other[high] - other[low]) / (own[high] - own[low])
            row[place] = scale
            row[place + 1] = 2 * (other[low] + scale * (0.5 - own[low])) - 1
    return found


def aligned(other: Floats, transforms: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the other pictures as they should look if they are copies, and where they are known.

    Args:
        other: Pictures, (P, S, S).
        transforms: What ``register`` returned, (P, 6).
    """
    side = other.shape[1]
    down, across = _places(side, transforms)
    gain, offset = transforms[:, 4, None, None], transforms[:, 5, None, None]
    return gain * _sampled(other, down, across) + offset, _covered(side, down, across)


def likeness(one: Floats, other: Floats, transforms: Floats) -> Floats:
    """Return how well details correlate, (P,), -1..1: a glance that costs less than a comparison.

    The best of the whole pictures and of what a caption at the top or at the bottom leaves.

    Args:
        one: Pictures, (P, S, S).
        other: The other of each pair.
        transforms: What ``register`` returned, (P, 6).
    """
    predicted, known = aligned(other, transforms)
    predicted = np.clip(predicted, 0, 255)
    rows = one.shape[1] // 8
    found = []
    for part in (slice(None), slice(rows, None), slice(None, -rows)):
        first, second = one[:, part], predicted[:, part]
        first = (first - smoothed(first, GLANCE)) * known[:, part]
        second = (second - smoothed(second, GLANCE)) * known[:, part]
        sizes = (first**2).sum((1, 2)) * (second**2).sum((1, 2))
        found.append((first * second).sum((1, 2)) / np.sqrt(sizes + 1.0))
    return np.asarray(np.max(found, axis=0), np.float32)
