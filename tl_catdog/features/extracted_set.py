"""The pictures of a batch of features as a set: labelled, grouped, split; none of them is opened.

They need not be here. Classes come with the batch's listing, from a table or from their names.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import SPLITS, UNSPLIT
from tl_catdog.data.groups import EXIF, content_keys, group_keys, grouping_of, united
from tl_catdog.data.labelling import FOLDERS, Labelled, Labelling, labelled_names
from tl_catdog.data.named_images import image_folder, why_no_name
from tl_catdog.data.split_file import DIGEST, check_name
from tl_catdog.errors import CatdogError, UsageError, shortened, shown
from tl_catdog.features.extracted_plan import Extracted, open_extracted
from tl_catdog.storage.places import is_url

LAYOUT = "features of"
"""How the layout of such a set begins, for people and in runs."""


@dataclass
class _Listed:
    """What a batch says of its pictures, in its order.

    Attributes:
        digests: SHA-256 of each picture's bytes by its name; the names are the pictures.
        labels: Their classes, where the listing has them.
        splits: Their splits, where it has them.
    """

    digests: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)


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
    read = _labelled(batch, root, listed, how)
    folder = read.folder
    splits = {item.name: (split, item) for split, items in folder.splits.items() for item in items}
    own = how.pattern is None and how.table in (None, FOLDERS)
    # As it is listed, which is how a training on the same folder has it: bits hang on the order.
    names = [name for name in listed.digests if name in splits] if own else list(splits)
    images = [splits[name][1] for name in names]
    digests = [listed.digests[name] for name in names]
    groups, grouping = [""] * len(images), None
    notes = [*folder.notes, *read.notes]
    if how.group_by is not None:
        keys = group_keys(images, how.group_by, read.rows)
        groups = united(content_keys(digests, images), keys)
        grouping = grouping_of(how.group_by, groups, keys)
        notes.append("Near-copies aren't looked for: of features there are no pictures.")
    return ImageSet(
        root,
        folder.layout,
        folder.classes,
        tuple(
            Example(image.path, image.name, image.label, splits[image.name][0], digest, group)
            for image, digest, group in zip(images, digests, groups, strict=True)
        ),
        folder.ignored,
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
        for table in batch.tables():
            columns = (table.column(name).to_pylist() for name in ("path", "sha256"))
            for path, sha256 in zip(*columns, strict=True):
                check_name(path or "")
                if path in found.digests:
                    raise ValueError(f"each picture once, found {shown(path)} again")
                if not DIGEST.fullmatch(sha256 or ""):
                    raise ValueError(f"a SHA-256 of {shown(path)}, found {shown(sha256)}")
                found.digests[path] = sha256 or UNREADABLE
            for name, into in (("label", found.labels), ("split", found.splits)):
                values = table.column(name).to_pylist()
                paths = table.column("path").to_pylist()
                into.update(
                    (path, sys.intern(value))
                    for path, value in zip(paths, values, strict=True)
                    if value is not None
                )
        for path, split in found.splits.items():
            if split not in SPLITS:
                raise ValueError(f"a split of {shown(path)}, found {shown(split)}")
    except ValueError as error:
        raise CatdogError(
            f"expected pictures that can be trained on in {batch.place}: {error}.",
            "Extract them anew: tl-catdog batch features SOURCE --out OTHER",
        ) from None
    return found


def _labelled(batch: Extracted, root: Path, listed: _Listed, how: Labelling) -> Labelled:
    """Return the pictures with their classes and splits."""
    names = list(listed.digests)
    if how.pattern is not None or how.table not in (None, FOLDERS):
        return labelled_names(root, names, how)
    if how.column is not None:
        raise UsageError(
            "expected a table for --label-column, found none named: beside features none is "
            "looked for.",
            "Name it: --labels FILE",
        )
    if not listed.labels:
        raise UsageError(
            f"expected classes of the pictures in {batch.place}, found that its listing has none.",
            "Type: --labels FILE, or --label-pattern '{label}_{number}', or as the names are",
        )
    for name, label in listed.labels.items():
        if problem := why_no_name(label):
            raise UsageError(
                f"expected classes that can be names of folders, found {shortened(label, 60)!r} "
                f"of {shortened(name, 200)}: {problem}.",
                "Name a table of others: --labels FILE",
            )
    splits = {name: listed.splits.get(name, UNSPLIT) for name in listed.labels}
    without = len(names) - len(listed.labels)
    ignored = {"pictures without a class": without} if without else {}
    layout = f"{LAYOUT} {batch.plan.source}"
    return Labelled(
        image_folder(root, layout, listed.labels, splits=splits, ignored=ignored, known=how.known)
    )
