"""Candidates: which few of all other pictures each one may be a copy of.

Pictures and parts of them are compared by their low frequencies (the idea of a perceptual hash, but
as cosines of real numbers), after what the pictures of the set have in common is taken out: their
mean is subtracted, and directions in which all of them vary much are shortened (whitening, as H.
Jegou and O. Chum, 2012, do to compare pictures). In a set of radiographs or of things on a board
all pictures are alike, and what tells them apart decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.thumbnails import SIDE
from tl_catdog.data.array_store import ArrayStore

Floats = npt.NDArray[np.float32]

OFFSETS = (0.0, 0.05, 0.1)
WINDOWS = (
    (0.0, 0.0, 1.0, 1.0),
    *((left, top, left + 0.9, top + 0.9) for top in OFFSETS for left in OFFSETS),
    (0.1, 0.1, 0.9, 0.9),
    (0.0, 0.0, 1.0, 0.88),
    (0.0, 0.12, 1.0, 1.0),
    (0.0, 0.0, 1.0, 1.0),
)
"""Parts of a picture: left, top, right, bottom, of its sides.

What a crop may have left of it, then what a caption may have left; the last one is the whole once
more, brightened."""

TOP, BOTTOM, BRIGHT = range(len(WINDOWS) - 3, len(WINDOWS))
BRIGHTENED = 1.4
"""How much brighter: of things on a light ground their outline is left, and the ground's own
brightness isn't, as in any copy that is so much brighter or more."""

WINDOW_PAIRS = (*((0, window) for window in range(len(WINDOWS))), (TOP, TOP), (BOTTOM, BOTTOM))
"""Which window of one picture is compared with which of another: the whole of one with a part of
the other, where one is a crop or brighter, or the same part of both, where a caption covers the
rest."""

FREQUENCIES = 8  # in each direction; more of them tell a crop from its window, fewer tell nothing
REDUCED = 32  # pixels that a window is averaged down to: crops matter less
CANDIDATES = 5  # of each picture; more copies of it are in its group by way of these

LIKELY = 0.6
"""Cosine of a likely copy. Of 60 crops from each of three sets (things on a board, radiographs,
flowers) 98 in 100 have 0.80 and more; of pictures brightened by 1.4, 0.88."""

SHORTENED = 0.3
"""What is added to each variance before directions are shortened, in terms of their mean: no noise
becomes as long as a trait."""

PRIOR = 30
"""The set's own traits count as much as no traits at all where it has so many pictures."""

FLAT = 0.2 * REDUCED
"""Length of low frequencies below which a picture shows nothing: noise of 0.2 grey values."""

CHUNK = 256  # pictures whose windows are read at a time


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be copies; each attribute is (P,).

    Attributes:
        first: Rows of the pictures that were asked for.
        second: Rows of the others.
        likeness: Their cosines, at least ``LIKELY``.
        window_pair: Which of ``WINDOW_PAIRS`` fits best.
        mirrored: Whether one of them is a mirror image.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    likeness: Floats
    window_pair: npt.NDArray[np.int64]
    mirrored: npt.NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """Return several pictures' candidates as one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class CandidateSearch:
    """Descriptors of a set's pictures, ready to be compared.

    Args:
        thumbnails: Of all pictures, (N, SIDE, SIDE).
        positions: Which of them are the set, (M,). Rows below count in them.
    """

    def __init__(self, thumbnails: ArrayStore, positions: npt.NDArray[np.int64]) -> None:
        parts: list[list[Floats]] = [[] for _ in WINDOWS]
        for start in range(0, len(positions), CHUNK):
            pixels = thumbnails.read(positions[start : start + CHUNK]).astype(np.float32)
            for window, part in enumerate(parts):
                part.append(descriptors(pixels, window))
        self._whole = np.concatenate(parts[0])
        self._traits: list[Traits] = []
        self._windows: list[Floats] = []
        for part in parts:
            found = np.concatenate(part)
            part.clear()
            self._traits.append(Traits.of(found))
            self._windows.append(self._traits[-1].without(found))

    def of(self, rows: npt.NDArray[np.int64]) -> Candidates:
        """Return the candidates of some pictures: at most ``CANDIDATES`` of each, all ``LIKELY``.

        Args:
            rows: Which pictures to ask for, (R,).
        """
        half = FREQUENCIES * FREQUENCIES // 2
        total = len(self._whole)
        best = np.full((len(rows), total), -1.0, np.float32)
        for one, two in WINDOW_PAIRS:
            own, others = self._own(rows, one, two), self._windows[two]
            # Mirroring turns the sign of the odd frequencies: both cosines come from two products.
            alike = own[:, half:] @ others[:, half:].T
            np.abs(alike, out=alike)
            alike += own[:, :half] @ others[:, :half].T
            np.maximum(best, alike, out=best)
        best[np.arange(len(rows)), rows] = -1.0
        count = min(CANDIDATES, total - 1)
        top = np.argpartition(best, total - count, axis=1)[:, total - count :]
        place, second = np.repeat(np.arange(len(rows)), count), top.ravel()
        likely = best[place, second] >= LIKELY
        place, second = place[likely], second[likely]
        products = [
            self._own(rows, one, two)[place] * self._windows[two][second]
            for one, two in WINDOW_PAIRS
        ]
        odd = np.stack([product[:, half:].sum(1) for product in products])
        even = np.stack([product[:, :half].sum(1) for product in products])
        chosen = (even + np.abs(odd)).argmax(0)
        mirrored = odd[chosen, np.arange(len(chosen))] < 0
        return Candidates(rows[place], second, best[place, second], chosen, mirrored)

    def _own(self, rows: npt.NDArray[np.int64], one: int, two: int) -> Floats:
        """Return descriptors to compare with those of window ``two``: a crop looks like it."""
        if one == two:
            return self._windows[one][rows]
        return self._traits[two].without(self._whole[rows])


@dataclass(frozen=True)
class Traits:
    """What the descriptors of a window have in common.

    Attributes:
        mean: Of the horizontally even frequencies, (F,); that of the odd ones is 0, since a picture
            might as well be mirrored.
        even: Matrix, (F, F), that shortens directions of the even frequencies.
        odd: The same for the odd ones.
    """

    mean: Floats
    even: Floats
    odd: Floats

    @classmethod
    def of(cls, found: Floats) -> Traits:
        """Return the traits of descriptors, (N, 2 F)."""
        half = found.shape[1] // 2
        known = len(found) / (len(found) + PRIOR)
        mean = found[:, :half].mean(0) * np.float32(known)
        return cls(
            mean, _shortening(found[:, :half] - mean, known), _shortening(found[:, half:], known)
        )

    def without(self, found: Floats) -> Floats:
        """Return descriptors, (N, 2 F), without these traits, of length 1 or 0."""
        half = found.shape[1] // 2
        told = np.any(found, axis=1, keepdims=True)  # what shows nothing is like nothing
        left = np.concatenate(
            [(found[:, :half] - self.mean) @ self.even, found[:, half:] @ self.odd], axis=1
        )
        length = np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-6)
        return np.asarray(np.where(told, left / length, 0.0), np.float32)


def _shortening(centred: Floats, known: float) -> Floats:
    """Return the matrix, (F, F), by which no direction has much more variance than another."""
    size = centred.shape[1]
    covariance = (centred.T @ centred).astype(np.float64) / len(centred)
    mean = max(np.trace(covariance) / size, 1e-12)
    variances, directions = np.linalg.eigh(known * covariance + (1 - known) * mean * np.eye(size))
    lengths = 1 / np.sqrt(np.maximum(variances, 0.0) / mean + SHORTENED)
    return np.asarray((directions * lengths) @ directions.T, np.float32)


@cache
def averaging(low: float, high: float, size: int) -> Floats:
    """Return the matrix, (size, SIDE), that averages the part low..high of a line down to size."""
    edges = np.linspace(low * SIDE, high * SIDE, size + 1)
    pixels = np.arange(SIDE)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    overlap = np.clip(upper - lower, 0.0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True), np.float32)


@cache
def _frequencies(low: float, high: float) -> Floats:
    """Return the matrix, (FREQUENCIES, SIDE), that takes a part of a line to its low frequencies.

    It is the orthonormal DCT-II of the part averaged down to REDUCED pixels.
    """
    k, n = np.arange(FREQUENCIES)[:, None], np.arange(REDUCED)
    cosines = np.cos(np.pi * (n + 0.5) * k / REDUCED) * np.sqrt(2.0 / REDUCED)
    cosines[0] /= np.sqrt(2.0)
    return np.asarray(cosines @ averaging(low, high, REDUCED), np.float32)


def descriptors(pixels: Floats, window: int) -> Floats:
    """Return the low frequencies of a window of each thumbnail, (N, FREQUENCIES²), of length 1.

    Horizontally even ones come first, then the odd ones, whose sign a mirror image turns. The mean
    is left out: brightness is no difference. A flat thumbnail is all zeros, and like nothing.

    Args:
        pixels: Thumbnails, (N, SIDE, SIDE).
        window: Which of ``WINDOWS``.
    """
    left, top, right, bottom = WINDOWS[window]
    if window == BRIGHT:
        pixels = np.minimum(BRIGHTENED * pixels, 255.0)
    down, across = _frequencies(top, bottom), _frequencies(left, right)
    spectrum = down @ pixels @ across.T  # (N, FREQUENCIES, FREQUENCIES), vertical first
    spectrum[:, 0, 0] = 0.0
    even = spectrum[:, :, 0::2].reshape(len(pixels), -1)
    odd = spectrum[:, :, 1::2].reshape(len(pixels), -1)
    flat = np.concatenate([even, odd], axis=1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(np.where(length > FLAT, flat / np.maximum(length, 1e-6), 0.0), np.float32)
