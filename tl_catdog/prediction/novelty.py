"""How unlike a picture is to those that a network learnt from.

A classifier that knows two kinds of thing is often sure of a third. What it computes on the way
tells more: pictures of a kind lie close together there. So the distance to the nearest of the
training pictures counts (deep nearest neighbours, Sun et al. 2022,
https://arxiv.org/abs/2204.06507), and whether a picture of nothing is nearer still (ADR 024).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.format import MAGIC_PREFIX

from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.data.npz import array_in, arrays_in, number_in, rows_in

NEIGHBOURS = 1
"""The nearest alone: a class of six pictures has no ten that are alike (ADR 024)."""

OLDER_NEIGHBOURS = 10
"""Runs from before had validation pictures as a bank, and the tenth nearest of these."""

KEPT = 1000
"""So many pictures at most are kept to compare with: 2.5 MB, a millisecond a picture."""

CLOSEST = 0.42
"""With the packaged backbone, pictures nearer than this are of a kind, whatever their light or
camera. Where all pictures are much alike, such as X-rays, others of the kind would else seem novel.
Chosen on six sets (ADR 024); holds for that backbone's features alone."""

CHUNK = 256  # pictures whose features are compared together
BLOCK = 64  # rows of the bank that are, with a few pictures: they stay in a core's own cache

Read = Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]
"""Gives the features of pictures by their positions, (B, F): what goes into the network's head."""


class FeatureBank:
    """Features of known pictures, which the features of others are compared with.

    Args:
        rows: Of known pictures, (R, F), each of length one.
        strangers: Of pictures of nothing, (S, F), each of length one; None for none.
        neighbours: Which of the nearest known pictures counts, 1 for the nearest.
        closest: Distances below this one count as this one, 0 to 1.
        split: Which pictures the known ones are.
    """

    def __init__(
        self,
        rows: npt.NDArray[Any],
        strangers: npt.NDArray[Any] | None = None,
        *,
        neighbours: int = NEIGHBOURS,
        closest: float = 0.0,
        split: str = TRAIN,
    ) -> None:
        self.rows = rows.astype(np.float32)
        none = np.empty((0, rows.shape[1]))
        self.strangers = (none if strangers is None else strangers).astype(np.float32)
        self.neighbours = neighbours
        self.closest = closest
        self.split = split

    @classmethod
    def of(
        cls,
        read: Read,
        n: int,
        strangers: npt.NDArray[Any] | None = None,
        *,
        neighbours: int = NEIGHBOURS,
        closest: float = 0.0,
    ) -> FeatureBank:
        """Make a bank of n training pictures, or of ``KEPT`` of them if there are more.

        Args:
            read: Gives their features.
            n: Number of pictures.
            strangers: Features of pictures of nothing, (S, F); None for none.
            neighbours: As above.
            closest: As above.
        """
        # Half precision is what is stored: a saved run then gives the distances of its training.
        rows = unit(read(chosen(n))).astype(np.float16)
        strange = None if strangers is None else unit(strangers).astype(np.float16)
        return cls(rows, strange, neighbours=neighbours, closest=closest)

    @classmethod
    def from_bytes(cls, content: bytes) -> FeatureBank:
        """Restore what ``to_bytes`` gave, now or in older versions: the rows alone.

        Raises:
            ValueError: It isn't that.
        """
        if content.startswith(MAGIC_PREFIX):
            rows = rows_in({"rows": array_in(content)}, "rows")
            return cls(rows, neighbours=OLDER_NEIGHBOURS, split=VALIDATION)
        found = arrays_in(content)
        rows = rows_in(found, "rows")
        return cls(
            rows,
            rows_in(found, "strangers", rows.shape[1]),
            neighbours=int(number_in(found, "neighbours", 1, KEPT)),
            closest=number_in(found, "closest", 0, 1),
        )

    def to_bytes(self) -> bytes:
        """Return the bank as an ``.npz`` file, features in half precision."""
        out = io.BytesIO()
        np.savez(
            out,
            allow_pickle=False,
            rows=self.rows.astype(np.float16),
            strangers=self.strangers.astype(np.float16),
            neighbours=np.int64(self.neighbours),
            closest=np.float64(self.closest),
        )
        return out.getvalue()

    def distance(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the novelty of a few pictures, (N,), 0 to 2.

        That is one minus the cosine of the angle to the ``neighbours``-th nearest known picture,
        but ``closest`` at least; and as much more as a stranger is nearer than that picture.

        Args:
            features: What goes into the network's head, (N, F).
        """
        # A matrix product would wake a thread for each core and wait for it, while the networks
        # keep all cores busy: it made predicting a folder half as fast on two cores.
        units = unit(features)[:, None]

        def cosines(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            blocks: Iterable[int] = range(0, len(rows), BLOCK)
            parts = [np.vecdot(units, rows[start : start + BLOCK]) for start in blocks]
            return np.concatenate(parts or [np.empty((len(units), 0), np.float32)], axis=1)

        return self._novelty(cosines(self.rows), cosines(self.strangers), len(self.rows))

    def distances(self, read: Read, n: int, *, own: bool) -> npt.NDArray[np.float64]:
        """Return the novelty of n pictures, (n,), in steps, so that memory stays flat.

        Args:
            read: Gives their features.
            n: Number of pictures.
            own: Whether the bank was made of these very pictures. None is compared with itself
                then: that would make it seem more familiar than others can be.
        """
        place = np.full(n, -1)
        if own:
            place[chosen(n)] = np.arange(len(self.rows))
        found = []
        for start in range(0, n, CHUNK):
            positions = np.arange(start, min(start + CHUNK, n))
            units = unit(read(positions))
            cosines = units @ self.rows.T
            itself = place[positions]
            cosines[np.flatnonzero(itself >= 0), itself[itself >= 0]] = -np.inf
            found.append(self._novelty(cosines, units @ self.strangers.T, len(self.rows) - own))
        return np.concatenate(found)

    def _novelty(
        self, known: npt.NDArray[np.float32], strange: npt.NDArray[np.float32], others: int
    ) -> npt.NDArray[np.float64]:
        """Return the novelty, (N,), by the cosines to known pictures and to strangers.

        Args:
            known: (N, R).
            strange: (N, S).
            others: Number of known pictures that aren't the picture itself.
        """
        if not others:  # a single picture has nothing to be compared with
            return np.full(len(known), self.closest)
        nearest = min(self.neighbours, others)  # the last of fewer
        distance = 1.0 - np.partition(known, -nearest, axis=1)[:, -nearest].astype(np.float64)
        found = np.maximum(distance, self.closest)
        if strange.shape[1]:
            found += np.maximum(0.0, distance - (1.0 - strange.max(axis=1)))
        return np.minimum(found, 2.0)


def limit_of(values: npt.NDArray[np.float64], part: float) -> float:
    """Return what at most ``part`` of further values exceed not, as conformal prediction has it.

    That is the ⌈(n + 1) · part⌉-th smallest (Vovk et al. 2005), or the greatest of few.
    """
    rank = min(math.ceil((len(values) + 1) * part), len(values))
    return float(np.sort(values)[rank - 1])


def chosen(n: int) -> npt.NDArray[np.int64]:
    """Return the positions of the pictures that are kept of n; always the same ones, in order."""
    if n <= KEPT:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, KEPT, replace=False))


def unit(features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return features, (N, F), each divided by its length."""
    vectors = features.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))
