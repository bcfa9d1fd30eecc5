"""A data set ready to train on: every picture with its split, class, content hash and group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tl_catdog.data.digest import file_digests
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.groups import content_keys, group_keys, grouping_of, united
from tl_catdog.data.labelling import AS_IT_IS, Labelling, labelled
from tl_catdog.data.split_file import apply_split, check_split
from tl_catdog.data.splitting import assign_splits

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
        found.notes,
        grouping,
    )


def load_training_set(
    root: Path,
    how: Labelling = AS_IT_IS,
    *,
    seed: int = 0,
    validation_fraction: float = 0.2,
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
        validation_fraction: Part of each class, 0..1 exclusive, for validation.
        test_fraction: Part of each class, 0..1, for the test; only for a folder without splits.
        split_file: Which picture belongs to which split, as ``to_csv`` writes it.
        drawn: Whether the program drew these pictures.
        find_copies: Finds near-copies, which then are of one group.

    Raises:
        UsageError: See ``load_set``; or a class is too small to be split; or the file is none.
        CatdogError: Pictures that the file names are gone or have changed.
    """
    loaded = load_set(root, how, drawn=drawn, find_copies=find_copies)
    if split_file is not None:
        return apply_split(loaded, split_file)
    if VALIDATION in loaded.splits:
        return loaded
    source = UNSPLIT if UNSPLIT in loaded.splits else TRAIN
    parts = {VALIDATION: validation_fraction}
    if source == UNSPLIT and test_fraction:
        parts[TEST] = test_fraction
    examples = assign_splits(loaded.split(source), parts, seed)
    kept = [example for example in loaded.examples if example.split != source]
    check_split(examples, loaded.classes, root, (TRAIN, *parts))
    layout = f"{loaded.layout}, split by seed {seed}"
    return replace(loaded, layout=layout, examples=tuple(examples + kept))
