"""When the head that teaching learns says "unsure": by the policy that a run of few pictures has.

A training without validation pictures promises by what heads said of pictures that they didn't see
(ADR 010, ADR 024). The same here, on those that stand for new ones, one of each group: copies and
the frames of a burst would be counted as further proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tl_catdog.prediction.novelty import CLOSEST, FeatureBank
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import Policy, choose_policy
from tl_catdog.teach.estimate import LEAST
from tl_catdog.teach.heads import Floats, Labels, Rows, Store
from tl_catdog.wording import count, percent, plural

GROWN = 1.25  # times as many labelled pictures as at the last time, and all are compared again


def nothing() -> Rows:
    """Return the features of no pictures."""
    return np.empty((0, 0), np.float32)


class Familiar:
    """The labelled pictures, to tell how unlike them another one is; kept between lessons.

    Args:
        strangers: Gives the features of pictures of nothing, (S, F), once they are needed.
    """

    def __init__(self, strangers: Callable[[], Rows] = nothing) -> None:
        self.bank: FeatureBank | None = None
        self._strangers = strangers
        self._novelty: dict[str, float] = {}
        self._of = 0

    def novelty(self, store: Store, digests: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return how unlike the others each labelled picture is, (N,), 0 to 2.

        Args:
            store: Their features.
            digests: The SHA-256 of all labelled pictures, N.
        """
        if self.bank is None or not self._of / GROWN < len(digests) < self._of * GROWN:
            self._renew(store, digests)
        bank, new = self.bank, [digest for digest in digests if digest not in self._novelty]
        if bank is not None and new:
            found = bank.distances(lambda some: _units(store, new, some), len(new), own=False)
            self._novelty |= dict(zip(new, found.tolist(), strict=True))
        return np.array([self._novelty[digest] for digest in digests], dtype=np.float64)

    def _renew(self, store: Store, digests: Sequence[str]) -> None:
        strangers = self._strangers()

        def read(some: Labels) -> Rows:
            return _units(store, digests, some)

        self.bank = FeatureBank.of(
            read, len(digests), strangers if len(strangers) else None, closest=CLOSEST
        )
        found = self.bank.distances(read, len(digests), own=True)
        self._novelty = dict(zip(digests, found.tolist(), strict=True))
        self._of = len(digests)


def policy(
    classes: Sequence[str],
    labels: Labels,
    chances: Floats,
    check: npt.NDArray[np.bool_],
    groups: Sequence[str],
    novelty: npt.NDArray[np.float64],
) -> Policy | None:
    """Return when an answer is given; None where fewer than ten groups can tell.

    Args:
        classes: C names.
        labels: Class indices of the labelled pictures, (N,).
        chances: What heads say of them that saw neither them nor their group, calibrated, (N, C);
            rows of zeros where none could be trained.
        check: Which of them stand for new pictures, (N,).
        groups: Equal for copies and pictures of one burst, (N,).
        novelty: How unlike the others each is, (N,).
    """
    there = np.flatnonzero(check & (chances.max(axis=1) > 0))
    _, first = np.unique(np.asarray(groups)[there], return_index=True)
    some = there[np.sort(first)]
    if len(some) < LEAST:
        return None
    names = tuple(str(place) for place in some.tolist())
    judged = Predictions(tuple(classes), names, names, labels[some], chances[some], novelty[some])
    return choose_policy(judged, out_of_fold=True)


def promise(policy: Policy | None) -> str:
    """Say what is promised of the answers given, and when none is, to people who only try it.

    Args:
        policy: When an answer is given; None for what is more probable than not.
    """
    if policy is None:
        return (
            "Nothing can be promised yet, too few pictures were judged: it answers what is more "
            "probable than not, and else says unsure."
        )
    unlike = ", or the picture is unlike those it knows" if policy.novelty is not None else ""
    least = percent(policy.confidence)
    when = f"It says unsure where its answer's probability is below {least}{unlike}"
    found = policy.validation
    if policy.precision is None:
        few = plural(found.n, "picture")
        return f"{when}. How often it is right can't be promised: too few judged, {few}."
    return (
        f"{when}. At least {percent(policy.precision)} of its answers are right, with 95 % "
        f"certainty; of {plural(found.n, 'picture')} that it was judged by it answered "
        f"{count(found.given)}, {count(found.right)} of them rightly."
    )


def _units(store: Store, digests: Sequence[str], some: Labels) -> Rows:
    return store.units([digests[place] for place in some.tolist()])
