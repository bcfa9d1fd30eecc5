"""What folders are by what is in them: classes, splits, whole sets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tl_catdog.data import layout_errors as errors
from tl_catdog.data.folder_names import (
    TRAIN,
    class_key,
    parts_of_classes,
    split_roles,
    splits_and_classes,
)
from tl_catdog.data.tree import Folder, walk
from tl_catdog.files import SET_RECORD

FLAT_NAME = re.compile(r"^(?P<label>[^.]+)\.\d+\.[A-Za-z]+$")

Classes = dict[str, list[Path]]
"""The name of a class's folder → its pictures."""


def is_marked(folder: Folder) -> bool:
    """Return whether a user has said that a folder's folders are the classes."""
    return errors.MARK in folder.names


def flat_classes(folder: Folder) -> Classes:
    """Return the classes that the names of a folder's pictures say; none if one says nothing."""
    found: Classes = {}
    for path in folder.images:
        match = FLAT_NAME.match(path.name)
        if match is None:
            return {}
        found.setdefault(match["label"], []).append(path)
    return found


def is_sorted(folder: Folder) -> bool:
    """Return whether the pictures of a folder are in folders, or have a class in their names."""
    return bool(folder.picture_folders or flat_classes(folder))


def is_set(folder: Folder) -> bool:
    """Return whether a folder is a whole picture set, and so no class."""
    roles = split_roles([inner.name for inner in folder.folders])
    return SET_RECORD in folder.names or any(
        roles.get(inner.name) == TRAIN and is_sorted(inner) for inner in folder.folders
    )


def may_be_class(folder: Folder) -> bool:
    """Return whether a folder without pictures may be a class all the same.

    It is empty, can't be read, or holds pictures of formats that aren't read.
    """
    found = Counter[str]()
    unreadable = list(walk([folder], found))
    return bool(unreadable) or not found or bool(errors.pictures_of_other_formats(folder))


def are_splits(
    base: Folder,
    splits: Mapping[str, Sequence[Folder]],
    loose: Sequence[Folder],
    others: Sequence[Folder],
    root: Path,
) -> bool:
    """Return whether folders that are named like splits are some.

    Args:
        base: The folder they are in.
        splits: Those whose pictures are in folders, by split.
        loose: Those with pictures that aren't.
        others: The folders with pictures beside them.
        root: The folder that the user named.

    Raises:
        UsageError: They may be splits, and may be classes; or their pictures have no classes.
    """
    named = [folder for folders in splits.values() for folder in folders] + list(loose)
    if TRAIN in splits:
        beside = [folder for folder in others if folder.images]
        if len(named) == 1 and len(beside) > 1 and _number(beside) > _number(named):
            raise errors.split_or_class(base, named, beside)
        return True
    training = [folder for folder in loose if TRAIN in split_roles([folder.name]).values()]
    if named and not others:
        if training or not splits:
            raise errors.unsorted((training or loose)[0], root)
        return True
    if len(named) > 1 or (named and len(others) > 1 and not training):
        raise errors.split_or_class(base, named, others)
    return False


def _number(folders: Sequence[Folder]) -> int:
    return sum(len(folder.below) for folder in folders)


def splits_within(folders: Sequence[Folder]) -> dict[str, dict[str, list[Folder]]]:
    """Return the split folders of each class, by split; nothing unless every class has them.

    Args:
        folders: Folders that may be classes.
    """
    found: dict[str, dict[str, list[Folder]]] = {}
    for folder in folders:
        parts = folder.picture_folders
        roles = split_roles([part.name for part in parts])
        deeper = any(part.picture_folders for part in parts)
        if TRAIN not in roles.values() or len(roles) < len(parts) or folder.images or deeper:
            return {}
        of_split: dict[str, list[Folder]] = {}
        for part in parts:
            of_split.setdefault(roles[part.name], []).append(part)
        found[folder.name] = of_split
    return found if len(found) > 1 else {}


def splits_beside(folders: Sequence[Folder]) -> dict[str, dict[str, list[Folder]]]:
    """Return the split folders of each class, by split, where names such as cats_train say both.

    Args:
        folders: Folders beside each other; nothing comes of them where one holds folders itself.
    """
    found: dict[str, dict[str, list[Folder]]] = {}
    if not any(folder.picture_folders for folder in folders):
        read = splits_and_classes([folder.name for folder in folders])
        for folder in folders if read else ():
            split, label = read[folder.name]
            found.setdefault(label, {}).setdefault(split, []).append(folder)
    return found


def holding_the_others(folders: Sequence[Folder]) -> list[Folder]:
    """Return those of some folders that hold the others once more, as some archives do."""
    keys = {class_key(folder.name) for folder in folders}
    found = []
    for folder in folders:
        within = {class_key(inner.name) for inner in folder.picture_folders}
        again = keys & within - {class_key(folder.name)}
        if len(again) > 1 and 2 * len(again) >= len(folders) - 1:
            found.append(folder)
    return found


def refuse_alike(base: Folder, folders: Sequence[Folder], *, in_split: bool) -> None:
    """Make sure that folders look like classes, and not like splits or sets of the same classes.

    Classes may hold equally named folders as well, such as years. Names tell these apart.

    Args:
        base: The folder they are in.
        folders: Those with pictures.
        in_split: Whether that folder is a split's.

    Raises:
        UsageError: Most of the folders hold the same ones.
    """
    within: dict[str, dict[str, str]] = {}
    for folder in folders:
        inner = folder
        while len(inner.picture_folders) == 1 and not inner.images:
            (inner,) = inner.picture_folders
        below = inner.picture_folders
        if below and len(inner.images) <= sum(len(part.below) for part in below):
            within[folder.name] = {class_key(part.name): part.name for part in below}
    counts = Counter(key for names in within.values() for key in names)
    alike = {}
    for name, names in within.items():
        shared = [names[key] for key in names if counts[key] > 1]
        if len(shared) > 1 and 2 * len(shared) >= len(names):
            alike[name] = shared
    whole = [list(within[name].values()) for name in alike]
    if len(alike) < 2 or 2 * len(alike) <= len(folders) or parts_of_classes(whole):
        return
    found = [folder for folder in folders if folder.name in alike]
    found.sort(key=lambda folder: -len(folder.below))
    raise errors.alike(base, found, alike[found[0].name], in_split=in_split)


def note_of_parts(folders: Sequence[Folder]) -> str | None:
    """Return what is to be said where classes have folders of their own; None where they don't."""
    split = [folder for folder in folders if len(folder.picture_folders) > 1]
    if len(split) < 2:
        return None
    example = f"{split[0].name}/{split[0].picture_folders[0].name}"
    return f"Folders within a class belong to it, such as {example}."
