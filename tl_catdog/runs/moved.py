"""Pictures that were moved or renamed since a run was trained: their hashes tell which they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tl_catdog.data.digest import UNREADABLE, file_digest, file_digests
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import UNSPLIT, images_below, is_folder
from tl_catdog.data.split_file import check_unchanged
from tl_catdog.wording import plural

PROBES = 5
"""Pictures that are looked for in a folder to tell whether it is the one that was moved."""

MOST_OF = 0.5
"""The part of a run's pictures that a folder must hold to be taken for theirs, rather than for
another set that shares some."""


def moved_root(images: ImageSet, places: Iterable[Path]) -> Path:
    """Return the folder that a run's pictures are in now.

    Args:
        images: The pictures as the run has them.
        places: Folders that they may be in, if theirs is gone.

    Returns:
        The first of the places with pictures of the same names and bytes; else where they were.
    """
    if is_folder(images.root):
        return images.root
    known = [example for example in images.examples if example.digest != UNREADABLE]
    chosen = np.unique(np.linspace(0, len(known) - 1, min(PROBES, len(known))).astype(int))
    probes = [known[place] for place in chosen.tolist()]
    for place in places:
        if is_folder(place) and any(
            file_digest(place / probe.name) == probe.digest for probe in probes
        ):
            return place.absolute()
    return images.root


def rerooted(images: ImageSet, root: Path) -> ImageSet:
    """Return the same pictures in another folder."""
    if root == images.root:
        return images
    moved = tuple(replace(item, path=root / item.name) for item in images.examples)
    return replace(images, root=root, examples=moved)


def found_again(examples: Sequence[Example], root: Path) -> tuple[Example, ...]:
    """Return pictures by their files as they are now, wherever below a folder they were moved.

    Nothing but the pictures themselves is read where all are in their places.

    Args:
        examples: The pictures.
        root: The folder.

    Raises:
        CatdogError: One is nowhere in it, or has changed.
    """
    digests = file_digests(example.path for example in examples)
    here = [item.digest == digest for item, digest in zip(examples, digests, strict=True)]
    if all(here):
        return tuple(examples)
    elsewhere = list(images_below(root, follow=True)) if is_folder(root) else []
    by_digest = dict(zip(file_digests(elsewhere), elsewhere, strict=True))
    by_digest.pop(UNREADABLE, None)
    found = tuple(
        item if same else replace(item, path=by_digest.get(item.digest, item.path))
        for item, same in zip(examples, here, strict=True)
    )
    check_unchanged([item for item, same in zip(found, here, strict=True) if not same])
    return found


def with_own_splits(images: ImageSet, known: Collection[Example], run: str) -> ImageSet:
    """Give the pictures of an unsplit folder the splits that a run has them in, by their content.

    Pictures that the run doesn't know keep the split ``all``. Nothing is changed where the folder
    has splits of its own, or isn't that of the run's pictures (``MOST_OF``).

    Args:
        images: The folder's pictures.
        known: The run's.
        run: Its name.
    """
    splits = {item.digest: item.split for item in known if item.digest != UNREADABLE}
    there = splits.keys() & {item.digest for item in images.examples}
    if images.splits != (UNSPLIT,) or len(there) < MOST_OF * len(splits) or not there:
        return images
    examples = tuple(
        replace(item, split=splits.get(item.digest, UNSPLIT)) for item in images.examples
    )
    new = sum(item.split == UNSPLIT for item in examples)
    note = f"These are the pictures of {run}, by their hashes, so its own splits are used"
    if new:
        note += f"; {plural(new, 'other')} left out, --split {UNSPLIT} takes all"
    return replace(images, examples=examples, notes=(*images.notes, f"{note}."))
