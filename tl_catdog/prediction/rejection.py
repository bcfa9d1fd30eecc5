"""Saying "unsure" instead of guessing: for doubtful pictures, and for those of something else.

Two signs speak against an answer: its probability is low, or the picture is unlike all that the
network was validated on. The second is measured by the distance to the k-th nearest of the
validation pictures' features (Sun et al. 2022, https://arxiv.org/abs/2204.06507), since a
classifier that knows two kinds of thing is often sure of a third.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.folders import VALIDATION
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.runs.folder import Run
from tl_catdog.statistics import Estimate, proportion
from tl_catdog.wording import percent

NEIGHBOURS = 10
KEPT = 1000
"""So many validation pictures at most are kept to compare with: 2.5 MB, a millisecond a picture."""

FAMILIAR = 0.99
"""The part of the validation pictures that passes for familiar."""

DEFAULT_PRECISION = 0.995
CERTAINTY = 0.95

CHUNK = 256  # pictures whose features are compared together
BLOCK = 64  # rows of the bank that are, with a few pictures: they stay in a core's own cache

Read = Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]
"""Gives the features of pictures by their positions, (B, F): what goes into the network's head."""


class FeatureBank:
    """Features of validation pictures, which the features of others are compared with.

    Args:
        rows: (R, F), each of length one.
    """

    def __init__(self, rows: npt.NDArray[Any]) -> None:
        self.rows = rows.astype(np.float32)

    @classmethod
    def of(cls, read: Read, n: int) -> FeatureBank:
        """Make a bank of n validation pictures, or of ``KEPT`` of them if there are more.

        Args:
            read: Gives their features.
            n: Number of pictures.
        """
        # Half precision is what is stored: a saved run then gives the distances of its training.
        return cls(_unit(read(_chosen(n))).astype(np.float16))

    @classmethod
    def from_bytes(cls, content: bytes) -> FeatureBank:
        """Restore what ``to_bytes`` gave."""
        return cls(np.load(io.BytesIO(content), allow_pickle=False))

    @classmethod
    def of_levels(cls, levels: npt.NDArray[np.uint8]) -> FeatureBank:
        """Restore rows, (R, F), of which only the ratios of their values were kept."""
        return cls(_unit(levels))

    def to_bytes(self) -> bytes:
        """Return the features as a ``.npy`` file in half precision."""
        out = io.BytesIO()
        np.save(out, self.rows.astype(np.float16))
        return out.getvalue()

    def distance(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the distance of a few pictures to the bank, (N,), 0 to 2.

        That is one minus the cosine of the angle to the ``NEIGHBOURS``-th nearest row.

        Args:
            features: What goes into the network's head, (N, F).
        """
        # A matrix product would wake a thread for each core and wait for it, while the networks
        # keep all cores busy: it made predicting a folder half as fast on two cores.
        units = _unit(features)[:, None]
        parts = [
            np.vecdot(units, self.rows[start : start + BLOCK])
            for start in range(0, len(self.rows), BLOCK)
        ]
        return _nearest(np.concatenate(parts, axis=1), len(self.rows))

    def distances(self, read: Read, n: int, *, own: bool) -> npt.NDArray[np.float64]:
        """Return the distance of n pictures to the bank, (n,), in steps, so that memory stays flat.

        Args:
            read: Gives their features.
            n: Number of pictures.
            own: Whether the bank was made of these very pictures. None is compared with itself
                then: that would make it seem more familiar than others can be.
        """
        place = np.full(n, -1)
        if own:
            place[_chosen(n)] = np.arange(len(self.rows))
        found = []
        for start in range(0, n, CHUNK):
            positions = np.arange(start, min(start + CHUNK, n))
            cosines = _unit(read(positions)) @ self.rows.T
            itself = place[positions]
            cosines[np.flatnonzero(itself >= 0), itself[itself >= 0]] = -np.inf
            found.append(_nearest(cosines, len(self.rows) - own))
        return np.concatenate(found)


def _nearest(cosines: npt.NDArray[np.float32], others: int) -> npt.NDArray[np.float64]:
    """Return the distance to the ``NEIGHBOURS``-th nearest, (N,), or to the last of fewer others.

    Args:
        cosines: Of the angles to each row of the bank, (N, R).
        others: Number of rows that don't stand for the picture itself.
    """
    if not others:  # a single picture has nothing to be compared with
        return np.zeros(len(cosines))
    nearest = min(NEIGHBOURS, others)
    return np.asarray(1.0 - np.partition(cosines, -nearest, axis=1)[:, -nearest], np.float64)


def _chosen(n: int) -> npt.NDArray[np.int64]:
    """Return the positions of the pictures that are kept of n; always the same ones."""
    if n <= KEPT:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, KEPT, replace=False))


def _unit(features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return features, (N, F), each divided by its length."""
    vectors = features.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))


@dataclass(frozen=True)
class Selection:
    """What a policy does on labelled pictures: how many there are, were answered, and right."""

    n: int
    given: int
    right: int

    @property
    def coverage(self) -> Estimate:
        """The part of the pictures that was answered."""
        return proportion(self.given, self.n)

    @property
    def precision(self) -> Estimate | None:
        """The part of the answers given that is right; None if there are none."""
        return proportion(self.right, self.given) if self.given else None

    def sentence(self, images: str) -> str:
        """Say so in words, of pictures such as ``test``."""
        said = f"of {self.n} {images} pictures {self.given} were answered, {self.coverage}"
        if self.precision is None:
            return said
        return f"{said}, and {self.right} of those rightly, {self.precision}"

    def to_json(self) -> dict[str, Any]:
        """Return the figures as ``--json`` prints them."""
        return {
            "n": self.n,
            "given": self.given,
            "right": self.right,
            "coverage": self.coverage.to_json(),
            "precision": self.precision and self.precision.to_json(),
        }


@dataclass(frozen=True)
class Policy:
    """When an answer is given.

    Attributes:
        precision: The part of the answers given that is right at least, with 95 % certainty.
        confidence: The least probability of an answer that is given.
        novelty: The greatest novelty of a picture that is answered; None if none is known.
        validation: What it does on the pictures that it was chosen on.
    """

    precision: float
    confidence: float
    novelty: float | None
    validation: Selection

    def doubt(self, confidence: float, novelty: float | None) -> str | None:
        """Return why an answer of this probability is withheld, or None if it is given."""
        if confidence < self.confidence:
            return "too doubtful"
        if self.novelty is not None and novelty is not None and novelty > self.novelty:
            return "unlike the pictures it knows"
        return None

    def select(self, predictions: Predictions) -> Selection:
        """Return what it does on other labelled pictures."""
        novelty = predictions.novelty
        given = np.array(
            [
                self.doubt(float(row.max()), None if novelty is None else float(novelty[i])) is None
                for i, row in enumerate(predictions.probabilities)
            ]
        )
        right = int((given & predictions.correct).sum())
        return Selection(len(predictions), int(given.sum()), right)

    def sentence(self) -> str:
        """Say in words when an answer is given, and what came of it on the validation pictures."""
        unlike = "" if self.novelty is None else ", unless the picture is unlike those it knows"
        return (
            f"Answers from {percent(self.confidence)} on{unlike}: "
            f"{self.validation.sentence('validation')}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the policy as ``--json`` prints it."""
        return {
            "precision": self.precision,
            "confidence": self.confidence,
            "novelty": self.novelty,
            "validation": self.validation.to_json(),
        }


def choose_policy(validation: Predictions, precision: float | None = None) -> Policy:
    """Choose when to answer so that answers are right with a precision, with 95 % certainty.

    Pictures that look unfamiliar are left out. Of the others the surest answers come first, and
    more and more are given while the exact lower bound of their precision is at least the one asked
    for; the first failure after that ends it. That follows fixed sequence testing (Angelopoulos et
    al. 2021, https://arxiv.org/abs/2110.01052): trying many thresholds hardly weakens the promise.

    Args:
        validation: Predictions on pictures that the network wasn't trained on.
        precision: 0..1 exclusive; by default 0.995, or what so few pictures can show.

    Raises:
        CatdogError: The validation pictures can't show this precision.
    """
    limit = None
    familiar = np.ones(len(validation), dtype=bool)
    if validation.novelty is not None:
        limit = float(np.quantile(validation.novelty, FAMILIAR))
        familiar = validation.novelty <= limit
    confidence = validation.probabilities.max(axis=1)[familiar]
    order = np.argsort(-confidence, kind="stable")
    right = validation.correct[familiar][order].astype(np.int64)
    confidence, hits = confidence[order], np.cumsum(right)
    # Equal answers are given or withheld together.
    ends = np.flatnonzero(np.append(confidence[:-1] != confidence[1:], True))
    bounds = _bounds(hits[ends], ends + 1)
    best = float(bounds.max())
    wanted = min(DEFAULT_PRECISION, best) if precision is None else precision
    passing = bounds >= wanted
    if not passing.any():
        raise CatdogError(
            f"expected validation pictures that can show a precision of {percent(wanted)}, found "
            f"{len(validation)}, which show {percent(best)} at best.",
            f"Type: --precision {math.floor(1000 * best) / 1000:g}, or add pictures.",
        )
    first = int(np.argmax(passing))
    failures = np.flatnonzero(~passing[first:])
    last = first + int(failures[0]) - 1 if len(failures) else len(ends) - 1
    end = ends[last]
    return Policy(
        precision=wanted,
        confidence=float(confidence[end]),
        novelty=limit,
        validation=Selection(len(validation), int(end) + 1, int(hits[end])),
    )


def policy_of(run: Run) -> Policy | None:
    """Return when ``predict --reject`` answers; None where the run's validation can't tell."""
    try:
        return choose_policy(read_predictions(run.predictions_path(VALIDATION)))
    except CatdogError:
        return None


def _bounds(hits: npt.NDArray[np.int64], given: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the exact one-sided lower bounds of proportions (Clopper, Pearson 1934)."""
    from scipy.stats import beta

    # A quantile of a beta distribution; of no hits it is 0.
    found = beta.ppf(1 - CERTAINTY, np.maximum(hits, 1), given - hits + 1)
    return np.where(hits > 0, found, 0.0)
