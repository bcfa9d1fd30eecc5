"""``data split``: splits a set for good, near-copies together, as a file or as folders."""

from __future__ import annotations

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tl_catdog.audit.near_duplicates import copy_groups
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.labelling import AS_IT_IS, Labelling, labelled
from tl_catdog.data.parallel import Progress
from tl_catdog.data.reading import open_file
from tl_catdog.data.sets import load_set
from tl_catdog.data.split_file import check_split
from tl_catdog.data.splitting import assign_splits
from tl_catdog.errors import CatdogError, UsageError, listing, shown
from tl_catdog.files import naming
from tl_catdog.journal.places import FreePaths, free_names
from tl_catdog.scratch import scratch_folder


@dataclass(frozen=True)
class Split:
    """A set with its splits.

    Attributes:
        images: The set.
        groups: How many groups were kept together, those of copies and near-copies among them.
        grouped: How many pictures are in them.
    """

    images: ImageSet
    groups: int
    grouped: int


def split_set(
    root: Path,
    how: Labelling = AS_IT_IS,
    *,
    validation: float,
    test: float,
    seed: int = 0,
    again: bool = False,
    progress: Progress | None = None,
) -> Split:
    """Split a folder of pictures: seeded, stratified, groups and near-copies together.

    Args:
        root: The folder.
        how: Where the classes come from, and what makes groups beside near-copies.
        validation: Part of each class for validation, above 0.
        test: Part of each class for the test, 0 for none. Together they leave some for training.
        seed: Which of the many possible splits.
        again: Whether to split anew what is split already.
        progress: Called with (done, total) while pictures are decoded.

    Raises:
        UsageError: The folder isn't a set, is split already, or has too few pictures of a class.
    """
    splits = labelled(root, how).folder.splits
    if UNSPLIT not in splits and not again:
        raise UsageError(
            f"expected pictures without splits, found {listing(splits)} in {root}.",
            f"To merge and split them anew, type: tl-catdog data split {root} --again",
        )
    loaded = load_set(root, how, find_copies=partial(copy_groups, progress=progress))
    parts = {VALIDATION: validation, **({TEST: test} if test else {})}
    examples = assign_splits(loaded.examples, parts, seed)
    check_split(examples, loaded.classes, root, (TRAIN, *parts))
    sizes = [n for n in Counter(example.group for example in examples).values() if n > 1]
    layout = f"{loaded.layout}, split by seed {seed}"
    return Split(replace(loaded, layout=layout, examples=tuple(examples)), len(sizes), sum(sizes))


def write_folders(images: ImageSet, target: Path) -> int:
    """Write a set as ``target``/<split>/<class>/, all at once; return how many files were copied.

    The files are hard links, so they take no room; where links can't be made they are copies.

    Raises:
        UsageError: There is something at the target, or a class's name can't be a folder's.
        CatdogError: A picture can't be read.
        OSError: The target can't be written.
    """
    place = target.resolve()  # a link to an empty folder stays
    _check_free(target, place)
    _check_names(images.classes)
    copied = 0
    free = FreePaths()
    with naming(target):
        place.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(place) as made:
            for example in images.examples:
                folder = made / example.split / example.label
                folder.mkdir(parents=True, exist_ok=True)
                copied += _link(example, free.first_free(free_names(folder / example.path.name)))
            try:
                made.replace(place)  # what has come there meanwhile stays, unless it is empty
            except OSError:
                _check_free(target, place)
                raise
    return copied


def _check_free(target: Path, place: Path) -> None:
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise UsageError(
            f"expected a new folder, found that {target} is there.", "Type: --folders OTHER"
        )


def _check_names(classes: Sequence[str]) -> None:
    """Make sure that classes can be folders: a table may call them anything, even ``../..``."""
    wrong = [name for name in classes if name == ".." or Path(name).name != name or "\0" in name]
    if wrong:
        raise UsageError(
            f"expected classes that folders can be called like, found {shown(wrong[0])}.",
            "Rename them in the table, or leave out --folders",
        )


def _link(example: Example, target: Path) -> int:
    """Link a picture's file to a path, or copy it there; return 1 if it was copied.

    Raises:
        CatdogError: The picture can't be read.
        OSError: The copy can't be written.
    """
    source = example.path.resolve()
    try:
        os.link(source, target)
    except OSError:
        pass
    else:
        return 0
    try:
        file = open_file(source)
    except OSError as error:
        raise CatdogError(
            f"expected pictures that can be read, found {example.path} "
            f"({error.strerror or error}).",
            f"Type: ls -l {shlex.quote(str(example.path))}",
        ) from error
    with file, naming(target), target.open("xb") as copy:
        shutil.copyfileobj(file, copy)
    return 1
