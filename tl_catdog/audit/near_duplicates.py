"""Near-copies: the same photograph once more, re-encoded, resized, mirrored, cropped or captioned.

Two steps, both on looks (``looks.py``). First every picture asks which others it could be a part
of: it is compared with nine windows of each, and their mirror images, by its low frequencies (the
idea of a perceptual hash, but as a cosine similarity of real numbers). Then each of its few best
candidates is laid over it and compared block by block, each block shifted by a few pixels: in a
copy nearly all blocks find their counterpart, in another picture few do. ADR 013 has the figures.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tl_catdog.audit.block_matching import WAYS, WINDOWS, Floats, averaging, scores_of
from tl_catdog.audit.thumbnails import SIDE, grey_of, look_of
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import Pixels, opened
from tl_catdog.data.parallel import Progress, map_threaded
from tl_catdog.data.reading import read_file

FREQUENCIES = 8  # in each direction; more of them tell a crop from its window, fewer tell nothing
CANDIDATES = 5  # of each picture; groups of more copies hang together by their members
LIKELY = 0.75  # cosine similarity; of 2,500 copies the least like its original had 0.79

SAME = 0.87
"""Median correlation of the blocks from which on two pictures are copies."""

STRICTER = (SAME, 0.9, 0.93, 0.96, 0.98, 0.99, 0.995)
"""Where pictures look alike that are none (digits, slides of one microscope), copies must be more
so: the first of these at which no group of copies is too large to be one."""

LARGEST, PART = 50, 0.1
"""Too large is a group of more pictures than LARGEST and than this part of all."""

CHUNK = 256  # pictures that are looked at together, and compared with all others at a time,
TABLE = 2**21  # unless that makes more similarities than so many


@dataclass(frozen=True)
class Pair:
    """Two pictures by their positions, ``first < second``, and how alike they are, 0..1."""

    first: int
    second: int
    score: float
    mirrored: bool


@dataclass(frozen=True)
class Copies:
    """The near-copies among some pictures.

    Attributes:
        pairs: By position.
        threshold: The score from which on two pictures were taken for copies; ``SAME``, or more
            where all of them look alike.
    """

    pairs: tuple[Pair, ...]
    threshold: float


def near_copies(
    looks: ArrayStore, positions: Sequence[int], progress: Progress | None = None
) -> Copies:
    """Find near-copies.

    Time grows with the square of the pictures, by a factor that 25,000 don't feel yet.

    Args:
        looks: Of all pictures, (N, SIDE, SIDE).
        positions: Which of them to compare, each once.
        progress: Hears how many are compared, and how many there are.
    """
    places = np.asarray(positions, np.int64)
    if len(places) < 2:
        return Copies((), SAME)
    found: dict[tuple[int, int], Pair] = {}
    windows = [_described(looks, places, window) for window in range(len(WINDOWS))]

    def compare(rows: npt.NDArray[np.int64]) -> list[Pair]:
        return _compare(looks, places, rows, windows)

    size = max(1, min(CHUNK, TABLE // len(places)))
    blocks = [
        np.arange(start, min(start + size, len(places))) for start in range(0, len(places), size)
    ]
    done = 0
    with threadpool_limits(1, "blas"):  # the threads that compare are enough
        for rows, pairs in zip(blocks, map_threaded(compare, blocks, ahead=4), strict=True):
            for pair in pairs:
                key = pair.first, pair.second
                if key not in found or found[key].score < pair.score:
                    found[key] = pair
            done += len(rows)
            if progress:
                progress(done, len(places))
    return _distinct([found[key] for key in sorted(found)], len(places))


def _distinct(pairs: Sequence[Pair], count: int) -> Copies:
    """Leave out what is alike only because everything is."""
    for threshold in STRICTER:
        kept = tuple(pair for pair in pairs if pair.score >= threshold)
        numbers = {place for pair in kept for place in (pair.first, pair.second)}
        index = {place: number for number, place in enumerate(sorted(numbers))}
        groups = grouped(len(index), [(index[pair.first], index[pair.second]) for pair in kept])
        if max(Counter(groups).values(), default=0) <= max(LARGEST, PART * count):
            return Copies(kept, threshold)
    return Copies((), 1.0)


def _compare(
    looks: ArrayStore,
    places: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    windows: Sequence[Floats],
) -> list[Pair]:
    """Return the copies that some pictures have among all."""
    mine, theirs, way, mirrored = _candidates(rows, windows)
    if not len(mine):
        return []
    one = looks.read(places[mine]).astype(np.float32)
    other = looks.read(places[theirs]).astype(np.float32)
    scores = scores_of(one, other, way, mirrored)
    pairs = []
    for index in np.flatnonzero(scores >= SAME):
        ends = sorted((int(places[mine[index]]), int(places[theirs[index]])))
        pairs.append(Pair(ends[0], ends[1], float(scores[index]), bool(mirrored[index])))
    return pairs


Candidates = tuple[
    npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]
]


def _candidates(rows: npt.NDArray[np.int64], windows: Sequence[Floats]) -> Candidates:
    """Return which pictures each row may be a copy or a part of, in which way, mirrored or not."""
    half = FREQUENCIES * FREQUENCIES // 2
    total = len(windows[0])
    best = np.full((len(rows), total), -1.0, np.float32)
    for one, two in WAYS:
        # Mirroring turns the sign of the odd frequencies, so both cosines come from two products.
        alike = windows[one][rows, half:] @ windows[two][:, half:].T
        np.abs(alike, out=alike)
        alike += windows[one][rows, :half] @ windows[two][:, :half].T
        np.maximum(best, alike, out=best)
    best[np.arange(len(rows)), rows] = -1.0
    count = min(CANDIDATES, total - 1)
    top = np.argpartition(best, total - count, axis=1)[:, total - count :]
    row, other = np.repeat(np.arange(len(rows)), count), top.ravel()
    likely = best[row, other] >= LIKELY
    mine, theirs = rows[row[likely]], other[likely]
    products = [windows[one][mine] * windows[two][theirs] for one, two in WAYS]
    odd = np.stack([product[:, half:].sum(1) for product in products])
    even = np.stack([product[:, :half].sum(1) for product in products])
    way = (even + np.abs(odd)).argmax(0)
    return mine, theirs, way, odd[way, np.arange(len(way))] < 0


@cache
def _frequencies(low: float, high: float) -> Floats:
    """Return the matrix, (FREQUENCIES, SIDE), that takes a part of a line to its low frequencies.

    It is the orthonormal DCT-II of the part averaged down to half of SIDE, where crops matter less.
    """
    size = SIDE // 2
    k, n = np.arange(FREQUENCIES)[:, None], np.arange(size)
    cosines = np.cos(np.pi * (n + 0.5) * k / size) * np.sqrt(2.0 / size)
    cosines[0] /= np.sqrt(2.0)
    return np.asarray(cosines @ averaging(low, high, size), np.float32)


def _described(looks: ArrayStore, places: npt.NDArray[np.int64], window: int) -> Floats:
    """Return the low frequencies of a window of each look, of length 1: even ones, then odd ones.

    Without the mean: brightness is no difference. A flat look is all zeros, and like nothing.
    """
    left, top, right, bottom = WINDOWS[window]
    down, across = _frequencies(top, bottom), _frequencies(left, right)
    parts = []
    for start in range(0, len(places), CHUNK):
        pixels = looks.read(places[start : start + CHUNK]).astype(np.float32)
        numbers = down @ pixels @ across.T  # (B, FREQUENCIES, FREQUENCIES), vertical first
        numbers[:, 0, 0] = 0.0
        flat = np.concatenate(
            [
                numbers[:, :, 0::2].reshape(len(pixels), -1),
                numbers[:, :, 1::2].reshape(len(pixels), -1),
            ],
            axis=1,
        )
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        parts.append(np.where(length > SIDE * 0.1, flat / np.maximum(length, 1e-6), 0.0))
    return np.concatenate(parts).astype(np.float32)


def grouped(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return a group for each of ``count`` items: the lowest position it hangs together with."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.asarray(pairs, np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, numbers = connected_components(links, directed=False)
    _, first, which = np.unique(numbers, return_index=True, return_inverse=True)
    return [int(position) for position in first[which]]


def copy_groups(paths: Sequence[Path], progress: Progress | None = None) -> list[int]:
    """Return a group for each picture: equal for pictures that are copies or near-copies.

    What can't be read is in no group but its own.

    Args:
        paths: The pictures.
        progress: Hears how many are looked at, and how many there are.
    """
    looks = ArrayStore(len(paths), (SIDE, SIDE), np.uint8)
    digests = []
    for position, (digest, look) in enumerate(map_threaded(_digest_and_look, paths)):
        digests.append(digest)
        if look is not None:
            looks.write(position, look)
        if progress:
            progress(position + 1, len(paths))
    return group_copies(digests, looks)[0]


def group_copies(
    digests: Sequence[str], looks: ArrayStore, progress: Progress | None = None
) -> tuple[list[int], Copies]:
    """Return a group for each picture, equal for copies and near-copies, and the near-copies.

    Args:
        digests: Of all pictures; ``UNREADABLE`` for those that have no look and no copies.
        looks: Of the others, (N, SIDE, SIDE).
        progress: Hears how many are compared, and how many there are.
    """
    first: dict[str, int] = {}
    pairs = []
    for position, digest in enumerate(digests):
        original = first.setdefault(digest, position) if digest != UNREADABLE else position
        if original != position:
            pairs.append((original, position))
    near = near_copies(looks, list(first.values()), progress)
    pairs += [(pair.first, pair.second) for pair in near.pairs]
    return grouped(len(digests), pairs), near


def _digest_and_look(path: Path) -> tuple[str, Pixels | None]:
    try:
        data = read_file(path)
        with opened(data) as image:
            return hashlib.sha256(data).hexdigest(), look_of(grey_of(image))
    except Exception:  # whoever decodes it for use says what is wrong with it
        return UNREADABLE, None
