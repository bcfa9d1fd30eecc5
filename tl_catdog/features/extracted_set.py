"""The pictures of a batch of features as a set: labelled, grouped, split; none of them is opened.

They need not be here. Classes come with the batch's listing, from a table or from their names.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog.data.columns import Digests, Names, Texts
from tl_catdog.data.digest import UNREADABLE, content_key
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import SPLITS, UNSPLIT
from tl_catdog.data.groups import EXIF, group_keys, grouping_of, united
from tl_catdog.data.labelling import FOLDERS, Labelling, labelled_names
from tl_catdog.data.named_images import usual_classes, why_no_name
from tl_catdog.data.packed import Packed
from tl_catdog.data.split_file import DIGEST, check_name
from tl_catdog.data.table_rows import Named
from tl_catdog.errors import CatdogError, UsageError, shortened, shown
from tl_catdog.features.extracted_plan import Extracted, open_extracted
from tl_catdog.storage.places import is_url

ROLES = (*SPLITS, UNSPLIT)

LAYOUT = "features of"
"""How the layout of such a set begins, for people and in runs."""


@dataclass
class _Listed:
    """What a batch says of its pictures, in its order; there may be very many.

    Attributes:
        names: Their names, which are the pictures.
        digests: SHA-256 of each picture's bytes.
        labels: Places of their classes in ``classes``; -1 of those without one.
        splits: Places of their splits in ``ROLES``.
        classes: The classes as they are spelt, with their places.
    """

    names: Texts = field(default_factory=Texts)
    digests: Digests = field(default_factory=Digests)
    labels: array[int] = field(default_factory=lambda: array("i"))
    splits: array[int] = field(default_factory=lambda: array("b"))
    classes: dict[str | None, int] = field(default_factory=lambda: {None: -1})

    def add(self, table: Any) -> None:
        """Take the pictures of a part.

        Raises:
            ValueError: One can't be so.
        """
        wanted = ("path", "sha256", "label", "split")
        paths, digests, labels, splits = (table.column(name).to_pylist() for name in wanted)
        for path, sha256, split in zip(paths, digests, splits, strict=True):
            check_name(path or "")
            if not DIGEST.fullmatch(sha256 or ""):
                raise ValueError(f"a SHA-256 of {shown(path)}, found {shown(sha256)}")
            if split is not None and split not in SPLITS:
                raise ValueError(f"a split of {shown(path)}, found {shown(split)}")
        self.names.add(paths)
        self.digests.add([sha256 or UNREADABLE for sha256 in digests])
        for label in labels:
            self.labels.append(self.classes.setdefault(label, len(self.classes) - 1))
        self.splits.extend(ROLES.index(split or UNSPLIT) for split in splits)

    def packed(self, root: Path) -> Packed:
        """Return the pictures that have a class."""
        labels = np.array(self.labels, np.int32)
        rows = np.flatnonzero(labels >= 0)
        splits = np.array(self.splits, np.int8)[rows]
        classes = tuple(label for label in self.classes if label is not None)
        return Packed(root, self.names, self.digests, rows, labels[rows], classes, splits, ROLES)


def extracted_set(text: str | os.PathLike[str], how: Labelling) -> ImageSet:
    """Return the pictures of a batch as ``data.sets.load_set`` returns those of a folder.

    Near-copies aren't looked for, which takes pictures; identical ones are one group, as ever.

    Args:
        text: The folder or address that ``tl-catdog batch features`` wrote.
        how: Where the classes come from, and what makes groups.

    Raises:
        UsageError: It is no closed batch of features; its pictures have no classes, or see
            ``labelling.labelled`` and ``groups.group_keys``.
        CatdogError: It is damaged.
    """
    batch = open_extracted(text)
    if how.group_by is not None and how.group_by.strip().partition(":")[0] == EXIF:
        raise UsageError(
            f"expected --group-by that names or a table tell, found {how.group_by!r}, which is in "
            "the pictures: of features there are none.",
            "Type: --group-by subfolder, a pattern, or a column; or: tl-catdog train --data DIR",
        )
    root = Path(batch.plan.source)
    listed = _listed(batch)
    found = _labelled(batch, root, listed, how)
    images, notes = found.images, list(found.notes)
    grouping = None
    if how.group_by is not None:
        digests = list(images.column("digest"))
        keys = group_keys(images, how.group_by, found.rows)
        contents = map(content_key, digests, images.column("name"))
        groups = united(list(contents), keys)
        images = replace(images, groups=np.array(groups, np.object_))
        grouping = grouping_of(how.group_by, groups, keys)
        notes.append("Near-copies aren't looked for: of features there are no pictures.")
    return ImageSet(
        root,
        found.layout,
        tuple(sorted(set(images.classes))),
        images,
        found.ignored,
        notes=tuple(notes),
        grouping=grouping,
        address=batch.plan.source if is_url(batch.plan.source) else None,
    )


def _listed(batch: Extracted) -> _Listed:
    """Read what the parts say of their pictures; it may be a stranger's.

    Raises:
        CatdogError: It can't be so.
    """
    found = _Listed()
    try:
        for table in batch.tables(("path", "sha256", "label", "split")):
            found.add(table)
        twice = Names(found.names).twice()
        if twice is not None:
            raise ValueError(f"each picture once, found {shown(twice)} again")
    except ValueError as error:
        raise CatdogError(
            f"expected pictures that can be trained on in {batch.place}: {error}.",
            "Extract them anew: tl-catdog batch features SOURCE --out OTHER",
        ) from None
    return found


@dataclass(frozen=True)
class _Labelled:
    """Pictures with their classes; for the rest see ``ImageSet`` and ``Labelled``."""

    images: Packed
    layout: str
    ignored: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rows: Named | None = None


def _labelled(batch: Extracted, root: Path, listed: _Listed, how: Labelling) -> _Labelled:
    """Return the pictures with their classes and splits.

    They are in the order of the listing, which is how a training on the same folder has them: bits
    hang on it. Where a table or names tell classes, they are in the order of those.
    """
    if how.pattern is not None or how.table not in (None, FOLDERS):
        return _by_names(root, listed, how)
    if how.column is not None:
        raise UsageError(
            "expected a table for --label-column, found none named: beside features none is "
            "looked for.",
            "Name it: --labels FILE",
        )
    images = listed.packed(root)
    if not images.classes:
        raise UsageError(
            f"expected classes of the pictures in {batch.place}, found that its listing has none.",
            "Type: --labels FILE, or --label-pattern '{label}_{number}', or as the names are",
        )
    for label in images.classes:
        if problem := why_no_name(label):
            name = next(item.name for item in images if item.label == label)
            raise UsageError(
                f"expected classes that can be names of folders, found {shortened(label, 60)!r} "
                f"of {shortened(name, 200)}: {problem}.",
                "Name a table of others: --labels FILE",
            )
    layout = f"{LAYOUT} {batch.plan.source}"
    counted = Counter(zip(images.column("split"), images.column("label"), strict=True))
    usual, notes = usual_classes(f"{root}, {layout}", counted, how.known)
    images = replace(images, classes=tuple(usual[label] for label in images.classes))
    without = len(listed.names) - len(images)
    ignored = {"pictures without a class": without} if without else {}
    return _Labelled(images, layout, ignored, tuple(notes))


def _by_names(root: Path, listed: _Listed, how: Labelling) -> _Labelled:
    """Return the pictures with the classes that a table or their names tell."""
    names = listed.names.at(np.arange(len(listed.names)))
    read = labelled_names(root, names, how)
    folder = read.folder
    images = [item for items in folder.splits.values() for item in items]
    splits = [ROLES.index(split) for split, items in folder.splits.items() for _ in items]
    place = {label: number for number, label in enumerate(folder.classes)}
    packed = Packed(
        root,
        listed.names,
        listed.digests,
        Names(listed.names).places([item.name for item in images]),
        np.array([place[item.label] for item in images], np.int32),
        folder.classes,
        np.array(splits, np.int8),
        ROLES,
    )
    notes = (*folder.notes, *read.notes)
    return _Labelled(packed, folder.layout, folder.ignored, notes, read.rows)
