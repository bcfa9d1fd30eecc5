"""Find labelled pictures in a folder, whichever of the usual layouts it has.

Four layouts are understood, at the folder itself or below folders that wrap it:

- ``DIR/{train,validation[,test]}/<class>/*``, by any names that say which split it is,
- ``DIR/<class>/*``,
- ``DIR/<class>/{train,validation[,test]}/*``, also as ``DIR/<class>_train/*`` and so on,
- ``DIR/<class>.<number>.jpg``, the competition's flat layout (also inside ``DIR/train``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.data import layout_errors
from tl_catdog.data.folder_kinds import FLAT_NAME
from tl_catdog.data.folder_names import SPLITS, TEST, TRAIN, VALIDATION, class_key, class_name
from tl_catdog.data.layouts import UNSPLIT, Layout, read_layout
from tl_catdog.data.reading import address_in
from tl_catdog.data.tree import SUFFIXES, Folder, is_folder, walk
from tl_catdog.errors import UsageError, listing, shortened
from tl_catdog.storage.places import is_store

__all__ = (
    "FLAT_NAME",
    "SPLITS",
    "SUFFIXES",
    "TEST",
    "TRAIN",
    "UNSPLIT",
    "VALIDATION",
    "ImageFile",
    "ImageFolder",
    "holds_images",
    "images_below",
    "is_folder",
    "scan",
)


@dataclass(frozen=True, slots=True)  # there may be very many
class ImageFile:
    """A labelled picture: its file, its class, and its path below the folder that was scanned."""

    path: Path
    label: str
    name: str


@dataclass(frozen=True)
class ImageFolder:
    """What a folder holds.

    Attributes:
        root: The folder.
        layout: Which of the layouts it has, for people.
        classes: The names of the classes, sorted.
        splits: The pictures of each split, or of ``UNSPLIT``, class by class.
        ignored: What is left out: how many files by their suffix, or by what they are.
        notes: What else a user should know of how its names were understood, a sentence each.
    """

    root: Path
    layout: str
    classes: tuple[str, ...]
    splits: dict[str, tuple[ImageFile, ...]]
    ignored: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def scan(root: Path, known: Collection[str] = ()) -> ImageFolder:
    """Find the pictures of a folder by its names.

    Only files whose names don't say what they hold are opened, for their first bytes. Names of
    classes that differ in capitals, spaces or the bytes of accents are one class.

    Args:
        root: The folder.
        known: Classes that are known already, such as a run's. A folder with pictures of one of
            them will do then, and splits may differ in their classes.

    Raises:
        UsageError: The folder is missing or empty, holds one class only or an empty class, its
            splits differ in their classes, or its layout isn't one of those understood, or could
            be one of two.
    """
    root = root.absolute()
    check_root(root)
    found = read_layout(root, known)
    names, notes = class_names(found, root, known)
    splits = {
        split: tuple(
            ImageFile(path, label, path.relative_to(root).as_posix())
            for label, files in sorted(_merged(found.splits[split], names).items())
            for path in files
        )
        for split in (*SPLITS, UNSPLIT)
        if split in found.splits
    }
    classes = {item.label for items in splits.values() for item in items}
    ignored = all_left_out(found)
    return ImageFolder(
        root, found.kind, tuple(sorted(classes)), splits, ignored, (*found.notes, *notes)
    )


def all_left_out(found: Layout) -> dict[str, int]:
    """Return what a layout leaves out, folders without pictures among it: how many by what."""
    ignored = dict(found.left_out)
    if found.empty:
        empty = [folder.name for folders in found.empty.values() for folder in folders]
        ignored[f"folder without pictures ({listing(dict.fromkeys(empty), 3)})"] = len(empty)
    return ignored


def check_root(root: Path) -> None:
    """Make sure that a folder of pictures can be listed.

    Raises:
        UsageError: It is missing, a file, an address, or can't be read.
    """
    try:
        with os.scandir(root):
            return
    except NotADirectoryError as error:
        raise UsageError(
            f"expected a folder of pictures, found a file: {root}.",
            f"Type: tl-catdog predict {layout_errors.quoted(root)}",
        ) from error
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        address = address_in(root) if missing else None
        if address is not None:
            hint = "Download and unpack them first; for public sets, type: tl-catdog data list"
            if is_store(address):
                hint = "Copy them into a folder first" + (
                    f": aws s3 sync {shortened(address, 200)} pictures"
                    if address.startswith("s3:")
                    else ""
                )
            raise UsageError(
                f"expected a folder of pictures, found an address, {shortened(address, 200)}: "
                "pictures aren't fetched here.",
                hint,
            ) from error
        found = "no such folder" if missing else f"one that can't be read ({error.strerror})"
        raise UsageError(
            f"expected a folder of pictures, found {found}: {root}.",
            f"Type: ls {layout_errors.quoted(root.parent)}",
        ) from error


def class_names(
    found: Layout, root: Path, known: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return the class of each folder's name, by its key, and what is to be said of that.

    Args:
        found: What a folder is taken for.
        root: The folder.
        known: See ``scan``.

    Raises:
        UsageError: There is one class only, or splits differ in their classes.
    """
    names, notes = _names(found, known)
    return names, notes if known else notes + _check(found, root)


def _names(found: Layout, known: Collection[str]) -> tuple[dict[str, str], list[str]]:
    folders: dict[str, list[str]] = {}
    for classes in found.splits.values():  # training's come first
        for name in classes:
            of_class = folders.setdefault(class_key(name), [])
            if name not in of_class:
                of_class.append(name)
    chosen = {key: class_name(names[0]) for key, names in folders.items()}
    notes = [
        f"Folders named {' and '.join(map(repr, names))} are taken for one class, {chosen[key]}."
        for key, names in sorted(folders.items())
        if len(names) > 1
    ]
    chosen |= {class_key(name): name for name in known}
    return chosen, notes


def _merged(classes: dict[str, list[Path]], names: dict[str, str]) -> dict[str, list[Path]]:
    """Return the pictures of each class, those of several folders joined."""
    merged: dict[str, list[Path]] = {}
    for name, files in classes.items():
        merged.setdefault(names[class_key(name)], []).extend(files)
    return merged


def _check(found: Layout, root: Path) -> list[str]:
    """Make sure that a folder can be trained on; return what is to be said of its splits.

    Raises:
        UsageError: There is one class only, or splits differ in their classes.
    """
    of_split = {split: {class_key(name) for name in found.splits[split]} for split in found.splits}
    first = next(iter(of_split))
    expected = of_split[first]
    names = {
        split: sorted(class_name(name) for name in found.splits[split]) for split in found.splits
    }
    notes = []
    for split, keys in of_split.items():
        missing, more = expected - keys, keys - expected
        if more or (missing and split == VALIDATION and len(keys) < 2):
            _refuse_empty(found, first, more)
            _refuse_empty(found, split, missing)
            raise UsageError(
                f"expected the same classes in every split, found {listing(names[first])} in "
                f"{first} and {listing(names[split])} in {split} ({root}).",
                f"Type: ls {layout_errors.quoted(found.base)}/*",
            )
        if missing:
            lacking = sorted(name for name in names[first] if class_key(name) in missing)
            notes.append(f"There are no pictures of {listing(lacking)} in {split}.")
    if len(expected) < 2:
        _refuse_empty(found, first)
        raise UsageError(
            f"expected two classes or more, found one: {listing(names[first])} in {found.base}.",
            f"Put the other kind's pictures beside it: {layout_errors.LAYOUT_HELP}; "
            f"then type: ls {layout_errors.quoted(found.base)}",
        )
    if layout_errors.UNSURE in expected:
        raise layout_errors.named_unsure(found.splits[first], found.base)
    return notes


def _refuse_empty(found: Layout, split: str, keys: Collection[str] | None = None) -> None:
    """Make sure that a split has no empty folders, or none of some classes.

    Raises:
        UsageError: It has.
    """
    empty = [
        folder.path
        for folder in found.empty.get(split, [])
        if keys is None or class_key(folder.name) in keys
    ]
    if empty:
        raise layout_errors.empty(empty)


def holds_images(root: Path) -> bool:
    """Return whether any file below the folder is a picture by its name or its first bytes."""
    return is_folder(root) and Folder(root).holds_images


def images_below(
    root: Path, left_out: Counter[str] | None = None, *, follow: bool = False
) -> Iterator[Path]:
    """Yield every picture below a folder, sorted.

    A folder that can't be listed is yielded as well: whoever opens it learns why.

    Args:
        root: The folder.
        left_out: Counts what isn't yielded, by what it is.
        follow: Whether links to folders are followed; see ``tree.walk``.
    """
    return walk([Folder(root)], Counter() if left_out is None else left_out, follow=follow)
