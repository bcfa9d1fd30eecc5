"""Predictions as users get them, and the ways in which they may give pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from tl_catdog.data.folders import images_below, is_folder
from tl_catdog.data.images import ImageSource
from tl_catdog.errors import UsageError
from tl_catdog.prediction.predictor import Answer
from tl_catdog.prediction.rejection import Policy

UNSURE = "unsure"
BATCHED = 4  # dimensions of an array of several pictures


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
    """

    path: Path | None
    label: str | None
    probabilities: dict[str, float] | None
    error: str | None
    doubt: str | None
    novelty: float | None
    policy_applied: bool

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
            "path": None if self.path is None else str(self.path),
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
    )


def image_sources(
    images: str | ImageSource | Iterable[str | ImageSource],
    left_out: Counter[str] | None = None,
) -> Iterator[ImageSource]:
    """Yield pictures one by one; a folder stands for all pictures below it, in order.

    Args:
        images: One or many, as ``Classifier.predict`` takes them.
        left_out: Counts what else is in folders, by what it is.

    Raises:
        UsageError: An item is nothing that a picture can be given as.
    """
    one = isinstance(images, (str, bytes)) or not isinstance(images, Iterable)
    if isinstance(images, np.ndarray):
        one = images.ndim < BATCHED
    items = [images] if one else images
    for item in cast("Iterable[str | ImageSource]", items):
        if isinstance(item, (str, Path)):
            path = Path(item)
            if is_folder(path):
                yield from images_below(path, left_out)
            else:
                yield path
        elif isinstance(item, (bytes, np.ndarray)):
            yield item
        else:
            raise UsageError(
                "expected files, folders, encoded bytes or arrays as pictures, "
                f"found {type(item).__name__}.",
                "For a picture of Pillow's, give: numpy.asarray(picture)",
            )
