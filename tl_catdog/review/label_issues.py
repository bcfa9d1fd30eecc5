"""Which pictures to look at: doubtful labels, the worst mistakes, the least sure answers.

A label is doubted where classifiers that never saw the picture say otherwise, the more the seldomer
they are wrong (``label_noise``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import spreadsheets
from tl_catdog.data.batches import Skipped, class_indices
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.extracted_plan import adopting
from tl_catdog.features.folds import lone_classes
from tl_catdog.features.linear_probe import Pooled, backbone_of, pooled
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.review.label_noise import doubts
from tl_catdog.review.relabel import review_command
from tl_catdog.review.review_list import COLUMNS, KEEP, Edit, train_anew
from tl_catdog.runs.contents import data_root, extracted_of, named_data, own_images
from tl_catdog.runs.folder import Run
from tl_catdog.runs.moved import found_again

TOP = 50
DOUBTFUL = 0.1  # chance that a label is wrong, from which it is listed whatever else is
SHARE, LEAST = 0.9, 0.01
"""The list goes on until it should hold this part of all wrong labels, but not to chances below
the second figure: where few are wrong it would be long for nothing."""


@dataclass(frozen=True)
class LabelIssue:
    """A training picture and what others like it say of its label.

    Attributes:
        name: The picture's path in its data folder.
        label: The class that it is in.
        suggested: The class that is most probable to those who never saw it.
        quality: How probably its label is right, 0..1.
        probability: Of its label, by those who never saw it, 0..1.
        likely: Whether its label is more probably wrong than right.
        sha256: Of the picture's bytes.
    """

    name: str
    label: str
    suggested: str
    quality: float
    probability: float
    likely: bool
    sha256: str


@dataclass(frozen=True)
class ReviewedAnswer:
    """What the run says of a picture that it wasn't trained on.

    Attributes:
        name: The picture's path in its data folder.
        split: Which split it is in.
        label: Its class.
        predicted: The most probable class.
        probability: Of that class, 0..1.
        sha256: Of the picture's bytes.
    """

    name: str
    split: str
    label: str
    predicted: str
    probability: float
    sha256: str


@dataclass(frozen=True)
class Review:
    """What is worth looking at in a run.

    Attributes:
        run: The run's name.
        root: The folder of its pictures.
        n: How many training pictures were examined.
        expected: How many of their labels are wrong, as far as that can be told.
        likely: How many of them are each likely wrong.
        label_issues: The training pictures to look at, most doubtful first: those whose label is
            wrong with a chance of a tenth or more, and more (of a hundredth or more) until nine of
            ten wrong labels should be among them.
        unchecked: Classes of one training picture and its copies, or one group of pictures: there
            is nothing to check these against.
        answered: How many pictures of validation and test there are answers for.
        wrong: How many of those are wrong.
        mistakes: The surest wrong answers, surest first.
        unsure: The answers that were the closest, closest first.
        skipped: Training pictures that can't be read.
    """

    run: str
    root: Path
    n: int
    expected: float
    likely: int
    label_issues: tuple[LabelIssue, ...]
    unchecked: tuple[str, ...]
    answered: int
    wrong: int
    mistakes: tuple[ReviewedAnswer, ...]
    unsure: tuple[ReviewedAnswer, ...]
    skipped: tuple[Skipped, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "run": self.run,
            "data": str(self.root),
            "n": self.n,
            "expected": self.expected,
            "likely": self.likely,
            "doubts": [asdict(item) for item in self.label_issues],
            "unchecked": list(self.unchecked),
            "answered": self.answered,
            "wrong": self.wrong,
            "mistakes": [asdict(item) for item in self.mistakes],
            "unsure": [asdict(item) for item in self.unsure],
            "skipped": [str(item.path) for item in self.skipped],
        }


def training_features(run: Run, progress: Progress | None = None) -> Pooled:
    """Compute the backbone's features of the pictures that a run was trained on.

    Those of a run that was trained on a batch's features come from there, unless a folder of the
    pictures is named; those of any run from the batch that ``runs.contents.with_features`` names.

    Raises:
        UsageError: The batch isn't there, or its features are of another backbone than the run's.
        CatdogError: A picture has changed or is gone, or the batch is damaged.
    """
    own = own_images(run)
    training = [item for item in own.split(TRAIN) if item.digest != UNREADABLE]
    if extracted_of(run) is not None and named_data(run) is None:
        try:
            return pooled(adopting(backbone_of(run)), training, mirror=True, progress=progress)
        except UsageError as error:
            error.hint = (
                f"Name features that its backbone gives: {review_command(run)} --features DEST; or "
                "its pictures: --data DIR"
            )
            raise
    config = replace(backbone_of(run), features=None)
    try:
        training = list(found_again(training, own.root))
    except CatdogError as error:
        hint = f"Train a new run: {train_anew(run)}"
        if named_data(run) is None:
            hint += (
                f"; or, if they were moved, type: {review_command(run)} --data DIR; or, of what "
                "batch features wrote, with --features DEST"
            )
        raise CatdogError(error.message, hint) from error
    return pooled(config, training, mirror=True, progress=progress)


def review(
    run: Run,
    found: Pooled,
    *,
    top: int = TOP,
    seed: int = 0,
    listed: Collection[str] = (),
    progress: Progress | None = None,
) -> Review:
    """Find the pictures of a run that are worth looking at.

    Args:
        run: The run.
        found: Its training pictures, from ``training_features``.
        top: How many pictures to list at least, where there are so many.
        seed: Of the folds.
        listed: Names of training pictures to list as well.
        progress: Called with (done, total), parts of the work.

    Raises:
        CatdogError: There are no two classes of two different pictures; saved answers can't be
            read.
    """
    examples, features, unchecked = _checkable(found, run.classes)
    classes = tuple(label for label in run.classes if label not in unchecked)
    labels = class_indices(examples, classes)
    groups = [example.group for example in examples]
    probabilities, noise = doubts(features, labels, groups, seed=seed, progress=progress)
    order = np.argsort(-noise.wrong, kind="stable")
    likely = noise.wrong > 0.5
    expected = float(noise.wrong.sum())
    enough = int(np.searchsorted(noise.wrong[order].cumsum(), SHARE * expected)) + 1
    enough = min(enough, int((noise.wrong >= LEAST).sum()))
    chosen = set(order[: max(top, enough, int((noise.wrong >= DOUBTFUL).sum()))].tolist())
    chosen |= {i for i, item in enumerate(examples) if item.name in listed}
    suggested = probabilities.argmax(axis=1)
    label_issues = tuple(
        LabelIssue(
            name=examples[i].name,
            label=examples[i].label,
            suggested=classes[suggested[i]],
            quality=float(1 - noise.wrong[i]),
            probability=float(probabilities[i, labels[i]]),
            likely=bool(likely[i]),
            sha256=examples[i].digest,
        )
        for i in order.tolist()
        if i in chosen
    )
    answers = _answers(run)
    wrong = [item for item, _ in answers if item.predicted != item.label]
    return Review(
        run=run.name,
        root=data_root(run),
        n=len(examples),
        expected=expected,
        likely=int(likely.sum()),
        label_issues=label_issues,
        unchecked=unchecked,
        answered=len(answers),
        wrong=len(wrong),
        mistakes=tuple(sorted(wrong, key=lambda item: -item.probability)[:top]),
        unsure=tuple(item for item, _ in sorted(answers, key=lambda pair: pair[1])[:top]),
        skipped=found.skipped,
    )


def _checkable(
    found: Pooled, classes: tuple[str, ...]
) -> tuple[tuple[Example, ...], npt.NDArray[np.float32], tuple[str, ...]]:
    """Return the pictures that have others of their class, their features, and other classes."""
    labels = class_indices(found.examples, classes)
    groups = [example.group for example in found.examples]
    alone = lone_classes(labels, groups, len(classes))
    if len(classes) - len(alone) < 2:
        raise CatdogError(
            "expected two classes of two different training pictures or more to check labels "
            f"against each other, found {len(classes) - len(alone)}.",
            "Add pictures, then train a new run: tl-catdog train",
        )
    kept = ~np.isin(labels, alone)
    examples = tuple(item for item, keep in zip(found.examples, kept, strict=True) if keep)
    return examples, found.features[kept], tuple(classes[label] for label in alone)


def _answers(run: Run) -> list[tuple[ReviewedAnswer, float]]:
    """Return the run's saved answers on all splits but train, and how far ahead each one is."""
    found = []
    for split in run.predicted_splits():
        if split == TRAIN:
            continue
        item = read_predictions(run, split)
        ordered = np.sort(item.probabilities, axis=1)
        ahead = ordered[:, -1] - ordered[:, -2]
        for i, name in enumerate(item.names):
            label, said = item.classes[item.labels[i]], item.classes[item.predicted[i]]
            sure = float(ordered[i, -1])
            answer = ReviewedAnswer(name, split, label, said, sure, item.digests[i])
            found.append((answer, float(ahead[i])))
    return found


def to_csv(label_issues: Sequence[LabelIssue], edits: Mapping[tuple[str, str], Edit]) -> str:
    """Return the list to edit: what to do with each picture, ``keep`` unless edited before.

    Args:
        label_issues: The pictures.
        edits: Rows of an earlier list by name and SHA-256.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    for item in label_issues:
        edit = edits.get((item.name, item.sha256))
        action = KEEP if edit is None else edit.action
        words = action, item.name, item.label, item.suggested
        figures = f"{item.quality:.4f}", f"{item.probability:.4f}"
        rows.append((*words, *figures, item.sha256))
    return spreadsheets.to_csv(rows)
