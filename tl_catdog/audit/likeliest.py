"""The likeliest few of many pictures for each one, as more of their windows are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.lists import Floats, Integers, Lists

TOLD = 2**19
"""Cosines that are held at a time, by each thread: some 50 MB."""


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be copies; each attribute is (P,), sorted by ``first``, likelier ones first.

    Attributes:
        first: Rows of the pictures that were asked for.
        second: Rows of the others.
        likeness: Their cosines.
        window_pair: Which of ``candidates.WINDOW_PAIRS`` fits best.
        mirrored: Whether one of them is a mirror image.
    """

    first: Integers
    second: Integers
    likeness: Floats
    window_pair: Integers
    mirrored: npt.NDArray[np.bool_]


class Likeliest:
    """The likeliest ones of each picture: some 60 bytes a picture.

    Args:
        count: Number of pictures, M.
        most: So many are kept of each.
        least: The least cosine of any.
    """

    def __init__(self, count: int, most: int, least: float) -> None:
        self._most = most
        self._second = np.full((count, most), -1, np.int64)
        self._likeness = np.full((count, most), np.float32(least), np.float32)
        self._pair = np.zeros((count, most), np.uint8)
        self._mirrored = np.zeros((count, most), np.bool_)

    def ask(self, start: int, queries: Floats, lists: Lists, vectors: Floats, pair: int) -> None:
        """Compare some pictures with a window of all, and keep what is likelier than before.

        Other pictures may be asked for in other threads at the same time.

        Args:
            start: The row of the first of these pictures; they follow each other.
            queries: What is compared of them, (R, 2 F).
            lists: The window of all pictures.
            vectors: The same, (M, 2 F).
            pair: Which pair of windows is compared.
        """
        least = self._likeness[start : start + len(queries)].min(1)
        parts: list[tuple[Integers, Integers, Floats]] = []
        held = 0
        # One more of each list than is kept: a picture may find itself.
        for part in lists.compared(queries, least, self._most + 1):
            parts.append(part)
            held += len(part[0])
            if held >= TOLD:  # where all are alike
                self._keep(start, queries, vectors, pair, parts)
                least[:] = self._likeness[start : start + len(queries)].min(1)
                parts.clear()
                held = 0
        if parts:
            self._keep(start, queries, vectors, pair, parts)

    def _keep(
        self,
        start: int,
        queries: Floats,
        vectors: Floats,
        pair: int,
        parts: list[tuple[Integers, Integers, Floats]],
    ) -> None:
        """Keep what is likelier than before of what was told."""
        rows = slice(start, start + len(queries))
        first, second, likeness = (np.concatenate(some) for some in zip(*parts, strict=True))
        other = second != first + start
        first, second, likeness = first[other], second[other], likeness[other]
        half = vectors.shape[1] // 2
        odd = np.vecdot(queries[first, half:], vectors[second, half:])
        row, slot = np.nonzero(self._second[rows] >= 0)
        known = row + start, slot
        first = np.concatenate([row, first])
        second = np.concatenate([self._second[known], second])
        likeness = np.concatenate([self._likeness[known], likeness])
        mirrored = np.concatenate([self._mirrored[known], odd < 0])
        pairs = np.concatenate([self._pair[known], np.full(len(odd), pair, np.uint8)])
        order = np.lexsort((pairs, -likeness, second, first))
        order = order[_begins(first[order], second[order])]
        order = order[np.lexsort((second[order], -likeness[order], first[order]))]
        begins = np.flatnonzero(_begins(first[order]))
        rank = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
        order, rank = order[rank < self._most], rank[rank < self._most]
        kept = first[order] + start, rank
        self._second[kept] = second[order]
        self._likeness[kept] = likeness[order]
        self._pair[kept] = pairs[order]
        self._mirrored[kept] = mirrored[order]

    def candidates(self) -> Candidates:
        """Return what was kept."""
        kept = np.nonzero(self._second >= 0)
        return Candidates(
            kept[0],
            self._second[kept],
            self._likeness[kept],
            self._pair[kept].astype(np.int64),
            self._mirrored[kept],
        )


def _begins(*keys: Integers) -> npt.NDArray[np.bool_]:
    """Return which rows of sorted keys, each (P,), are the first of their kind."""
    found = np.ones(len(keys[0]), np.bool_)
    found[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return found
