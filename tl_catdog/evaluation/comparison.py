"""Is one run really better than another? Runs on the same pictures, side by side and in pairs."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.folders import TEST, VALIDATION
from tl_catdog.errors import UsageError, listing
from tl_catdog.evaluation.metrics import Metrics, compute_metrics
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.runs.folder import Run
from tl_catdog.runs.stages import rejected_stages, stage_words
from tl_catdog.statistics import Interval, PairedCounts, mcnemar_exact, paired_difference_interval
from tl_catdog.wording import points_estimate

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class RunFigures:
    """One run's row: what it is, how well it does and what it costs.

    ``rejected`` are those of its ``stages`` that left nothing in the network, ``out_of_fold`` says
    what its validation predictions are (see ``Run.out_of_fold``). ``ms_per_image`` was measured at
    the end of its training; ``file_bytes`` is the network's file.
    """

    run: str
    arch: str
    stages: tuple[str, ...]
    rejected: tuple[str, ...]
    image_size: int
    evaluation: Metrics
    params: int
    trainable_params: int
    train_seconds: float
    ms_per_image: float | None
    file_bytes: int
    seed: int
    interrupted: bool
    out_of_fold: bool = False

    @property
    def training(self) -> str:
        """What the network went through: ``frozen (fine-tuning rejected)``."""
        return stage_words(self.stages, self.rejected)

    def to_json(self) -> dict[str, Any]:
        """Return the row under the names that ``compare --json`` prints."""
        figures = self.evaluation.to_json()
        return {
            "run": self.run,
            "arch": self.arch,
            "stages": list(self.stages),
            "rejected_stages": list(self.rejected),
            "image_size": self.image_size,
            "n": figures["n"],
            "accuracy": figures["accuracy"],
            "accuracy_ci": figures["accuracy_ci"],
            "balanced_accuracy": figures["balanced_accuracy"],
            "balanced_accuracy_ci": figures["balanced_accuracy_ci"],
            "top5_accuracy": figures["top5_accuracy"],
            "top5_accuracy_ci": figures["top5_accuracy_ci"],
            "auc": figures["auc"],
            "log_loss": figures["log_loss"],
            "params": self.params,
            "trainable_params": self.trainable_params,
            "train_seconds": self.train_seconds,
            "ms_per_image": self.ms_per_image,
            "file_bytes": self.file_bytes,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "out_of_fold": self.out_of_fold,
        }


@dataclass(frozen=True)
class Pair:
    """Two runs on the same pictures; ``a`` is the one that got more of them right.

    ``delta`` is accuracy(a) − accuracy(b), 0..1, with its 95 % interval; ``p_value`` is McNemar's,
    exact and two-sided.
    """

    a: str
    b: str
    n: int
    delta: float
    delta_ci: Interval
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether chance alone would rarely make such a difference."""
        return self.p_value < SIGNIFICANT

    def to_json(self) -> dict[str, Any]:
        """Return the pair under the names that ``compare --json`` prints."""
        return {
            "a": self.a,
            "b": self.b,
            "n": self.n,
            "delta": self.delta,
            "delta_ci": [self.delta_ci.low, self.delta_ci.high],
            "p_value": self.p_value,
        }

    def sentence(self) -> str:
        """Say in words what the pair shows."""
        points = points_estimate(self.delta, self.delta_ci.low, self.delta_ci.high)
        if self.significant:
            return f"{self.a} beats {self.b} by {points}, {p_words(self.p_value)}"
        if self.delta == 0:
            return f"{self.a} and {self.b} are level: {points}, {p_words(self.p_value)}"
        return (
            f"{self.a} is ahead of {self.b} by {points}, but that may be chance, "
            f"{p_words(self.p_value)}"
        )


@dataclass(frozen=True)
class Group:
    """Runs that were evaluated on the same pictures."""

    data: str
    fingerprint: str
    classes: tuple[str, ...]
    split: str
    n: int
    drawn: bool
    runs: tuple[RunFigures, ...]
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the group under the names that ``compare --json`` prints."""
        return {
            "data": self.data,
            "fingerprint": self.fingerprint,
            "classes": list(self.classes),
            "split": self.split,
            "n": self.n,
            "drawn": self.drawn,
            "runs": [run.to_json() for run in self.runs],
            "pairs": [pair.to_json() for pair in self.pairs],
        }


def p_words(p_value: float) -> str:
    """Write a p-value as readers of statistics expect it."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def compare(runs: Sequence[Run], split: str | None = None) -> tuple[Group, ...]:
    """Group the runs by their data, evaluate each, and test every pair within a group.

    Args:
        runs: Finished runs; one that is given twice counts once.
        split: Which pictures to compare on; by default the test pictures if every run of a group
            has predictions on them, else the validation ones.

    Raises:
        UsageError: A run has no predictions on the split, or two runs have the same name.
        CatdogError: Saved predictions can't be read.
    """
    by_data: dict[tuple[str, frozenset[str]], list[Run]] = defaultdict(list)
    paths: dict[str, Path] = {}
    for run in {run.path.resolve(): run for run in runs}.values():
        if run.name in paths:
            raise UsageError(
                f"expected runs of different names, found {paths[run.name]} and {run.path}.",
                f"Type: mv {shlex.quote(str(run.path))} {shlex.quote(f'{run.path}-2')}",
            )
        paths[run.name] = run.path
        by_data[run.manifest["data"]["fingerprint"], frozenset(run.classes)].append(run)
    return tuple(_group(members, split) for members in by_data.values())


def default_split(runs: Sequence[Run]) -> str:
    """Return ``test`` if every run has predictions on it: validation also chose the epochs."""
    return TEST if all(TEST in run.predicted_splits() for run in runs) else VALIDATION


def _group(runs: Sequence[Run], split: str | None) -> Group:
    chosen = split or default_split(runs)
    predictions: dict[str, Predictions] = {}
    for run in runs:
        if chosen not in run.predicted_splits():
            raise UsageError(
                f"expected predictions on {chosen!r}, found that {run.name} has them on "
                f"{listing(run.predicted_splits())}.",
                f"Type: tl-catdog evaluate {run.quoted} --split {chosen}",
            )
        predictions[run.name] = read_predictions(run, chosen)
    rows = sorted(
        (figures(run, compute_metrics(predictions[run.name])) for run in runs),
        key=lambda row: (row.evaluation.accuracy, row.evaluation.auc or 0.0),
    )
    pairs = [
        compare_pair(better.run, predictions[better.run], worse.run, predictions[worse.run])
        for worse, better in combinations(rows, 2)
    ]
    data = runs[0].manifest["data"]
    return Group(
        data=data["name"],
        fingerprint=data["fingerprint"],
        classes=tuple(data["classes"]),
        split=chosen,
        n=max(len(item) for item in predictions.values()),
        drawn=bool(data["drawn"]),
        runs=tuple(rows),
        pairs=tuple(sorted(pairs, key=lambda pair: -pair.delta)),
    )


def figures(run: Run, evaluation: Metrics) -> RunFigures:
    """Put a run's evaluation beside what its manifest says of it."""
    manifest = run.manifest
    return RunFigures(
        run=run.name,
        arch=str(run.config["arch"]),
        stages=tuple(stage["name"] for stage in manifest["stages"]),
        rejected=rejected_stages(manifest),
        image_size=run.image_size,
        evaluation=evaluation,
        params=int(manifest["model"]["params"]),
        trainable_params=int(manifest["model"]["trainable_params"]),
        train_seconds=float(manifest["timings"]["train_seconds"]),
        ms_per_image=manifest["model"].get("ms_per_image"),
        file_bytes=int(manifest["model"]["bytes"]),
        seed=int(run.config["seed"]),
        interrupted=bool(manifest["interrupted"]),
        out_of_fold=run.out_of_fold,
    )


def compare_pair(name_a: str, a: Predictions, name_b: str, b: Predictions) -> Pair:
    """Test two runs on the pictures that both predicted, matched by content.

    Raises:
        UsageError: They share no picture.
    """
    right_a, right_b = _aligned(a, b)
    n = len(right_a)
    if n == 0:
        raise UsageError(
            f"expected pictures that both {name_a} and {name_b} predicted, found none.",
            "Type: tl-catdog compare",
        )
    counts = PairedCounts.of(right_a, right_b)
    if counts.only_b > counts.only_a:
        return compare_pair(name_b, b, name_a, a)
    return Pair(
        a=name_a,
        b=name_b,
        n=n,
        delta=(counts.only_a - counts.only_b) / n,
        delta_ci=paired_difference_interval(counts),
        p_value=mcnemar_exact(counts),
    )


def _aligned(a: Predictions, b: Predictions) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which of the shared pictures each got right, in one common order."""
    waiting: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for digest, label, right in zip(b.digests, b.labels, b.correct, strict=True):
        waiting[digest, b.classes[label]].append(bool(right))
    rights: list[tuple[bool, bool]] = []
    for digest, label, right in zip(a.digests, a.labels, a.correct, strict=True):
        others = waiting[digest, a.classes[label]]
        if others:
            rights.append((bool(right), others.pop()))
    array = np.array(rights, dtype=bool).reshape(len(rights), 2)
    return array[:, 0], array[:, 1]
