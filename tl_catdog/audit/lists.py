"""Lists of like vectors: each vector is compared with those of a few lists, not with all others.

Inverted lists, as J. Sivic and A. Zisserman (2003) find like pictures: vectors are put into lists
around centres (k-means), centres into groups, and a query is compared with the members of the lists
whose centres are nearest. Lists have a size, whatever the vectors are, so the work for a query is
bounded: where all vectors are alike, lists are cut. Few vectors are all compared. ADR 041 has the
figures, and what else was weighed.

Vectors may be mirrored: of the second half of their values all signs may be turned.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

SIZE = 256
"""Members of a list, on average; no list has more than twice as many."""

PROBED = 64
"""Lists that a query is compared with: all of them, up to so many times SIZE vectors. Of a million
pictures 32 lose one in 90 copies, of those that are cropped by a fifth one in twelve."""

REACHED = 16
"""Groups of lists among which these are looked for."""

UNEVEN = 4
"""No group is more than so many times as large as the mean one."""

SAMPLED = 32
"""Vectors for each centre from which centres are found,"""

ROUNDS = 4  # in so many rounds of k-means

BLOCK = 1024  # queries that are compared with a list at a time
CHUNK = 4096  # vectors that are compared with centres at a time


def alike(one: Floats, other: Floats) -> Floats:
    """Return cosines, (Q, V), of vectors of length 1, or of a mirrored one if that is more.

    Mirroring turns the sign of the second half: both cosines come from two products.

    Args:
        one: (Q, 2 F).
        other: (V, 2 F).
    """
    half = one.shape[1] // 2
    found = one[:, half:] @ other[:, half:].T
    np.abs(found, out=found)
    found += one[:, :half] @ other[:, :half].T
    return np.asarray(found, np.float32)


class Lists:
    """Vectors in lists of like ones.

    Args:
        vectors: Of length 1, or 0 for what is like nothing and so in no list, (V, 2 F). Their order
            must be random, such as that of hashes; the lists depend on nothing else.
    """

    def __init__(self, vectors: Floats) -> None:
        members = np.flatnonzero(np.any(vectors, axis=1))
        if len(members) <= PROBED * SIZE:
            groups = [np.array_split(members, -(-len(members) // SIZE) or 1)]
        else:
            count = round((len(members) / SIZE) ** 0.5)
            groups = [
                [
                    part
                    for like in _clusters(vectors, group, -(-len(group) // SIZE))
                    for part in _cut(vectors, like, 2 * SIZE)
                ]
                for near in _clusters(vectors, members, count)
                for group in _cut(vectors, near, UNEVEN * len(members) // count)
            ]
        lists = [some for group in groups for some in group]
        self.members: Integers = np.concatenate(lists)
        """Which vectors: those of the first list, then of the second one, ..."""
        self._ends = np.cumsum([0, *map(len, lists)])
        self._vectors = vectors[self.members]
        self._few = len(lists) <= PROBED
        if not self._few:
            self._centres = np.stack([_centre(vectors[some]) for some in lists])
            self._groups = np.cumsum([0, *map(len, groups)])
            of_groups = [_centre(vectors[np.concatenate(group)]) for group in groups]
            self._group_centres = np.stack(of_groups)

    def compared(
        self, queries: Floats, least: Floats, most: int
    ) -> Iterator[tuple[Integers, Integers, Floats]]:
        """Compare queries with the lists that are nearest to them.

        Args:
            queries: (Q, 2 F), of length 1, or 0 for what is like nothing.
            least: Cosines of each query below which nothing is to be told, (Q,).
            most: So many of a list are told of each query, the likeliest.

        Yields:
            For each list: queries, vectors and their cosines; each (P,), queries ascending.
        """
        rows, numbers = self._near(queries)
        short = np.min_scalar_type(len(self._ends))  # few bits are sorted faster
        order = np.argsort(numbers.astype(short), kind="stable")
        rows, ends = rows[order], np.searchsorted(numbers[order], np.arange(len(self._ends)))
        for number in range(len(self._ends) - 1):
            there = slice(self._ends[number], self._ends[number + 1])
            for start in range(ends[number], ends[number + 1], BLOCK):
                some = rows[start : min(start + BLOCK, ends[number + 1])]
                found = alike(queries[some], self._vectors[there])
                told = found >= least[some, None]
                crowded = np.flatnonzero(told.sum(1) > most)
                if len(crowded):  # where all are alike there would be no end of them
                    told[crowded] = False
                    told[crowded[:, None], _largest(found[crowded], most)] = True
                query, place = np.nonzero(told)
                yield some[query], self.members[there][place], found[query, place]

    def _near(self, queries: Floats) -> tuple[Integers, Integers]:
        """Return pairs of a query and a list that is near to it, both (P,), queries ascending."""
        told = np.flatnonzero(np.any(queries, axis=1))
        if self._few:
            count = len(self._ends) - 1
            return told.repeat(count), np.tile(np.arange(count), len(told))
        parts = [
            self._nearest(queries[told[start : start + BLOCK]])
            for start in range(0, len(told), BLOCK)
        ]
        numbers = np.concatenate([np.empty((0, PROBED), np.int64), *parts])
        known = numbers >= 0
        return told.repeat(PROBED)[known.ravel()], numbers[known]

    def _nearest(self, queries: Floats) -> Integers:
        """Return the lists nearest to each query, (Q, PROBED), -1 where there are fewer."""
        sizes = np.diff(self._groups)
        reached, width = min(REACHED, len(sizes)), min(PROBED, int(sizes.max()))
        groups = _largest(alike(queries, self._group_centres), reached)
        likeness = np.full((len(queries), reached, width), -2.0, np.float32)
        numbers = np.full((len(queries), reached, width), -1, np.int64)
        for group, size in enumerate(sizes):
            first = self._groups[group]
            row, slot = np.nonzero(groups == group)
            found = alike(queries[row], self._centres[first : first + size])
            if size <= width:  # all of them: nothing to choose from
                likeness[row, slot, :size] = found
                numbers[row, slot, :size] = np.arange(first, first + size)
            else:
                best = _largest(found, width)
                likeness[row, slot] = np.take_along_axis(found, best, 1)
                numbers[row, slot] = first + best
        flat = likeness.reshape(len(queries), -1)
        chosen = _largest(flat, min(PROBED, flat.shape[1]))
        nearest = np.full((len(queries), PROBED), -1, np.int64)
        nearest[:, : chosen.shape[1]] = np.take_along_axis(
            numbers.reshape(len(queries), -1), chosen, 1
        )
        return nearest


def _largest(values: Floats, count: int) -> Integers:
    """Return the positions of the largest values of each row, (R, count), in no order."""
    if count >= values.shape[1]:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(values, values.shape[1] - count, axis=1)[:, values.shape[1] - count :]


def _clusters(vectors: Floats, members: Integers, count: int) -> list[Integers]:
    """Return some vectors in ``count`` clusters at most, none of them empty."""
    if count < 2:
        return [members]
    sample = vectors[members[:: max(1, len(members) // (SAMPLED * count))]]
    centres = sample[:: max(1, len(sample) // count)][:count].copy()
    for _ in range(ROUNDS):
        nearest = alike(sample, centres).argmax(1)
        for number, like in _by_number(nearest):
            centres[number] = _centre(sample[like], centres[number])
    parts = [
        alike(vectors[members[start : start + CHUNK]], centres).argmax(1)
        for start in range(0, len(members), CHUNK)
    ]
    return [members[like] for _, like in _by_number(np.concatenate(parts))]


def _by_number(numbers: Integers) -> list[tuple[int, Integers]]:
    """Return each number that there is, and where, ascending."""
    order = np.argsort(numbers, kind="stable")
    known, first = np.unique(numbers[order], return_index=True)
    return list(zip(known.tolist(), np.split(order, first[1:]), strict=True))


def _centre(vectors: Floats, near: Floats | None = None) -> Floats:
    """Return the mean of vectors, (2 F,), of length 1, each mirrored if that is nearer."""
    half = vectors.shape[1] // 2
    towards = vectors[0] if near is None else near
    sign = np.where(vectors[:, half:] @ towards[half:] < 0, np.float32(-1), np.float32(1))
    mean = np.concatenate([vectors[:, :half].mean(0), sign @ vectors[:, half:] / len(vectors)])
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


def _cut(vectors: Floats, members: Integers, most: int) -> list[Integers]:
    """Return some vectors in parts of ``most`` at most, cut across their longest direction."""
    if len(members) <= most:
        return [members]
    some = vectors[members]
    sample = some[:: max(1, len(some) // CHUNK)]
    centred = (sample - sample.mean(0)).astype(np.float64)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1].astype(np.float32)
    order = np.argsort(some @ direction, kind="stable")
    return np.array_split(members[order], -(-len(members) // most))
