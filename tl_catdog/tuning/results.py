"""What a search tells: each trial on the way, and what it found, in words and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import Skipped
from tl_catdog.statistics import Estimate
from tl_catdog.tuning.honest import TEST, Decision
from tl_catdog.tuning.recipe import values_of
from tl_catdog.tuning.study import Trial
from tl_catdog.wording import count, percent, points_estimate


@dataclass(frozen=True)
class Progress:
    """Where a search is.

    Attributes:
        fold: 0 for the search on all pictures, else which of the outer folds.
        folds: How many outer folds there will be; 0 with test pictures.
        trial: What is through.
        trials: How many there will be in this search.
        best: The best so far, of this search.
        gain: The first trial's log loss less the best one's.
        left: Seconds that everything that is left should take.
    """

    fold: int
    folds: int
    trial: Trial
    trials: int
    best: Trial
    gain: float
    left: float


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        settings: Of the training that is worth most, as far as the pictures can tell.
        accuracy: On pictures that no part of the search saw; None where it was stopped before.
        judged: ``test`` or ``nested``.
        inner_accuracy: What the search itself says of these settings.
        optimism: By how much that is more, with its interval; None where ``accuracy`` is.
        decision: The best trial, and why it was kept or not.
        trials: How many there were.
        config: The TOML file.
        interrupted: Whether it was stopped before its end.
        left_out: Test pictures that are copies, or of a group, of pictures that were searched on.
        skipped: What couldn't be read.
    """

    settings: TrainConfig
    accuracy: Estimate | None
    judged: str
    inner_accuracy: float
    optimism: Estimate | None
    decision: Decision
    trials: int
    config: Path
    interrupted: bool
    left_out: int
    skipped: tuple[Skipped, ...]

    @property
    def keeps_default(self) -> bool:
        """Whether the best trial wasn't better by more than its error."""
        return self.decision.point is None

    def to_json(self) -> dict[str, Any]:
        """Return the line that ``tune --json`` ends with."""
        accuracy, gain = self.accuracy, self.decision.gain
        return {
            "accuracy": None if accuracy is None else accuracy.value,
            "accuracy_ci": None
            if accuracy is None
            else [accuracy.interval.low, accuracy.interval.high],
            "n": 0 if accuracy is None else accuracy.n,
            "inner_accuracy": self.inner_accuracy,
            "optimism": None if self.optimism is None else self.optimism.value,
            "best": {
                "settings": {k: v for k, v in values_of(self.settings).items() if k != "data"},
                "default": self.keeps_default,
                "trial": 0 if self.keeps_default else self.decision.trial.number,
                "log_loss": float(self.decision.kept.losses.mean()),
                "gain": gain.value,
                "gain_ci": [gain.interval.low, gain.interval.high],
                "gain_error": self.decision.error,
                "judged": self.judged,
            },
            "trials": self.trials,
            "config": str(self.config),
        }

    def sentences(self) -> tuple[str, ...]:
        """Say in words what was found, what it is worth, and by how much the search flatters."""
        gain = self.decision.gain
        lower = f"{gain.value:.4f} (standard error {self.decision.error:.4f})"
        best = f"rial {self.decision.trial.number + 1}"
        if not self.decision.trial.number:
            said = "No trial did better than the default, which is kept."
        elif self.keeps_default:
            said = (
                f"The default is kept: t{best} has a log loss lower by {lower}, which may be "
                "chance."
            )
        else:
            said = f"T{best} is kept: its log loss is lower than the default's by {lower}."
        if self.accuracy is None or self.optimism is None:
            return (said, "Stopped before it was known what that is worth on other pictures.")
        where = (
            f"of {count(self.accuracy.n)} test pictures"
            if self.judged == TEST
            else f"of {count(self.accuracy.n)} pictures, each by a search made without it"
        )
        off = self.optimism
        by = points_estimate(abs(off.value), *_ends(off))
        word = "flatters" if off.value > 0 else "is modest"
        chance = ", which may be chance" if off.interval.low <= 0 <= off.interval.high else ""
        return (
            said,
            f"Right: {self.accuracy} {where}.",
            f"Within the search it was {percent(self.inner_accuracy)}: that "
            f"{f'{word} by {by}{chance}' if off.value else 'flatters by nothing'}.",
        )


def _ends(optimism: Estimate) -> tuple[float, float]:
    """Return the interval's ends for the amount of an optimism, whose sign is said in words."""
    low, high = optimism.interval.low, optimism.interval.high
    return (low, high) if optimism.value > 0 else (-high, -low)
