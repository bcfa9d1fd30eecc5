"""A data set ready to train on: every picture with its split, class, content hash and group."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tl_catdog.data.digest import file_digests
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.groups import content_keys, group_keys, grouping_of, united
from tl_catdog.data.labelling import AS_IT_IS, Labelling, labelled
from tl_catdog.data.packed import column, joined
from tl_catdog.data.split_file import apply_split, check_groups, check_split
from tl_catdog.data.splitting import assign_splits
from tl_catdog.defaults import FEW, HELD_OUT
from tl_catdog.errors import UsageError, listing

TRIES = 3
"""Times that a folder is read whose pictures are moved meanwhile, as by ``teach``."""

FindCopies = Callable[[Sequence[Path]], Sequence[int]]
"""Returns a group for each picture, equal for copies and near-copies: ``audit.near_duplicates``."""


def load_set(
    root: Path,
    how: Labelling = AS_IT_IS,
    *,
    drawn: bool = False,
    find_copies: FindCopies | None = None,
) -> ImageSet:
    """Scan a folder as it is, hashing every picture; an unsplit one has the split ``all``.

    Args:
        root: The folder.
        how: Where the classes come from, and what makes groups.
        drawn: Whether the program drew these pictures.
        find_copies: Finds near-copies, which then are of one group.

    Raises:
        UsageError: See ``labelling.labelled`` and ``groups.group_keys``.
    """
    for _ in range(TRIES - 1):
        found = _loaded(root, how, drawn=drawn, find_copies=find_copies)
        if not any(_is_gone(example.path) for example in found.examples):
            return found  # else some were moved meanwhile: it would be a set that never was
    return _loaded(root, how, drawn=drawn, find_copies=find_copies)


def _is_gone(path: Path) -> bool:
    """Return whether nothing is there; a path that is too long to be looked at never was."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _loaded(root: Path, how: Labelling, *, drawn: bool, find_copies: FindCopies | None) -> ImageSet:
    found = labelled(root, how)
    folder = found.folder
    images = [image for members in folder.splits.values() for image in members]
    splits = [split for split, members in folder.splits.items() for _ in members]
    digests = file_digests(image.path for image in images)
    groups, grouping = [""] * len(images), None
    if how.group_by is not None or find_copies is not None:
        keys = groups
        if how.group_by is not None:
            keys = group_keys(images, how.group_by, found.rows)
        copies = find_copies([image.path for image in images]) if find_copies else None
        groups = united(content_keys(digests, images), keys, copies)
        if how.group_by is not None:
            grouping = grouping_of(how.group_by, groups, keys)
    examples = [
        Example(image.path, image.name, image.label, split, digest, group)
        for image, split, digest, group in zip(images, splits, digests, groups, strict=True)
    ]
    return ImageSet(
        folder.root,
        folder.layout,
        folder.classes,
        tuple(examples),
        folder.ignored,
        drawn,
        (*folder.notes, *found.notes),
        grouping,
    )


def load_training_set(
    root: Path,
    how: Labelling = AS_IT_IS,
    *,
    seed: int = 0,
    validation_fraction: float | None = HELD_OUT,
    test_fraction: float = 0.0,
    split_file: Path | None = None,
    drawn: bool = False,
    find_copies: FindCopies | None = None,
) -> ImageSet:
    """Scan a folder and split it where it isn't split: stratified, seeded, groups together.

    A folder with ``train`` but no validation gives up a part of ``train``. A file of
    ``audit.split.split_set`` goes before whatever splits the folder has.

    Args:
        root: The folder.
        how: Where the classes come from, and what makes groups; by themselves, identical pictures
            are one.
        seed: Which split; the same seed and pictures always give the same one.
        validation_fraction: Part of each class, 0..1 exclusive, for validation; None for
            ``HELD_OUT``, or nothing where a class would have fewer than ``FEW`` to train on.
        test_fraction: Part of each class, 0..1, for the test; only for a folder without splits.
        split_file: Which picture belongs to which split, as ``to_csv`` writes it.
        drawn: Whether the program drew these pictures.
        find_copies: Finds near-copies, which then are of one group.

    Raises:
        UsageError: See ``load_set``; or a class is too small to be split; or the file is none.
        CatdogError: Pictures that the file names are gone or have changed.
    """
    loaded = load_set(root, how, drawn=drawn, find_copies=find_copies)
    return divided(
        loaded,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        split_file=split_file,
    )


def divided(
    loaded: ImageSet,
    *,
    seed: int,
    validation_fraction: float | None,
    test_fraction: float,
    split_file: Path | None,
) -> ImageSet:
    """Split a set where it isn't split; see ``load_training_set``."""
    root = loaded.root
    if split_file is not None:
        return apply_split(loaded, split_file)
    if TRAIN not in loaded.splits and UNSPLIT not in loaded.splits:
        raise UsageError(
            f"expected pictures to train on, found {listing(loaded.splits)} only in {root}.",
            "Name the folder of the classes, or put one called train beside it; "
            f"then type: ls {shlex.quote(str(root))}",
        )
    if VALIDATION in loaded.splits:
        return loaded
    source = UNSPLIT if UNSPLIT in loaded.splits else TRAIN
    rest = {TEST: test_fraction} if source == UNSPLIT and test_fraction else {}
    if validation_fraction is None:
        counts = Counter(column(loaded.split(source), "label"))
        left = min(counts.values()) * (1 - HELD_OUT - sum(rest.values()))
        validation_fraction = HELD_OUT if left >= FEW else 0.0
    parts = {VALIDATION: validation_fraction, **rest} if validation_fraction else rest
    examples = assign_splits(loaded.split(source), parts, seed)
    kept = [loaded.split(split) for split in loaded.splits if split != source]
    check_split(examples, loaded.classes, root, (TRAIN, *parts))
    if loaded.grouping is not None and not parts:  # folds, then, will have to part them
        check_groups(examples, loaded.classes, root, 2)
    how_split = f"split by seed {seed}" if parts else "nothing held out"
    layout = f"{loaded.layout}, {how_split}"
    return replace(loaded, layout=layout, examples=joined((examples, *kept)))
