"""Which unlabelled pictures to ask for next: pool-based active learning on cached features.

At first the typical ones of each cluster (TypiClust: Hacohen, Dekel, Weinshall 2022), since a head
that knows few pictures can't tell what it doesn't know; then those between two classes (margin
sampling: Scheffer, Decomain, Wrobel 2001), unlike each other. Every fifth question is drawn by lot,
whatever the head says: ``estimate`` judges by those. ADR 044 has what was compared on six sets.

Lots make the sample fair: each picture has one for good, by its content. A picture is of the sample
if no unlabelled one has a lower lot, also where it was labelled for another reason: of what is left
alone, the hard ones that were chosen would be missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]

UNLABELLED, LEFT_OUT = -1, -2

TYPICAL_AT_LEAST = 10  # labels before the head is asked
TYPICAL_OF_CLASS = 2  # and for each class that is known
CANDIDATES = 2  # times as many uncertain pictures as are asked: those unlike each other are taken
CHECK_EVERY = 5  # one question in so many is drawn by lot
NEIGHBOURS = 20  # a picture is as typical as it is like so many of its cluster
TRIALS = 4  # draws for each first centre of k-means
LLOYD_STEPS = 8  # of k-means; more move the centres by little


class Reason(StrEnum):
    """Why a picture is asked for."""

    TYPICAL = "typical"
    UNCERTAIN = "uncertain"
    CHECK = "check"


@dataclass(frozen=True)
class Question:
    """A picture to label next.

    Attributes:
        position: Its row of the features.
        reason: Why it. Which pictures are a random sample says ``check_sample``, not this.
    """

    position: int
    reason: Reason


def unit_rows(features: Features) -> Features:
    """Return rows of length 1, centred: as the head sees them, so that a product is a likeness.

    Args:
        features: Pooled features of all pictures, labelled or not, (N, F).
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    rows = features / np.maximum(lengths, 1e-12)
    return np.asarray(rows - rows.mean(axis=0), dtype=np.float32)


def lots(digests: Sequence[str], seed: int = 0) -> npt.NDArray[np.float64]:
    """Return the lot of each picture, (N,), 0..1: random, but always the same for its content.

    Args:
        digests: SHA-256 of the pictures, or their groups: copies then have one lot.
        seed: Other seeds, other lots.
    """
    hashes = [hashlib.sha256(f"{seed} {digest}".encode()).digest() for digest in digests]
    return np.array([int.from_bytes(some[:6]) / 2**48 for some in hashes], dtype=np.float64)


def check_sample(
    drawn: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return which labelled pictures are a random sample of all, (N,).

    Args:
        drawn: Their ``lots``, (N,).
        labels: Class indices, ``UNLABELLED``, or ``LEFT_OUT`` for what isn't to be asked, (N,).
    """
    left = drawn[labels == UNLABELLED]
    return (labels >= 0) & (drawn < (left.min() if len(left) else np.inf))


def next_questions(
    rows: Features,
    labels: npt.NDArray[np.int64],
    drawn: npt.NDArray[np.float64],
    probabilities: npt.NDArray[np.float64] | None,
    count: int,
    *,
    asked: int,
    seed: int = 0,
    check_every: int = CHECK_EVERY,
) -> tuple[Question, ...]:
    """Return what to ask next, the most telling first; the same for the same arguments.

    Args:
        rows: Features of N pictures, of ``unit_rows``, (N, F).
        labels: Class indices, ``UNLABELLED``, or ``LEFT_OUT`` for what isn't to be asked, (N,).
        drawn: Their ``lots``, (N,).
        probabilities: What the head gives each picture, (N, C), or None while there is no head.
        count: How many questions at most; fewer where fewer pictures are unlabelled.
        asked: How many questions were asked so far: it says which are drawn by lot.
        seed: Of k-means, and of which of equally uncertain pictures comes first.
        check_every: One question in so many is drawn by lot; 0 for none.
    """
    left = np.flatnonzero(labels == UNLABELLED)
    count = min(count, len(left))
    by_lot = [
        check_every > 0 and (asked + i) % check_every == check_every - 1 for i in range(count)
    ]
    checks = left[np.argsort(drawn[left], kind="stable")[: sum(by_lot)]]
    rest = np.setdiff1d(left, checks)
    if needs_typical(labels) or probabilities is None:
        reason, known = Reason.TYPICAL, np.flatnonzero(labels >= 0)
        chosen = typical(rows, known, rest, count - len(checks), seed=seed)
    else:
        reason = Reason.UNCERTAIN
        chosen = uncertain_and_diverse(rows, probabilities, rest, count - len(checks), seed=seed)
    of_lots, of_choice = iter(checks.tolist()), iter(chosen.tolist())
    return tuple(
        Question(next(of_lots), Reason.CHECK) if lot else Question(next(of_choice), reason)
        for lot in by_lot
    )


def needs_typical(labels: npt.NDArray[np.int64]) -> bool:
    """Return whether too few pictures are labelled for a head to say what it doesn't know.

    Args:
        labels: Class indices, less than 0 where there are none, (N,).
    """
    known = labels[labels >= 0]
    classes = len(np.unique(known))
    return classes < 2 or len(known) < max(TYPICAL_AT_LEAST, TYPICAL_OF_CLASS * classes)


def margins(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return by how much the likeliest class leads the second, (N,), 0..1: least is most unsure.

    Args:
        probabilities: (N, C), C being 2 or more.
    """
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0])


def uncertain_and_diverse(
    rows: Features,
    probabilities: npt.NDArray[np.float64],
    left: Positions,
    count: int,
    *,
    seed: int = 0,
) -> Positions:
    """Return uncertain pictures that are unlike each other, the most uncertain first.

    The first has the least margin; each further one is, of ``CANDIDATES`` times as many uncertain
    ones as are asked, the furthest from those chosen (k-centre: Sener, Savarese 2018).

    Args:
        rows: (N, F).
        probabilities: (N, C).
        left: Positions to choose from.
        count: How many.
        seed: Breaks ties.
    """
    if count < 1 or not len(left):
        return np.empty(0, dtype=np.int64)
    luck = np.random.default_rng(seed).random(len(rows))[left]
    order = np.lexsort((luck, margins(probabilities[left])))
    few = left[order[: CANDIDATES * count]]
    return few[k_centre(rows[few], count)]


def k_centre(points: Features, count: int) -> Positions:
    """Return places of points, each the furthest from those before it, the first being the first.

    Args:
        points: (N, F), N at least 1.
        count: How many, N at most.
    """
    chosen = [0]
    nearest = _distances(points, points[0])
    for _ in range(min(count, len(points)) - 1):
        nearest[chosen[-1]] = -1.0
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _distances(points, points[chosen[-1]]))
    return np.asarray(chosen, dtype=np.int64)


def typical(
    rows: Features, known: Positions, left: Positions, count: int, *, seed: int = 0
) -> Positions:
    """Return the most typical picture of each of the largest clusters that hold no labelled one.

    Args:
        rows: (N, F).
        known: Positions that are labelled.
        left: Positions to choose from.
        count: How many.
        seed: Of k-means.
    """
    count = min(count, len(left))
    if count < 1:
        return np.empty(0, dtype=np.int64)
    every = np.concatenate([known, left])
    clusters = k_means(rows[every], len(known) + count, seed=seed)
    covered = np.bincount(clusters[: len(known)], minlength=len(known) + count)
    free = clusters[len(known) :]
    sizes = np.bincount(free, minlength=len(covered))
    chosen: list[int] = []
    # The fewest labelled first, then the largest; once round all, they come again.
    while len(chosen) < count:
        for cluster in np.lexsort((-sizes, covered)):
            members = np.setdiff1d(left[free == cluster], chosen)
            if len(members) and len(chosen) < count:
                chosen.append(int(members[_typicality(rows[members]).argmax()]))
    return np.asarray(chosen, dtype=np.int64)


def k_means(points: Features, clusters: int, *, seed: int = 0) -> Positions:
    """Return the cluster of each point, (N,), by Lloyd's steps from k-means++ (Arthur 2007).

    Args:
        points: (N, F).
        clusters: How many, N at most; some may be empty.
        seed: Of the first centres.
    """
    rng = np.random.default_rng(seed)
    centres = points[k_means_pp(points, clusters, rng)]
    found = np.zeros(len(points), dtype=np.int64)
    for _ in range(LLOYD_STEPS):
        found = (points @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
        members = (found == np.arange(clusters)[:, None]).astype(np.float32)
        sums, sizes = members @ points, members.sum(axis=1, keepdims=True)
        centres = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres).astype(np.float32)
    return np.asarray(found, dtype=np.int64)


def k_means_pp(points: Features, count: int, rng: np.random.Generator) -> Positions:
    """Return places of points drawn by their squared distance from those drawn before.

    Greedy k-means++: of ``TRIALS`` draws that which leaves the least distance.

    Args:
        points: (N, F).
        count: How many, N at most.
        rng: Draws.
    """
    squares = (points**2).sum(axis=1)
    chosen = [int(rng.integers(len(points)))]
    nearest = _distances(points, points[chosen[0]])
    for _ in range(count - 1):
        nearest[chosen] = 0.0
        total = float(nearest.sum())
        if total <= 0:  # what is left are copies
            rest = np.setdiff1d(np.arange(len(points)), chosen)
            chosen += rest[: count - len(chosen)].tolist()
            break
        places = np.searchsorted(nearest.cumsum(), rng.random(TRIALS) * total, side="right")
        places = np.minimum(places, len(points) - 1)
        between = squares - 2 * (points[places] @ points.T) + squares[places][:, None]
        after = np.minimum(nearest, np.maximum(between, 0.0))
        best = int(after.sum(axis=1).argmin())
        chosen.append(int(places[best]))
        nearest = after[best]
    return np.asarray(chosen, dtype=np.int64)


def _distances(points: Features, point: Features) -> npt.NDArray[np.float64]:
    """Return the squared distances of points from one of them, (N,)."""
    squares = (points**2).sum(axis=1) - 2 * (points @ point) + (point**2).sum()
    return np.asarray(np.maximum(squares, 0.0), dtype=np.float64)


def _typicality(points: Features) -> npt.NDArray[np.float64]:
    """Return how near each point is to its nearest neighbours, (N,): negative mean distance."""
    squares = (points**2).sum(axis=1)
    between = squares[:, None] - 2 * (points @ points.T) + squares
    near = min(NEIGHBOURS + 1, len(points))
    some = np.partition(between, near - 1, axis=1)[:, :near]
    return np.asarray(-np.sqrt(np.maximum(some, 0.0)).mean(axis=1), dtype=np.float64)
