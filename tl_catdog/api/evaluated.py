"""Which pictures an evaluation is of, and what a training has saved of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tl_catdog.data.batches import Skipped
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.label_map import renamed
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.mirror import on_disk
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.runs.contents import extracted_of, own_images
from tl_catdog.runs.folder import Run
from tl_catdog.runs.moved import found_again, with_own_splits
from tl_catdog.storage.places import is_url


def labelled_images(
    run: Run,
    data: str | Path | None,
    features: str | Path | None,
    how: Labelling,
    label_map: Mapping[str, str] | None,
    *,
    own_splits: bool,
) -> ImageSet:
    """Return labelled pictures of a run's classes; see ``Classifier.images``.

    Args:
        run: The run.
        data: The pictures' folder.
        features: What ``tl-catdog batch features`` wrote of them, in its place.
        how: Where their classes come from.
        label_map: A name of theirs → the run's class.
        own_splits: Whether they have the splits that the run had them in.

    Raises:
        UsageError: It isn't a set, or has other classes; or both are named.
        CatdogError: The run doesn't know its pictures any more, or the batch is damaged.
    """
    if data is not None and features is not None:
        raise UsageError(
            "expected pictures or their features, found --data and --features.", "Leave one out"
        )
    if data is None and features is None:
        if label_map:
            raise UsageError(
                "expected other pictures for --map, found none named.", "Type: --data DIR"
            )
        return own_images(run)
    how = replace(how, known=(*run.classes, *(label_map or ())))
    if features is not None:
        from tl_catdog.features.extracted_set import extracted_set

        loaded = extracted_set(features, how)
    else:
        loaded = load_set(on_disk(str(data)), how)
    found = renamed(loaded, run.classes, label_map)
    return with_own_splits(found, own_images(run).examples, run.name) if own_splits else found


def own_again(run: Run, examples: Sequence[Example], root: Path) -> tuple[Example, ...]:
    """Return a run's own pictures by their files as they are now; see ``moved.found_again``.

    Raises:
        CatdogError: One is gone or has changed. Where features took the pictures' place, the
            message says that they do here, too.
    """
    try:
        return found_again(examples, root)
    except CatdogError as error:
        address = run.manifest["data"]["root"]
        if is_url(address):  # as a path it lacks a slash
            error.message = error.message.replace(str(root), address, 1)
        if extracted := extracted_of(run):
            place = shlex.quote(extracted["place"])
            error.hint = f"Add --features {place}, or name the folder of its pictures: --data DIR"
        raise


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
