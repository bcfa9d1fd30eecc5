"""Near-copies: the same picture once more, re-encoded, resized, mirrored, cropped or captioned.

Three steps, each on fewer pairs. Every picture is compared with windows of each other one, and
their mirror images, by its low frequencies (``candidates.py``). Its few likely ones are laid over
it (``registration.py``). Where that fits, squares of both are compared (``differences.py``), and
their colours. ADR 021 has the figures.

``data check`` and ``data split`` both ask ``group_copies``, about pictures that ``inspect`` has
read, in the order of their contents: on the same pictures they find the same, wherever these lie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tl_catdog.audit.candidates import (
    BRIGHT,
    BRIGHTENED,
    WINDOW_PAIRS,
    WINDOWS,
    Descriptors,
    candidates,
)
from tl_catdog.audit.differences import (
    BRIGHTER,
    UNCLEAR,
    Seen,
    difference_in_colours,
    differences,
)
from tl_catdog.audit.inspection import inspect_all
from tl_catdog.audit.likeliest import Candidates
from tl_catdog.audit.registration import likeness, reduced, register, started
from tl_catdog.audit.thumbnails import Readable, Thumbnails, colour_thumbnail
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import Pixels
from tl_catdog.data.parallel import Progress, map_threaded

SAME = 0.5
"""Score from which on two pictures are copies; 1 is the same picture."""

SLACK = 0.05
"""Pictures whose score is lower by so much are kept together by splits, and not reported: so no
difference in the last bits between two machines makes a leak."""

LIMIT = 2 * (1 - SAME + SLACK)
"""Difference up to which a pair is told of: half of it is what a score lacks of 1."""

STRICTER = (SAME, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Where pictures look alike that are none, copies must be more so: the first of these at which no
group of copies is too large to be one."""

LARGEST, PART = 50, 0.1
"""Too large is a group of more pictures than LARGEST and than this part of all."""

PAIRS = 32  # pairs that are laid over each other at a time
SEEN = 128  # pictures whose colours are kept, 6 MB: a picture's pairs follow each other

LEVELS = ((4, 5, 0.78), (2, 3, 0.78), (1, 3, 0.0))
"""From coarse to fine: by how much thumbnails are reduced, how many steps registration makes, and
the likeness below which a pair is given up. Of 60 copies of each kind from each of four sets the
least alike have 0.84 and 0.83."""

Colours = Callable[[int], Pixels | None]
"""Returns a picture's colours by its position, (SIDE, SIDE, 3), or None if they can't be read."""


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
        pairs: By position; those of at least the threshold are copies, the others nearly so.
        threshold: The score from which on two pictures were taken for copies; ``SAME``, or more
            where all of them look alike.
    """

    pairs: tuple[Pair, ...]
    threshold: float

    @property
    def copies(self) -> tuple[Pair, ...]:
        """The pairs that are copies."""
        return tuple(pair for pair in self.pairs if pair.score >= self.threshold)


def near_copies(
    thumbnails: Thumbnails,
    positions: Sequence[int],
    colours: Colours = lambda position: None,
    progress: Progress | None = None,
) -> NearCopies:
    """Find near-copies.

    Time grows with the pictures (ADR 041).

    Args:
        thumbnails: Of all pictures.
        positions: Which of them to compare, each once.
        colours: Returns the colours of a picture; asked for few of them.
        progress: Called with (done, total) while pictures are compared.
    """
    seen = lru_cache(SEEN)(colours)
    chosen = np.asarray(positions, np.int64)
    if len(chosen) < 2:
        return NearCopies((), SAME)
    count = len(chosen)
    with threadpool_limits(1, "blas"):  # the threads that compare are enough

        def half(done: int, total: int) -> None:
            if progress:
                progress(count * done // total // 2, count)

        found = candidates(Descriptors(thumbnails.pixels, chosen), half)
        order = _each_once(found)
        parts = [order[start : start + PAIRS] for start in range(0, len(order), PAIRS)]

        def compare(part: npt.NDArray[np.int64]) -> list[Pair]:
            return compared(thumbnails, chosen, found, part, seen)

        pairs: list[Pair] = []
        for number, some in enumerate(map_threaded(compare, parts, ahead=4)):
            pairs += some
            if progress:
                progress((count + count * (number + 1) // len(parts)) // 2, count)
    if progress:
        progress(count, count)
    return stricter(sorted(pairs, key=lambda pair: (pair.first, pair.second)), count)


def _each_once(found: Candidates) -> npt.NDArray[np.int64]:
    """Return which candidates to compare: of a pair that was found both ways, the likelier."""
    low, high = np.minimum(found.first, found.second), np.maximum(found.first, found.second)
    # Found both ways, they are equally likely but for the last bits, which are a machine's own.
    order = np.lexsort((found.first, -np.round(found.likeness, 4), high, low))
    low, high = low[order], high[order]
    again = np.zeros(len(order), np.bool_)
    again[1:] = (low[1:] == low[:-1]) & (high[1:] == high[:-1])
    return np.asarray(order[~again], np.int64)


def compared(
    thumbnails: Thumbnails,
    chosen: npt.NDArray[np.int64],
    found: Candidates,
    part: npt.NDArray[np.int64],
    colours: Colours,
) -> list[Pair]:
    """Return which of some candidates are near-copies, or nearly.

    Args:
        thumbnails: Of all pictures.
        chosen: Positions of the pictures that candidates are rows of.
        found: The candidates.
        part: Which of them to compare.
        colours: See ``near_copies``.
    """
    first, second = chosen[found.first[part]], chosen[found.second[part]]
    mirrored = found.mirrored[part]
    one = thumbnails.pixels.read(first).astype(np.float32)
    other = thumbnails.pixels.read(second).astype(np.float32)
    one[mirrored] = one[mirrored][:, :, ::-1]
    windows = [WINDOW_PAIRS[number] for number in found.window_pair[part]]
    transforms = started([(WINDOWS[own], WINDOWS[theirs]) for own, theirs in windows])
    transforms[[theirs == BRIGHT for _, theirs in windows], 4] = BRIGHTENED
    left = np.arange(len(part))
    for factor, steps, least in LEVELS:
        coarse = reduced(one[left], factor), reduced(other[left], factor)
        transforms[left] = register(*coarse, transforms[left], steps)
        if least:
            left = left[likeness(*coarse, transforms[left]) >= least]
        if not len(left):
            return []
    sides = np.minimum(thumbnails.sides[first[left]], thumbnails.sides[second[left]])
    differ, shown = differences(one[left], other[left], transforms[left], sides)
    pairs = []
    for number, place in enumerate(left):
        ends = int(first[place]), int(second[place])
        difference = float(differ[number])
        brighter = abs(float(one[place].mean() - other[place].mean())) > BRIGHTER
        if difference <= LIMIT or (brighter and difference <= UNCLEAR):
            views = colours(ends[0]), colours(ends[1])
            if views[0] is not None and views[1] is not None:
                one_view = views[0][:, ::-1] if mirrored[place] else views[0]
                seen = Seen(one[place], one_view), Seen(other[place], views[1])
                difference = difference_in_colours(
                    *seen, transforms[place], sides[number], (difference, int(shown[number]))
                )
        if difference <= LIMIT:
            score = 1 - difference / 2
            pairs.append(Pair(min(ends), max(ends), score, bool(mirrored[place])))
    return pairs


def stricter(pairs: Sequence[Pair], count: int) -> NearCopies:
    """Raise the threshold until no group of copies of ``count`` pictures is too large to be one."""
    for threshold in STRICTER:
        kept = [pair for pair in pairs if pair.score >= threshold]
        ends = sorted({end for pair in kept for end in (pair.first, pair.second)})
        index = {end: number for number, end in enumerate(ends)}
        groups = grouped(len(index), [(index[pair.first], index[pair.second]) for pair in kept])
        if max(Counter(groups).values(), default=0) <= max(LARGEST, PART * count):
            near = tuple(pair for pair in pairs if pair.score >= threshold - SLACK)
            return NearCopies(near, threshold)
    return NearCopies((), 1.0)


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

    Groups hang together by pairs: no pair that ``data check`` reports is in two of them. What can't
    be read is in no group but its own.

    Args:
        paths: The pictures.
        progress: Called with (done, total) while pictures are decoded.
    """
    thumbnails = Thumbnails(len(paths))
    digests = []
    for position, found in enumerate(inspect_all(paths)):
        digests.append(UNREADABLE if found.thumbnail is None else found.digest)
        thumbnails.write(position, found.thumbnail, found.side)
        if progress:
            progress(position + 1, len(paths))
    return group_copies(digests, thumbnails, paths)[0]


def group_copies(
    digests: Sequence[str],
    thumbnails: Thumbnails,
    paths: Sequence[Path | Readable],
    progress: Progress | None = None,
) -> tuple[list[int], NearCopies]:
    """Return a group for each picture, equal for copies and near-copies, and the near-copies.

    Args:
        digests: Of all pictures; ``UNREADABLE`` for those that have no thumbnail and no copies.
        thumbnails: Of the others.
        paths: All pictures.
        progress: Called with (done, total) while pictures are compared.

    Returns:
        The groups, (N,); and the near-copies, of identical pictures the first only.
    """
    same: dict[str, list[int]] = {}
    for position, digest in enumerate(digests):
        if digest != UNREADABLE:
            same.setdefault(digest, []).append(position)
    # The pictures' order and places must not matter, since a split changes them.
    contents = [same[digest][0] for digest in sorted(same)]
    near = near_copies(
        thumbnails, contents, lambda position: colour_thumbnail(paths[position]), progress
    )
    pairs = [pair for members in same.values() for pair in pairwise(members)]
    pairs += [(pair.first, pair.second) for pair in near.pairs]
    return grouped(len(digests), pairs), near
