"""One offline page that says what was trained on what, how good it is, and how that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from tl_catdog.data.digest import HashedFile
from tl_catdog.data.folders import VALIDATION
from tl_catdog.data.images import Pixels, try_decode
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.evaluation.comparison import Group, RunFigures, compare
from tl_catdog.evaluation.metrics import Confusion, Metrics
from tl_catdog.evaluation.reliability import ClassFigures, Reliability, reliability
from tl_catdog.evaluation.robustness import Condition, kept_conditions
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.pages.page import drawn, embedded, render, with_heatmap
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.prediction.rejection import Policy, policy_of
from tl_catdog.report.plots import (
    confusion_chart,
    learning_chart,
    reliability_chart,
    robustness_chart,
)
from tl_catdog.runs.contents import data_root, read_metrics
from tl_catdog.runs.folder import OUT_OF_FOLD, Run
from tl_catdog.runs.settings import shared_settings, training_command
from tl_catdog.statistics import proportion
from tl_catdog.wording import count, plural

MISTAKES = 12
"""So many of each run's mistakes are shown, the surest first."""

MATRIX, MANY, WORST = 10, 20, 10
"""The confusion of more classes is a chart, and tables of more are folded away below the worst."""


@dataclass(frozen=True)
class Mistake:
    """A picture that a run got wrong.

    Attributes:
        name: The picture's path in its data folder.
        truth: Its class.
        said: The class that the run took it for.
        probability: Of that class, 0..1.
        image: The picture as a data URI; None if the file is gone, or another one.
        looked: The same with what spoke for the run's answer; None without a heatmap.
    """

    name: str
    truth: str
    said: str
    probability: float
    image: str | None
    looked: str | None


@dataclass(frozen=True)
class Chapter:
    """All that the page says of one run.

    Attributes:
        command: What trains such a run.
        settings: What it was trained with, paths shortened.
        worst: The classes that it misses most.
        confusion: A chart of it, where the matrix would be too wide for a table.
        confusions: Which classes were taken for which, the most frequent first.
        no_heatmaps: Why there are none, or empty.
        wrong: How many pictures were answered wrong.
    """

    run: Run
    command: str
    settings: Mapping[str, Any]
    figures: RunFigures
    item: Metrics
    trust: Reliability
    worst: tuple[ClassFigures, ...]
    confusion: Markup | None
    confusions: tuple[Confusion, ...]
    policy: Policy | None
    selection: str
    learning: tuple[Markup, ...]
    reliability: Markup
    robustness: Markup | None
    conditions: tuple[Condition, ...]
    mistakes: tuple[Mistake, ...]
    no_heatmaps: str
    wrong: int


@dataclass(frozen=True)
class Section:
    """Runs on the same pictures.

    Attributes:
        group: Them and their comparison.
        split: What the pictures are, for people.
        counts: Of each split, of each class.
        short: The same in short, a text for each split; empty where classes are few.
        unequal: Whether classes have so unequal numbers that accuracy may hide the small ones.
    """

    group: Group
    split: str
    counts: dict[str, dict[str, int]]
    short: tuple[str, ...]
    unequal: bool
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Report:
    """The finished page and what it was made from."""

    html: str
    groups: tuple[Group, ...]


def report(
    runs: Sequence[Run], split: str | None = None, progress: Progress | None = None
) -> Report:
    """Write the page.

    Args:
        runs: Finished runs, one or more.
        split: Which pictures the figures are about; by default as ``comparison.compare`` chooses.
        progress: Called with (done, total) runs.

    Raises:
        UsageError: A run has no predictions on the split.
        CatdogError: Something in a run can't be read.
    """
    by_name = {run.name: run for run in runs}
    groups = compare(runs, split)
    parts = []
    done = 0
    for group in groups:
        chapters = []
        for row in reversed(group.runs):  # the best first
            chapters.append(_chapter(by_name[row.run], row, group.split))
            done += 1
            if progress is not None:
                progress(done, len(by_name))
        counts = chapters[0].run.manifest["data"]["counts"]
        parts.append(_section(group, counts, tuple(chapters)))
    html = render(
        "report.html.j2",
        parts=parts,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        summary=[_summary(part) for part in parts],
        many=MANY,
        most_confusions=WORST,
    )
    return Report(html, groups)


def _section(
    group: Group, counts: dict[str, dict[str, int]], chapters: tuple[Chapter, ...]
) -> Section:
    out_of_fold = group.split == VALIDATION and all(run.out_of_fold for run in group.runs)
    short = tuple(
        f"{split}: {plural(sum(found.values()), 'picture')}, "
        f"{count(min(found.values()))} to {count(max(found.values()))} of each"
        for split, found in counts.items()
    )
    return Section(
        group,
        OUT_OF_FOLD if out_of_fold else group.split,
        counts,
        short if len(group.classes) > MANY else (),
        any(chapter.item.unequal for chapter in chapters),
        chapters,
    )


def _summary(part: Section) -> str:
    best = part.chapters[0]
    right = sum(best.item.confusion[i][i] for i in range(len(best.item.classes)))
    where = f"of {best.item.n} {part.split} pictures"
    return f"{best.run.name} gets {right} {where} right: {proportion(right, best.item.n)}."


def _chapter(run: Run, row: RunFigures, split: str) -> Chapter:
    predictions = read_predictions(run, split)
    trust = reliability(predictions)
    policy = policy_of(run)
    _, conditions = kept_conditions(run, split)
    epochs = read_metrics(run)
    mistakes, no_heatmaps = _mistakes(run, predictions)
    item = row.evaluation
    return Chapter(
        run=run,
        command=training_command(run),
        settings=shared_settings(run),
        figures=row,
        item=item,
        trust=trust,
        worst=_worst(trust),
        confusion=drawn(confusion_chart(item)) if len(item.classes) > MATRIX else None,
        confusions=tuple(item.confusions()),
        policy=policy,
        selection=policy.select(predictions).sentence(split) if policy else "",
        learning=tuple(drawn(learning_chart(epochs, key)) for key in ("loss", "accuracy")),
        reliability=drawn(reliability_chart(trust)),
        robustness=drawn(robustness_chart(conditions)) if conditions else None,
        conditions=conditions,
        mistakes=mistakes,
        no_heatmaps=no_heatmaps,
        wrong=int((~predictions.correct).sum()),
    )


def _worst(trust: Reliability) -> tuple[ClassFigures, ...]:
    """Return the classes of the least recall, those of more pictures first."""
    known = [(item.recall, item) for item in trust.per_class if item.recall is not None]
    known.sort(key=lambda pair: (pair[0].value, -pair[0].n))
    return tuple(item for _, item in known[:WORST])


def _picture(path: Path, digest: str, size: int) -> Pixels | ImageError:
    """Decode a picture that the run's maker had: a stranger may name any other file of ours."""
    try:
        return try_decode(HashedFile(path, digest).read(), size)
    except (OSError, CatdogError):
        return ImageError("gone or changed")


def _mistakes(run: Run, predictions: Predictions) -> tuple[tuple[Mistake, ...], str]:
    """Return the surest mistakes, surest first, and why they come without heatmaps, or ``""``."""
    sure = predictions.probabilities.max(axis=1)
    wrong = np.flatnonzero(~predictions.correct)
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES].tolist()
    root = data_root(run)
    images = [
        _picture(root / predictions.names[i], predictions.digests[i], run.image_size)
        for i in chosen
    ]
    forward, problem = None, ""
    if not all(isinstance(image, ImageError) for image in images):
        try:
            forward = GradCam(run)
        except CatdogError as error:
            problem = error.message
    found = []
    for i, image in zip(chosen, images, strict=True):
        shown = looked = None
        if not isinstance(image, ImageError):
            shown = embedded(image)
            if forward is not None:
                heatmap = forward.heatmap(forward(image[None]), 0, int(predictions.predicted[i]))
                looked = embedded(with_heatmap(image, heatmap))
        found.append(
            Mistake(
                name=predictions.names[i],
                truth=predictions.classes[predictions.labels[i]],
                said=predictions.classes[predictions.predicted[i]],
                probability=float(sure[i]),
                image=shown,
                looked=looked,
            )
        )
    return tuple(found), problem
