"""Near-copies: the same photograph once more, re-encoded, resized, mirrored, cropped or captioned.

Two steps, both on thumbnails (``thumbnails.py``). First every picture is compared with nine windows
of each other one, and their mirror images, by its low frequencies (the idea of a perceptual hash,
but as a cosine similarity of real numbers). Then it is compared with each of its few best
candidates block by block, each block shifted by a few pixels (``block_matching.py``): in a copy
nearly all blocks find their counterpart, in another picture few do. ADR 013 has the figures.
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

from tl_catdog.audit.block_matching import WINDOW_PAIRS, WINDOWS, Floats, averaging, match_scores
from tl_catdog.audit.thumbnails import SIDE, grey_thumbnail, to_grey
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import Pixels, opened
from tl_catdog.data.parallel import Progress, map_threaded
from tl_catdog.data.reading import read_file

FREQUENCIES = 8  # in each direction; more of them tell a crop from its window, fewer tell nothing
CANDIDATES = 5  # of each picture; more copies of it are in its group by way of these
LIKELY = 0.75  # cosine similarity; of 2,500 copies the least like its original had 0.79

SAME = 0.87
"""Median correlation of the blocks from which on two pictures are copies."""

STRICTER = (SAME, 0.9, 0.93, 0.96, 0.98, 0.99, 0.995)
"""Where pictures look alike that are none (digits, slides of one microscope), copies must be more
so: the first of these at which no group of copies is too large to be one."""

LARGEST, PART = 50, 0.1
"""Too large is a group of more pictures than LARGEST and than this part of all."""

CHUNK = 256  # pictures that are compared with all others at a time,
TABLE = 2**21  # unless that makes more similarities than so many


@dataclass(frozen=True)
class Pair:
    """Two pictures by their positions, ``first < second``, and how alike they are, 0..1."""

    first: int
    second: int
    score: float
    mirrored: bool


@dataclass(frozen=True)
class NearCopies:
    """The near-copies among some pictures.

    Attributes:
        pairs: By position.
        threshold: The score from which on two pictures were taken for copies; ``SAME``, or more
            where all of them look alike.
    """

    pairs: tuple[Pair, ...]
    threshold: float


def near_copies(
    thumbnails: ArrayStore, positions: Sequence[int], progress: Progress | None = None
) -> NearCopies:
    """Find near-copies.

    Time grows with the square of the pictures, by a factor that 25,000 don't feel yet.

    Args:
        thumbnails: Of all pictures, (N, SIDE, SIDE).
        positions: Which of them to compare, each once.
        progress: Called with (done, total) while pictures are compared.
    """
    chosen = np.asarray(positions, np.int64)
    if len(chosen) < 2:
        return NearCopies((), SAME)
    found: dict[tuple[int, int], Pair] = {}
    windows = [_descriptors(thumbnails, chosen, window) for window in range(len(WINDOWS))]

    def compare(rows: npt.NDArray[np.int64]) -> list[Pair]:
        return _compare(thumbnails, chosen, rows, windows)

    size = max(1, min(CHUNK, TABLE // len(chosen)))
    blocks = [
        np.arange(start, min(start + size, len(chosen))) for start in range(0, len(chosen), size)
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
                progress(done, len(chosen))
    return _stricter([found[key] for key in sorted(found)], len(chosen))


def _stricter(pairs: Sequence[Pair], count: int) -> NearCopies:
    """Raise the threshold until no group of copies is too large to be one."""
    for threshold in STRICTER:
        kept = tuple(pair for pair in pairs if pair.score >= threshold)
        ends = sorted({end for pair in kept for end in (pair.first, pair.second)})
        index = {end: number for number, end in enumerate(ends)}
        groups = grouped(len(index), [(index[pair.first], index[pair.second]) for pair in kept])
        if max(Counter(groups).values(), default=0) <= max(LARGEST, PART * count):
            return NearCopies(kept, threshold)
    return NearCopies((), 1.0)


def _compare(
    thumbnails: ArrayStore,
    positions: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    windows: Sequence[Floats],
) -> list[Pair]:
    """Return the near-copies that the pictures ``rows`` have among all."""
    first, second, window_pair, mirrored = _candidates(rows, windows)
    if not len(first):
        return []
    one = thumbnails.read(positions[first]).astype(np.float32)
    other = thumbnails.read(positions[second]).astype(np.float32)
    scores = match_scores(one, other, window_pair, mirrored)
    pairs = []
    for index in np.flatnonzero(scores >= SAME):
        ends = sorted((int(positions[first[index]]), int(positions[second[index]])))
        pairs.append(Pair(ends[0], ends[1], float(scores[index]), bool(mirrored[index])))
    return pairs


Candidates = tuple[
    npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]
]


def _candidates(rows: npt.NDArray[np.int64], windows: Sequence[Floats]) -> Candidates:
    """Return which pictures each row may be a copy or a part of.

    Args:
        rows: Which pictures to ask for, (R,).
        windows: The descriptors of all pictures for each window, (N, FREQUENCIES²).

    Returns:
        Of each candidate, (P,): its row, the other picture, the best of ``WINDOW_PAIRS``, and
        whether it is mirrored.
    """
    half = FREQUENCIES * FREQUENCIES // 2
    total = len(windows[0])
    best = np.full((len(rows), total), -1.0, np.float32)
    for one, two in WINDOW_PAIRS:
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
    first, second = rows[row[likely]], other[likely]
    products = [windows[one][first] * windows[two][second] for one, two in WINDOW_PAIRS]
    odd = np.stack([product[:, half:].sum(1) for product in products])
    even = np.stack([product[:, :half].sum(1) for product in products])
    best_pair = (even + np.abs(odd)).argmax(0)
    return first, second, best_pair, odd[best_pair, np.arange(len(best_pair))] < 0


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


def _descriptors(thumbnails: ArrayStore, positions: npt.NDArray[np.int64], window: int) -> Floats:
    """Return the low frequencies of a window of each thumbnail, (N, FREQUENCIES²), of length 1.

    Horizontally even ones come first, then the odd ones, whose sign a mirror image turns. The mean
    is left out: brightness is no difference. A flat thumbnail is all zeros, and like nothing.
    """
    left, top, right, bottom = WINDOWS[window]
    down, across = _frequencies(top, bottom), _frequencies(left, right)
    parts = []
    for start in range(0, len(positions), CHUNK):
        pixels = thumbnails.read(positions[start : start + CHUNK]).astype(np.float32)
        spectrum = down @ pixels @ across.T  # (B, FREQUENCIES, FREQUENCIES), vertical first
        spectrum[:, 0, 0] = 0.0
        flat = np.concatenate(
            [
                spectrum[:, :, 0::2].reshape(len(pixels), -1),
                spectrum[:, :, 1::2].reshape(len(pixels), -1),
            ],
            axis=1,
        )
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        parts.append(np.where(length > SIDE * 0.1, flat / np.maximum(length, 1e-6), 0.0))
    return np.concatenate(parts).astype(np.float32)


def grouped(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return a group for each of ``count`` items: the least position that pairs connect it with.

    >>> grouped(5, [(1, 3), (3, 4)])
    [0, 1, 2, 1, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.asarray(pairs, np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, labels = connected_components(links, directed=False)
    _, first, which = np.unique(labels, return_index=True, return_inverse=True)
    return [int(position) for position in first[which]]


def copy_groups(paths: Sequence[Path], progress: Progress | None = None) -> list[int]:
    """Return a group for each picture: equal for pictures that are copies or near-copies.

    What can't be read is in no group but its own.

    Args:
        paths: The pictures.
        progress: Called with (done, total) while pictures are decoded.
    """
    thumbnails = ArrayStore(len(paths), (SIDE, SIDE), np.uint8)
    digests = []
    for position, (digest, small) in enumerate(map_threaded(_digest_and_thumbnail, paths)):
        digests.append(digest)
        if small is not None:
            thumbnails.write(position, small)
        if progress:
            progress(position + 1, len(paths))
    return group_copies(digests, thumbnails)[0]


def group_copies(
    digests: Sequence[str], thumbnails: ArrayStore, progress: Progress | None = None
) -> tuple[list[int], NearCopies]:
    """Return a group for each picture, equal for copies and near-copies, and the near-copies.

    Args:
        digests: Of all pictures; ``UNREADABLE`` for those that have no thumbnail and no copies.
        thumbnails: Of the others, (N, SIDE, SIDE).
        progress: Called with (done, total) while pictures are compared.
    """
    first: dict[str, int] = {}
    pairs = []
    for position, digest in enumerate(digests):
        original = first.setdefault(digest, position) if digest != UNREADABLE else position
        if original != position:
            pairs.append((original, position))
    near = near_copies(thumbnails, list(first.values()), progress)
    pairs += [(pair.first, pair.second) for pair in near.pairs]
    return grouped(len(digests), pairs), near


def _digest_and_thumbnail(path: Path) -> tuple[str, Pixels | None]:
    try:
        data = read_file(path)
        with opened(data) as image:
            return hashlib.sha256(data).hexdigest(), grey_thumbnail(to_grey(image))
    except Exception:  # whoever decodes it for use says what is wrong with it
        return UNREADABLE, None
