"""Saying "unsure" instead of guessing: for doubtful pictures, and for those of something else.

Two signs speak against an answer: its probability is low, or the picture is unlike those that the
network learnt from (see ``novelty``). The second is decided first, so whatever is promised of the
answers is promised of familiar pictures. A precision is promised with 95 % certainty: in 19 of 20
draws of the validation pictures it holds for all further pictures from the same source (ADR 024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.folders import VALIDATION
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.novelty import limit_of
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.prediction.promises import (
    RISK,
    RUNGS,
    TOLERATED,
    answers_shown,
    fewest,
    highest_rung,
)
from tl_catdog.runs.folder import Run
from tl_catdog.statistics import Estimate, proportion
from tl_catdog.wording import count, percent, plural

FAMILIAR = 0.97
"""The part of the validation pictures that passes for familiar."""

DEFAULT_PRECISION = 0.995
DOUBTFUL, UNFAMILIAR = "too doubtful", "unlike the pictures it knows"
"""Why an answer is withheld: its probability is low; its novelty is great."""

EVEN = 0.5
"""Without any promise, answers are given that are more probable than not."""


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
        precision: What is promised: the part of the answers to familiar pictures that is right at
            least, with 95 % certainty. None if nothing can be.
        confidence: The least probability of an answer that is given.
        novelty: The greatest novelty of a picture that is answered; None if none is known.
        validation: What it does on the pictures that it was chosen on.
        asked: The precision that was asked for; None for the one promised.
        out_of_fold: Whether it was chosen on out-of-fold predictions of the training pictures.
    """

    precision: float | None
    confidence: float
    novelty: float | None
    validation: Selection
    asked: float | None = None
    out_of_fold: bool = False

    def doubt(self, confidence: float, novelty: float | None) -> str | None:
        """Return why an answer of this probability is withheld, or None if it is given."""
        if confidence < self.confidence:
            return DOUBTFUL
        if self.novelty is not None and novelty is not None and novelty > self.novelty:
            return UNFAMILIAR
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

    def promise(self) -> str:
        """Say in words what is promised of the answers given, and what isn't."""
        kind = self._images
        if self.precision is None:
            return f"No precision can be promised: {self.validation.n} {kind} pictures show none"
        said = f"{percent(self.precision)} of the answers are right, with 95 % certainty"
        if self.asked is None or self.asked == self.precision:
            return f"Promised: {said}"
        few = fewest(self.asked)
        why = f"{self.validation.n} {kind} pictures"
        if self.validation.n < few:
            why = f"{why} ({count(few)} at least are needed)"
        return f"{percent(self.asked)} can't be promised by {why}. Promised instead: {said}"

    def sentence(self) -> str:
        """Say in words what is promised, when an answer is given, and what came of it."""
        unlike = "" if self.novelty is None else ", unless the picture is unlike those it knows"
        return (
            f"{self.promise()}. Answers from {percent(self.confidence)} on{unlike}: "
            f"{self.validation.sentence(self._images)}"
        )

    @property
    def _images(self) -> str:
        return "out-of-fold" if self.out_of_fold else VALIDATION

    def to_json(self) -> dict[str, Any]:
        """Return the policy as ``--json`` prints it."""
        return {
            "asked": self.precision if self.asked is None else self.asked,
            "precision": self.precision,
            "certainty": 1 - RISK,
            "confidence": self.confidence,
            "novelty": self.novelty,
            "out_of_fold": self.out_of_fold,
            "validation": self.validation.to_json(),
        }


def choose_policy(
    validation: Predictions, precision: float | None = None, *, out_of_fold: bool = False
) -> Policy:
    """Choose when to answer so that answers are right with a precision, with 95 % certainty.

    Pictures that look unfamiliar are left out. The others are ordered by their probability. A
    number of the surest is fixed before looking at which of them are right: half of them, or fewer
    where fewer can show the precision in spite of some mistakes. If these show it, by the exact
    binomial test, one picture more is answered after the other, until the first that would refute
    it. That is fixed sequence testing (Angelopoulos et al. 2021, https://arxiv.org/abs/2110.01052).

    Without a precision, 0.995 is tried so; where it fails, the highest of ``RUNGS`` that the surer
    half shows is promised. What one number of pictures shows holds for all rungs at once.

    Args:
        validation: Predictions on pictures that the network wasn't trained on.
        precision: 0..1 exclusive; by default 0.995, or a lower one, which ``promise`` says.
        out_of_fold: Whether these are predictions of the training pictures by networks that were
            trained without them. The promise holds for those networks, which learnt from a few
            pictures less than the one that answers.

    Raises:
        CatdogError: The validation pictures can't show the precision that was named.
    """
    limit = None
    familiar = np.ones(len(validation), dtype=bool)
    if validation.novelty is not None:
        limit = limit_of(validation.novelty, FAMILIAR)
        familiar = validation.novelty <= limit
    confidence = validation.probabilities.max(axis=1)[familiar]
    order = np.argsort(-confidence, kind="stable")
    confidence = confidence[order]
    right = validation.correct[familiar][order]
    # Equal answers are given or withheld together.
    whole = np.append(confidence[:-1] != confidence[1:], True)
    asked = DEFAULT_PRECISION if precision is None else precision
    promised: float | None = asked
    given = answers_shown(right, whole, asked, tolerated=None if precision is None else TOLERATED)
    if not given and precision is not None:
        raise _cannot(right, whole, precision, len(validation))
    if not given:
        promised, given = highest_rung(right, whole)
    threshold = float(confidence[given - 1]) if given else EVEN
    answered = confidence >= threshold
    return Policy(
        precision=promised,
        confidence=threshold,
        novelty=limit,
        validation=Selection(len(validation), int(answered.sum()), int(right[answered].sum())),
        asked=asked,
        out_of_fold=out_of_fold,
    )


def policy_of(run: Run) -> Policy | None:
    """Return when ``predict --reject`` answers; None where a run has no validation predictions.

    Raises:
        CatdogError: They are damaged.
    """
    return policy_for(run) if VALIDATION in run.predicted_splits() else None


def policy_for(run: Run, precision: float | None = None) -> Policy:
    """Choose a run's policy by the predictions that it keeps.

    Raises:
        CatdogError: They are missing or damaged, or can't show the precision that was named.
    """
    validation = read_predictions(run, VALIDATION)
    return choose_policy(validation, precision, out_of_fold=run.out_of_fold)


def _cannot(
    right: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_], precision: float, n: int
) -> CatdogError:
    """Return the error of pictures that can't show a precision: what they can, and what to type."""
    lower = [
        rung
        for rung in RUNGS
        if rung < precision and answers_shown(right, whole, rung, tolerated=TOLERATED)
    ]
    few = fewest(precision)
    found = plural(n, "validation picture")
    needed = f" {count(few)} without a mistake are needed," if len(right) < few else ""
    expected = f"expected validation pictures that can show a precision of {percent(precision)},"
    if not lower:
        return CatdogError(
            f"{expected}{needed} found {found}, which show none.",
            "Add pictures, or type: tl-catdog predict --reject, which promises none.",
        )
    return CatdogError(
        f"{expected}{needed} found {found}, which show {percent(lower[0])}.",
        f"Type: --precision {lower[0]:g}, or add pictures.",
    )
