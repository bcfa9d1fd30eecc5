"""Candidates: which few of all other pictures each one may be a copy of.

Pictures and parts of them are compared by their low frequencies (the idea of a perceptual hash, but
as cosines of real numbers), after what the pictures of the set have in common is taken out: their
mean is subtracted, and directions in which all of them vary much are shortened (whitening, as H.
Jegou and O. Chum, 2012, do to compare pictures). In a set of radiographs or of things on a board
all pictures are alike, and what tells them apart decides.

Some thousands of pictures are all compared with each other; of more of them, each is compared with
those that ``lists.py`` finds near to it. One window is in memory at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.likeliest import Candidates, Likeliest
from tl_catdog.audit.lists import Lists
from tl_catdog.audit.thumbnails import SIDE
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.parallel import Progress, map_threaded

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
ASKED = 2**15  # pictures whose candidates are looked for at a time


class Described(Protocol):
    """The descriptors of pictures."""

    count: int
    """How many pictures, M."""

    def of(self, window: int) -> Floats:
        """Return those of a window, (M, FREQUENCIES²): lengths 1, or 0; the caller's to change."""


def candidates(pictures: Described, progress: Progress | None = None) -> Candidates:
    """Return the candidates of all pictures: at most ``CANDIDATES`` of each, all ``LIKELY``.

    Args:
        pictures: Their descriptors, in an order that is random, such as that of hashes.
        progress: Called with (done, total) as windows are compared.
    """
    likeliest = Likeliest(pictures.count, CANDIDATES, LIKELY)
    whole = pictures.of(0)
    starts = range(0, pictures.count, ASKED)
    done, total = 0, len(WINDOW_PAIRS) * len(starts)
    for window in range(len(WINDOWS)):
        theirs = pictures.of(window)
        traits = Traits.of(theirs)
        for start in range(0, len(theirs), CHUNK):
            theirs[start : start + CHUNK] = traits.without(theirs[start : start + CHUNK])
        lists = Lists(theirs)
        for pair, (own, other) in enumerate(WINDOW_PAIRS):
            if other != window:
                continue
            # A crop looks like the window that it was.
            queries = Queries(theirs) if own == other else Queries(whole, traits)
            ask = partial(_ask, likeliest, queries, lists, theirs, pair)
            for _ in map_threaded(ask, starts, ahead=4):
                done += 1
                if progress:
                    progress(done, total)
    return likeliest.candidates()


@dataclass(frozen=True)
class Queries:
    """What is compared of pictures.

    Attributes:
        own: Descriptors, (M, FREQUENCIES²).
        traits: What is to be taken out of them; None where it is.
    """

    own: Floats
    traits: Traits | None = None

    def of(self, rows: slice) -> Floats:
        """Return those of some pictures."""
        return self.own[rows] if self.traits is None else self.traits.without(self.own[rows])


class Descriptors:
    """The descriptors of all windows of a set's pictures, on the disk if they are many.

    Args:
        thumbnails: Of all pictures, (N, SIDE, SIDE).
        positions: Which of them are the set, (M,).
    """

    def __init__(self, thumbnails: ArrayStore, positions: npt.NDArray[np.int64]) -> None:
        self.count = len(positions)
        self._blocks = -(-len(positions) // CHUNK)
        shape = (CHUNK, FREQUENCIES * FREQUENCIES)
        self._store = ArrayStore(len(WINDOWS) * self._blocks, shape, np.float32)
        for block in range(self._blocks):
            some = positions[block * CHUNK : (block + 1) * CHUNK]
            pixels = thumbnails.read(some).astype(np.float32)
            for window in range(len(WINDOWS)):
                row = np.zeros(shape, np.float32)
                row[: len(some)] = descriptors(pixels, window)
                self._store.write(window * self._blocks + block, row)

    def of(self, window: int) -> Floats:
        """Return those of a window, (M, FREQUENCIES²)."""
        blocks = np.arange(window * self._blocks, (window + 1) * self._blocks)
        return self._store.read(blocks).reshape(-1, FREQUENCIES * FREQUENCIES)[: self.count]


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


def _ask(
    likeliest: Likeliest, queries: Queries, lists: Lists, theirs: Floats, pair: int, start: int
) -> None:
    """Compare the windows of all pictures with ``ASKED`` of them, from ``start`` on."""
    likeliest.ask(start, queries.of(slice(start, start + ASKED)), lists, theirs, pair)


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
