"""Which pictures to look at: doubtful labels, the worst mistakes, the least sure answers.

A label is doubted where classifiers that never saw the picture say otherwise: confident learning
(Northcutt, Jiang, Chuang 2021, https://arxiv.org/abs/1911.00068), by the package cleanlab.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.batches import Skipped, class_indices
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.parallel import Progress
from tl_catdog.data.split_file import check_unchanged
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.linear_probe import Pooled, backbone_of, out_of_fold, pooled
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.review.review_list import COLUMNS, KEEP, Edit, train_anew
from tl_catdog.runs.folder import Run, own_images

TOP = 50
ROUNDS = 2


@dataclass(frozen=True)
class LabelIssue:
    """A training picture and what others like it say of its label.

    Attributes:
        name: The picture's path in its data folder.
        label: The class that it is in.
        suggested: The class that is most probable to those who never saw it.
        quality: Cleanlab's label quality, 0..1; low is doubtful.
        probability: Of its label, by those who never saw it, 0..1.
        likely: Whether cleanlab counts the label among the likely errors.
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
    """

    name: str
    split: str
    label: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Review:
    """What is worth looking at in a run.

    Attributes:
        run: The run's name.
        root: The folder of its pictures.
        n: How many training pictures were examined.
        likely: How many of their labels are likely errors.
        label_issues: The training pictures to look at, most doubtful first: the likely errors and
            more.
        answered: How many pictures of validation and test there are answers for.
        wrong: How many of those are wrong.
        mistakes: The surest wrong answers, surest first.
        unsure: The answers that were the closest, closest first.
        skipped: Training pictures that can't be read.
    """

    run: str
    root: Path
    n: int
    likely: int
    label_issues: tuple[LabelIssue, ...]
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
            "likely": self.likely,
            "doubts": [asdict(item) for item in self.label_issues],
            "answered": self.answered,
            "wrong": self.wrong,
            "mistakes": [asdict(item) for item in self.mistakes],
            "unsure": [asdict(item) for item in self.unsure],
            "skipped": [str(item.path) for item in self.skipped],
        }


def training_features(run: Run, progress: Progress | None = None) -> Pooled:
    """Compute the backbone's features of the pictures that a run was trained on.

    Raises:
        UsageError: Cleanlab isn't installed, which all of this is for.
        CatdogError: A picture has changed or is gone.
    """
    need_cleanlab()
    training = [item for item in own_images(run).split(TRAIN) if item.digest != UNREADABLE]
    try:
        check_unchanged(training)
    except CatdogError as error:
        raise CatdogError(error.message, f"Train a new run: {train_anew(run)}") from error
    return pooled(backbone_of(run), training, mirror=True, progress=progress)


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
        progress: Called with (done, total) probes.

    Raises:
        CatdogError: A class has too few pictures to compare them; saved answers can't be read.
    """
    labels = class_indices(found.examples, run.classes)
    digests = [example.digest for example in found.examples]
    probabilities, likely = confident_learning(
        found.features, labels, digests, seed=seed, progress=progress
    )
    quality = label_quality(labels, probabilities)
    order = np.argsort(quality, kind="stable")
    chosen = {*order[:top].tolist(), *np.flatnonzero(likely).tolist()}
    chosen |= {i for i, item in enumerate(found.examples) if item.name in listed}
    suggested = probabilities.argmax(axis=1)
    label_issues = tuple(
        LabelIssue(
            name=found.examples[i].name,
            label=found.examples[i].label,
            suggested=run.classes[suggested[i]],
            quality=float(quality[i]),
            probability=float(probabilities[i, labels[i]]),
            likely=bool(likely[i]),
            sha256=found.examples[i].digest,
        )
        for i in order.tolist()
        if i in chosen
    )
    answers = _answers(run)
    wrong = [item for item, _ in answers if item.predicted != item.label]
    return Review(
        run=run.name,
        root=Path(run.manifest["data"]["root"]),
        n=len(found.examples),
        likely=int(likely.sum()),
        label_issues=label_issues,
        answered=len(answers),
        wrong=len(wrong),
        mistakes=tuple(sorted(wrong, key=lambda item: -item.probability)[:top]),
        unsure=tuple(item for item, _ in sorted(answers, key=lambda pair: pair[1])[:top]),
        skipped=found.skipped,
    )


def confident_learning(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    digests: Sequence[str],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Find likely label errors twice, the second time by probes not trained on what was doubted.

    Args:
        features: Of N pictures, (N, F).
        labels: Their class indices, (N,).
        digests: Their SHA-256.
        seed: Of the folds.
        progress: Called with (done, total) probes.

    Returns:
        Probabilities of the classes by probes that never saw the picture, (N, C), and which labels
        are likely errors, (N,).

    Raises:
        CatdogError: A class has too few pictures.
    """
    from cleanlab.filter import find_label_issues

    likely = np.zeros(len(labels), dtype=np.bool_)
    probabilities = np.empty((0, 0))
    for number in range(ROUNDS):
        probabilities = out_of_fold(
            features,
            labels,
            digests,
            trusted=~likely,
            seed=seed,
            progress=_later(progress, number, ROUNDS),
        )
        likely = np.asarray(find_label_issues(labels, probabilities, n_jobs=1), dtype=np.bool_)
    return probabilities, likely


def _later(progress: Progress | None, number: int, rounds: int) -> Progress | None:
    """Return what is called in one of several rounds; it adds up to all of them."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, rounds * total)


def label_quality(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return how good each label is, (N,), 0..1.

    Args:
        labels: Class indices, (N,).
        probabilities: Of the classes, (N, C), from classifiers that didn't see the picture.
    """
    from cleanlab.rank import get_label_quality_scores

    # For two classes the same as its normalized_margin; for ten, with 3 % of the labels of
    # scikit-learn's digits flipped, it found 0.87 of them in the top 3 %, the margin 0.81.
    found = get_label_quality_scores(labels, probabilities, method="self_confidence")
    return np.asarray(found, dtype=np.float64)


def need_cleanlab() -> None:
    """Make sure that cleanlab is there.

    Raises:
        UsageError: It isn't.
    """
    try:
        import cleanlab  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "expected the package cleanlab, found it isn't installed.",
            "Type: pip install 'tl-catdog[review]'",
        ) from error


def _answers(run: Run) -> list[tuple[ReviewedAnswer, float]]:
    """Return the run's saved answers on all splits but train, and how far ahead each one is."""
    found = []
    for split in run.predicted_splits():
        if split == TRAIN:
            continue
        item = read_predictions(run.predictions_path(split))
        ordered = np.sort(item.probabilities, axis=1)
        ahead = ordered[:, -1] - ordered[:, -2]
        for i, name in enumerate(item.names):
            label, said = item.classes[item.labels[i]], item.classes[item.predicted[i]]
            answer = ReviewedAnswer(name, split, label, said, float(ordered[i, -1]))
            found.append((answer, float(ahead[i])))
    return found


def to_csv(label_issues: Sequence[LabelIssue], edits: Mapping[tuple[str, str], Edit]) -> str:
    """Return the list to edit: what to do with each picture, ``keep`` unless edited before.

    Args:
        label_issues: The pictures.
        edits: Rows of an earlier list by name and SHA-256.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in label_issues:
        edit = edits.get((item.name, item.sha256))
        action = KEEP if edit is None else edit.action
        words = action, item.name, item.label, item.suggested
        figures = f"{item.quality:.4f}", f"{item.probability:.4f}"
        writer.writerow((*words, *figures, item.sha256))
    return out.getvalue()
