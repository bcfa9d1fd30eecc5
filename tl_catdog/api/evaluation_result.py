"""How good a classifier is on labelled pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.data.batches import Skipped
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import Policy
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    from tl_catdog.evaluation.metrics import Metrics
    from tl_catdog.evaluation.reliability import Reliability


@dataclass(frozen=True)
class EvaluationResult:
    """How good a classifier is on labelled pictures.

    Attributes:
        run: The classifier's run.
        data: The pictures' name.
        root: Their folder.
        split: Which of them.
        predictions: The probabilities of each of the n pictures, (n, classes), and its label.
        skipped: Which can't be read, and why.
        trained_on: How many of them it was trained on; its figures flatter then.
        metrics: Accuracy, 0..1, with its interval; AUC, log loss, confusion matrix.
        calibration: Expected calibration error and Brier score, and precision, recall and F1 of
            each class, 0..1, all with 95 % intervals.
        policy: When ``predict --reject`` answers; None if the validation pictures can't tell.
        label_map: Which names of the folder stand for which class.
        left_out: How many files of the folder are left out, by what they are.
        notes: What a user should know of how the folder was read, a sentence each.
        out_of_fold: Whether the pictures were trained on, each being predicted by models that were
            trained without it.

    >>> from tl_catdog.api import load
    >>> found = load("cats-dogs").evaluate()
    >>> found.split, found.metrics.n, round(found.metrics.accuracy, 3)
    ('test', 351, 0.989)
    >>> found.metrics.confusion  # rows: what is true; columns: what it said
    ((173, 3), (1, 174))
    >>> print(found.calibration.per_class[0].recall)
    98.3 % (95.1–99.4)
    """

    run: Run
    data: str
    root: Path
    split: str
    predictions: Predictions
    skipped: tuple[Skipped, ...]
    trained_on: int
    metrics: Metrics
    calibration: Reliability
    policy: Policy | None
    label_map: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    out_of_fold: bool = False

    def absent(self) -> tuple[str, ...]:
        """Return the classes that no picture is of."""
        there = {int(label) for label in self.predictions.labels}
        return tuple(
            name for index, name in enumerate(self.predictions.classes) if index not in there
        )

    def to_json(self) -> dict[str, Any]:
        """Return the figures as ``evaluate --json`` prints them."""
        found: dict[str, Any] = {
            "run": self.run.name,
            "arch": self.run.config["arch"],
            "data": self.data,
            "split": self.split,
            "out_of_fold": self.out_of_fold,
            **self.metrics.to_json(),
            **self.calibration.to_json(),
            "temperature": self.run.temperature,
            "skipped": [{"path": str(item.path), "reason": item.reason} for item in self.skipped],
        }
        if self.label_map:
            found["map"] = dict(self.label_map)
        if self.left_out:
            found["left_out"] = dict(self.left_out)
        if self.policy:
            found["selection"] = {
                "policy": self.policy.to_json(),
                "here": self.policy.select(self.predictions).to_json(),
            }
        return found
