"""Which pictures an evaluation is of, and what a training has saved of them."""

from __future__ import annotations

from pathlib import Path

from tl_catdog.data.batches import Skipped
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.errors import UsageError
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.runs.folder import Run


def split_to_evaluate(
    run: Run, images: ImageSet, split: str | None, *, own: bool, again: bool
) -> str:
    """Return which split to evaluate on: that named, or the one that says most about a network.

    Args:
        run: The run.
        images: The pictures.
        split: Its name, if one was named.
        own: Whether the pictures are those of the run.
        again: Whether they would be predicted anew.

    Raises:
        UsageError: They would be predicted anew, and all there is was trained on.
    """
    if not own or not run.out_of_fold or TEST in (split, *images.splits):
        return split or default_split(images)
    wanted = split or VALIDATION
    if again and wanted == VALIDATION:
        raise UsageError(
            f"expected pictures that {run.name} wasn't trained on, found that it was "
            "trained on all: its figures are out-of-fold, from models that are gone.",
            f"Name other pictures: tl-catdog evaluate {run.name} --data DIR",
        )
    return wanted


def default_split(images: ImageSet) -> str:
    """Return the split that says most about a network: test, else validation, all, or train."""
    return next(name for name in (TEST, VALIDATION, UNSPLIT, TRAIN) if name in images.splits)


def saved_predictions(run: Run, split: str) -> tuple[Predictions, tuple[Skipped, ...]]:
    """Return the predictions that a run keeps of a split, and which pictures couldn't be read.

    Raises:
        CatdogError: The file is missing or damaged.
    """
    skipped = tuple(
        Skipped(Path(item["path"]), split, item["reason"])
        for item in run.manifest["skipped"]
        if item["split"] == split
    )
    return read_predictions(run, split), skipped
