"""Predictions as users get them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.data.mirror import fetched_from
from tl_catdog.prediction.predictor import Answer
from tl_catdog.prediction.rejection import Policy

UNSURE = "unsure"


@dataclass(frozen=True)
class Prediction:
    """A classifier's prediction for one picture.

    Attributes:
        path: Its file; None of a picture that was given otherwise.
        label: The most probable class; None if the picture can't be read.
        probabilities: Class → calibrated probability, summing to one; None as above.
        error: Why the picture can't be read.
        doubt: Why the answer is withheld; always None if none may be.
        novelty: Its distance to the run's feature bank, 0 to 2; None if the run has none.
        policy_applied: Whether an answer might have been withheld.
        address: Where it was fetched from; None of what was on this machine's disk.
    """

    path: Path | None
    label: str | None
    probabilities: dict[str, float] | None
    error: str | None
    doubt: str | None
    novelty: float | None
    policy_applied: bool
    address: str | None = None

    @property
    def place(self) -> str | None:
        """Its address or path; None of a picture that was given otherwise."""
        return self.address or (None if self.path is None else str(self.path))

    @property
    def answer(self) -> str | None:
        """The label, or ``unsure`` where it is withheld."""
        return UNSURE if self.doubt else self.label

    @property
    def confidence(self) -> float | None:
        """The label's probability."""
        return max(self.probabilities.values()) if self.probabilities else None

    def to_json(self) -> dict[str, Any]:
        """Return the row as ``predict --json`` prints it."""
        row: dict[str, Any] = {
            "path": self.place,
            "label": self.label,
            "probabilities": self.probabilities,
            "error": self.error,
        }
        if self.policy_applied:
            row.update(answer=self.answer, doubt=self.doubt, novelty=self.novelty)
        return row


def apply_policy(answer: Answer, policy: Policy | None) -> Prediction:
    """Return an answer, withheld where a policy says so."""
    doubt = None
    if policy and answer.probabilities:
        doubt = policy.doubt(max(answer.probabilities.values()), answer.novelty)
    return Prediction(
        path=answer.path,
        label=answer.label,
        probabilities=answer.probabilities,
        error=answer.error,
        doubt=doubt,
        novelty=answer.novelty,
        policy_applied=policy is not None,
        address=None if answer.path is None else fetched_from(answer.path),
    )
