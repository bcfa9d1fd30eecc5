"""Differences: whether two pictures, laid over each other, show the same everywhere.

In a copy every square of the picture is as it is in the original, but for what encoding, another
size and another brightness do; in another picture of the same thing, or of another thing in the
same place, some squares aren't. The worst squares decide, not the middle one: what two pictures of
a set have in common (a board, a form, a backdrop) may be nearly all there is. ADR 021 has the
figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.registration import GAINS, Floats, aligned, smoothed

BLOCK = 8
"""Differences are looked at in squares of so many pixels."""

FINE, COARSE = 1.0, 4.0
"""Standard deviations, in pixels, of what is too fine to be compared, and of what is too coarse."""

BLURS = ((0.7, 0.0), (0.0, 0.7), (1.1, 0.0), (0.0, 1.1))
"""By how much one or the other picture is blurred, in pixels, in case it is the sharper one."""

NOISE = 4.0
"""Variance (grey values, squared) of a block that encoding alone may change."""

COLOUR_NOISE = 100.0
"""The same of a block's mean colour."""

GREY = 6.0
"""A picture all of whose blocks have less colour than this is a grey one."""

INFORMATIVE = 9.0
"""Variance above which a block shows something: flat ones are all alike."""

FEWEST, FEWEST_GREY = 4, 60
"""So many blocks must show something, and so many where only one of the pictures has colours."""

CAPTION = 2
"""So many rows of blocks at the top or at the bottom may be another's: a caption."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""What red, green and blue contribute to grey values in JPEG (ITU-R BT.601)."""

BRIGHTER, UNCLEAR = 8.0, 4.0
"""Where one picture is so many grey values brighter than the other on the mean, and they differ by
no more than so much, it may be for values that were cut off at 255."""

WHOLE, LEAST_WHOLE = 245, 0.02
"""Colours below which nothing was cut off, and the part of a picture that must have such ones."""

WORST, THIRD, MEAN, COLOUR = 1.0, 0.6, 0.2, 0.35
"""How much the worst block, the third worst one, all blocks and the third worst colour may differ
in copies: variance of the difference in terms of what is there."""

LEAST_OVERLAP = 0.6
"""Part of a picture that the other one must cover."""


def differences(
    one: Floats, other: Floats, transforms: Floats, sides: Floats
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return how much pairs of pictures differ, and how many blocks show something; both (P,).

    Differences are 0 for the same picture, 1 for the most that a copy may differ, and infinite
    where there is too little to be seen.

    Args:
        one: Pictures, (P, S, S), grey.
        other: The other of each pair.
        transforms: How it lies, see ``registration.register``, (P, 6).
        sides: Pixels of the shorter side of the smaller original of each pair, (P,): with few of
            them, encoding changes more of each.
    """
    predicted, known = aligned(other, transforms)
    predicted = np.clip(predicted, 0, 255)
    noise = NOISE * np.maximum(1.0, (one.shape[1] / np.maximum(sides, 1.0)) ** 2)
    rows = CAPTION * BLOCK
    best = np.full(len(one), np.inf, np.float32)
    shown = np.zeros(len(one), np.int64)
    for part in (slice(None), slice(rows, None), slice(None, -rows)):
        for blur in ((0.0, 0.0), *BLURS):
            # Only what isn't the same at once, and isn't another picture for sure, is worth it.
            open_ = (best > 0.5) & ((best < 2.5) | (blur == (0.0, 0.0)))
            if not open_.any():
                break
            found, count = _compared(
                smoothed(one[open_, part], float(np.hypot(FINE, blur[0]))),
                smoothed(predicted[open_, part], float(np.hypot(FINE, blur[1]))),
                known[open_, part],
                noise[open_],
            )
            better = found < best[open_]
            place = np.flatnonzero(open_)[better]
            best[place], shown[place] = found[better], count[better]
    best[known.mean((1, 2)) < LEAST_OVERLAP] = np.inf
    return best, shown


def _compared(
    first: Floats,
    second: Floats,
    known: npt.NDArray[np.bool_],
    noise: Floats,
) -> tuple[Floats, npt.NDArray[np.int64]]:
    mask = known.astype(np.float32)
    a, b = (first - smoothed(first, COARSE)) * mask, (second - smoothed(second, COARSE)) * mask
    there = np.maximum(_means(a * a), _means(b * b))
    differ = _means((a - b) ** 2)
    inside = _means(mask) > 0.5
    ratio = np.where(inside, differ / (there + noise[:, None, None]), 0).reshape(len(a), -1)
    worst = np.sort(ratio, axis=1)
    mean = (differ * inside).sum((1, 2)) / ((there * inside).sum((1, 2)) + noise)
    shown = ((there > INFORMATIVE) & inside).sum((1, 2))
    found = np.max([worst[:, -1] / WORST, worst[:, -3] / THIRD, mean / MEAN], axis=0)
    return np.where(shown >= FEWEST, found, np.inf).astype(np.float32), shown


def _means(values: Floats) -> Floats:
    """Return the mean of each block, (P, H / BLOCK, W / BLOCK)."""
    count, height, width = values.shape
    blocks = values.reshape(count, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return np.asarray(blocks.mean((2, 4)), np.float32)


@dataclass(frozen=True)
class Seen:
    """One picture of a pair.

    Attributes:
        grey: Its thumbnail, (S, S), mirrored as the other one is.
        rgb: The same in colours, (S, S, 3).
    """

    grey: Floats
    rgb: npt.NDArray[np.uint8]


def difference_in_colours(
    one: Seen, other: Seen, transform: Floats, side: float, grey: tuple[float, int]
) -> float:
    """Return how much two pictures differ, in colours as well; see ``differences``.

    A brighter copy has lost what exceeded 255, in each colour by itself, which grey values alone
    don't tell. A grey copy of a picture in colours is a copy, if it shows enough.

    Args:
        one: A picture.
        other: The other one.
        transform: How it lies in the first one, (6,).
        side: Pixels of the shorter side of the smaller original.
        grey: How much they differ by grey values alone, and how many blocks show something.
    """
    difference, shown = grey
    bright, dark = one, other
    if one.grey.mean() < other.grey.mean():
        bright, dark, transform = other, one, _inverse(transform)
    if difference > 1:
        transform = _brightened(bright, dark, transform)
    seen = np.clip(transform[4] * dark.rgb.astype(np.float32) + transform[5], 0, 255)
    if difference > 1:
        cut_off = (seen @ LUMA - transform[5]) / transform[4]
        sides = np.array([side], np.float32)
        again, count = differences(bright.grey[None], cut_off[None], transform[None], sides)
        if again[0] < difference:
            difference, shown = float(again[0]), int(count[0])
    still = np.stack([transform, transform])
    still[:, 4:] = 1.0, 0.0
    there, known = aligned(_chroma(seen), still)
    inside = _means(known[:1].astype(np.float32))[0] > 0.5
    first, second = _means(_chroma(bright.rgb.astype(np.float32))), _means(there)
    colours = []
    for part in (slice(None), slice(CAPTION, None), slice(None, -CAPTION)):
        chosen = inside[part]
        colours.append(_of_colours(first[:, part][:, chosen], second[:, part][:, chosen], shown))
    return max(difference, min(colours))


def _brightened(bright: Seen, dark: Seen, transform: Floats) -> Floats:
    """Return a transform with the gain and offset of those values that nothing was cut off of."""
    still = transform.copy()
    still[4:] = 1.0, 0.0
    there, known = aligned(dark.grey[None], still[None])
    whole = known[0] & (bright.rgb.max(2) < WHOLE) & (bright.rgb.min(2) > 0)
    values, targets = there[0][whole].astype(np.float64), bright.grey[whole].astype(np.float64)
    if len(values) < LEAST_WHOLE * known.size or values.std() < 1:
        return transform
    gain = np.cov(values, targets)[0, 1] / values.var(ddof=1)
    fitted = still
    fitted[4] = np.clip(gain, *GAINS)
    fitted[5] = targets.mean() - fitted[4] * values.mean()
    return fitted


def _inverse(transform: Floats) -> Floats:
    """Return how the first picture lies in the other, (6,)."""
    down, below, across, beside, gain, offset = transform
    return np.array(
        [1 / down, -below / down, 1 / across, -beside / across, 1 / gain, -offset / gain],
        np.float32,
    )


def _of_colours(first: Floats, second: Floats, shown: int) -> float:
    """Return how much the mean colours of blocks, (2, B), differ."""
    strength = [float(np.quantile(np.hypot(*colours), 0.98)) for colours in (first, second)]
    if min(strength) < GREY:
        return 0.0 if max(strength) < 2 * GREY or shown >= FEWEST_GREY else float("inf")
    vivid = float(np.clip((first * second).sum() / (second * second).sum(), 0.6, 1.7))
    differ = ((first - vivid * second) ** 2).sum(0)
    there = np.maximum((first**2).sum(0), ((vivid * second) ** 2).sum(0))
    return float(np.sort(differ / (there + COLOUR_NOISE))[-3]) / COLOUR


def _chroma(rgb: Floats) -> Floats:
    """Return the two colour differences of JPEG, (2, S, S): 0 where there is no colour."""
    luma = rgb @ LUMA
    return np.stack([0.564 * (rgb[:, :, 2] - luma), 0.713 * (rgb[:, :, 0] - luma)])
