"""What a training tells whoever watches it; the command line draws, tests count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class EpochResult:
    """Figures of one epoch. Losses are mean binary cross-entropies, accuracies 0..1.

    Training figures are running means over the epoch's augmented pictures with dropout on, so
    they usually lie below what the same pictures would give unvaried.
    """

    stage: str
    epoch: int
    epochs: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    is_best: bool

    def to_json(self) -> dict[str, Any]:
        """Return the line for ``metrics.jsonl``."""
        return asdict(self)


class Observer:
    """Called as a training advances; this one ignores it all."""

    def decoding(self, split: str, done: int, total: int) -> None:
        """``done`` of ``total`` pictures of a split have been decoded."""

    def extracting(self, split: str, done: int, total: int, known: int) -> None:
        """Features of ``done`` of ``total`` pictures of a split are there.

        ``known`` of them came from the feature cache.
        """

    def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
        """A stage of at most ``epochs`` epochs of ``steps`` steps begins."""

    def stage_resumes(self, epochs: int, best: float) -> None:
        """The stage goes on after so many epochs; the best validation accuracy was that, 0..1."""

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        """A step, counted from 1 in its epoch, has ended."""

    def epoch_ends(self, result: EpochResult) -> None:
        """An epoch has ended and been validated."""

    def stage_ends(self, stage: str, reason: str) -> None:
        """A stage has ended: ``completed``, ``stopped early`` or ``interrupted``."""

    def head_chosen(self, linear_share: float) -> None:
        """The head is to be so much the linear model, 0..1, and for the rest what was trained."""

    def share_chosen(self, tuned: float) -> None:
        """So much of the weights is what fine-tuning gave, 0..1, the rest what was before."""

    def predicting(self, split: str, done: int, total: int) -> None:
        """``done`` of ``total`` pictures of a split have been predicted with the final network."""

    def note(self, text: str) -> None:
        """Something is worth knowing that ends nothing."""
