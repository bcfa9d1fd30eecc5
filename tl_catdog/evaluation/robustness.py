"""How much of a network's accuracy is left when pictures get worse, at fixed strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_catdog.data.corruptions import CORRUPTIONS
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import SPLITS
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.models.forward import PLAIN, forward_files
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.description import wrong
from tl_catdog.runs.folder import ROBUSTNESS, Run
from tl_catdog.runs.rules import (
    WrongValueError,
    from_json,
    items,
    one_of,
    real,
    record,
    text,
    whole,
)
from tl_catdog.statistics import (
    Estimate,
    Interval,
    PairedCounts,
    paired_difference_interval,
    proportion,
)


@dataclass(frozen=True)
class Condition:
    """The same pictures under one corruption.

    Attributes:
        name: One of ``CORRUPTIONS``, or ``plain``.
        accuracy: The part that is right.
        lost: Accuracy on the plain pictures minus this one, −1..1, with its paired interval.
    """

    name: str
    accuracy: Estimate
    lost: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return the condition as ``evaluate --robustness --json`` prints it."""
        return {
            "name": self.name,
            "accuracy": self.accuracy.to_json(),
            "lost": self.lost.to_json(),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Condition:
        """Restore what ``to_json`` gave."""
        return cls(
            found["name"],
            Estimate.from_json(found["accuracy"]),
            Estimate.from_json(found["lost"]),
        )


def robustness(
    predictor: Predictor, examples: Sequence[Example], progress: Progress | None = None
) -> tuple[Condition, ...]:
    """Evaluate on plain pictures and under each corruption, the plain ones first.

    Pictures that can't be read are left out.

    Raises:
        CatdogError: None of them can be read.
    """
    views = (PLAIN, *CORRUPTIONS)
    rows: list[list[bool]] = []
    jobs = ((example.source, views) for example in examples)
    results = forward_files(predictor.forward, jobs, predictor.image_size)
    for done, (example, (_, found)) in enumerate(zip(examples, results, strict=True), start=1):
        if not isinstance(found, ImageError):
            said = predictor.probabilities(found).argmax(axis=1)
            rows.append((said == predictor.classes.index(example.label)).tolist())
        if progress is not None:
            progress(done, len(examples))
    if not rows:
        raise CatdogError(
            f"expected readable pictures, found none among {len(examples)}.",
            "Add pictures that open in a viewer.",
        )
    right = np.array(rows)  # (N, 1 + corruptions)
    return tuple(_condition(name, right[:, 0], right[:, i]) for i, name in enumerate(views))


_part = real(-1, 1)
_ESTIMATE = record({"value": _part, "ci": items(_part, least=2, most=2), "n": whole(1, 2**63 - 1)})
_KEPT = record(
    {
        "split": one_of(*SPLITS),
        "conditions": items(
            record({"name": text(100, least=1), "accuracy": _ESTIMATE, "lost": _ESTIMATE}),
            least=1,
            most=1000,
        ),
    }
)


def kept_conditions(run: Run, split: str | None = None) -> tuple[str, tuple[Condition, ...]]:
    """Return the split that ``evaluate --robustness`` was about, and what it found, plain first.

    Args:
        run: The run that it left that in.
        split: Ask about this one only.

    Returns:
        An empty name and nothing where it wasn't typed, or was about another split.

    Raises:
        CatdogError: The file is damaged.
    """
    if not run.has(ROBUSTNESS):
        return "", ()
    hint = f"Type: tl-catdog evaluate {run.typed} --robustness"
    try:
        found = from_json(run.read(ROBUSTNESS, hint))
        _KEPT(found)
        if found["conditions"][0]["name"] != PLAIN:
            raise WrongValueError(f"{PLAIN} first", found["conditions"][0]["name"], "conditions")
    except WrongValueError as error:
        raise CatdogError(wrong(run.path, ROBUSTNESS, error).message, hint) from None
    if split not in (None, found["split"]):
        return "", ()
    return found["split"], tuple(Condition.from_json(item) for item in found["conditions"])


def _condition(name: str, plain: Any, corrupted: Any) -> Condition:
    counts = PairedCounts.of(plain, corrupted)
    n = counts.n
    lost = (counts.only_a - counts.only_b) / n
    interval = paired_difference_interval(counts) if name != PLAIN else Interval(0.0, 0.0)
    return Condition(name, proportion(int(corrupted.sum()), n), Estimate(lost, interval, n))
