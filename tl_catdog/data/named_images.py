"""Pictures whose classes don't come from folders: listed, checked and put together."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

from tl_catdog.data.folder_names import class_key, class_name, split_roles
from tl_catdog.data.folders import (
    SPLITS,
    TRAIN,
    UNSPLIT,
    ImageFile,
    ImageFolder,
    images_below,
    scan,
)
from tl_catdog.data.layout_errors import UNSURE
from tl_catdog.data.name_pattern import likely_template, name_pattern
from tl_catdog.errors import UsageError, listing

LABELS_FROM = "labels from"
"""How the layout of such a set begins, for people and in runs."""

LONGEST = 100  # characters of a class's name


def pictures_below(root: Path) -> tuple[list[str], dict[str, int]]:
    """Return the paths of all pictures below a folder, and how much else is there."""
    left_out = Counter[str]()
    found = [path.relative_to(root).as_posix() for path in images_below(root, left_out)]
    return found, dict(left_out)


def why_no_name(label: str) -> str:
    """Return why a class can't be called so, or nothing: it becomes folders and lines of files.

    >>> why_no_name("Maine Coon"), why_no_name("../cats")
    ('', 'it has a slash')
    """
    if "/" in label or "\\" in label:
        return "it has a slash"
    if label in (".", ".."):
        return "it means a folder"
    if not label.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in label):
        return "it has characters that can't be printed"
    if len(label) > LONGEST:
        return f"it has more than {LONGEST} characters"
    return ""


def labelled_by_names(root: Path, text: str, known: Collection[str] = ()) -> ImageFolder:
    """Return a folder's pictures with the classes that a pattern finds in their names.

    Raises:
        UsageError: It isn't a pattern, or finds no classes.
    """
    names, left_out = pictures_below(root)
    if not names:
        name_pattern(text, "label", "--label-pattern")
        return scan(root, known)  # which says that there are no pictures
    return named_by_pattern(root, names, left_out, text, known)


def named_by_pattern(
    root: Path,
    names: list[str],
    left_out: dict[str, int],
    text: str,
    known: Collection[str] = (),
) -> ImageFolder:
    """Return pictures with the classes that a pattern finds in their names; none is opened.

    Args:
        root: The folder that they are in, or were.
        names: Their paths below it.
        left_out: How many other files there are, by what they are.
        text: The pattern.
        known: Classes that are known already.

    Raises:
        UsageError: It isn't a pattern, or finds no classes.
    """
    pattern = name_pattern(text, "label", "--label-pattern")
    left_out = dict(left_out)
    labels = {name: label for name in names if (label := pattern.find(name))}
    example = next((name for name in names if name not in labels), "")
    if not labels:
        raise UsageError(
            f"expected --label-pattern {text!r} to find a class in names of pictures, found none "
            f"in {len(names):,}, such as {example}.",
            "Type: --label-pattern '{label}_{number}', or as the names are",
        )
    for name, label in labels.items():
        if problem := why_no_name(label):
            raise UsageError(
                f"expected classes that can be names of folders, found {label[:60]!r} in {name}: "
                f"{problem}.",
                "Type: --label-pattern '{label}_{number}', or as the names are",
            )
    if len(labels) < len(names):
        words = f"pictures whose names --label-pattern doesn't fit, such as {example}"
        left_out[words] = len(names) - len(labels)
    title = f"{LABELS_FROM} names, {text}"
    return image_folder(root, title, labels, ignored=left_out, known=known)


def image_folder(
    root: Path,
    layout: str,
    labels: Mapping[str, str],
    *,
    splits: Mapping[str, str] | None = None,
    ignored: Mapping[str, int] | None = None,
    known: Collection[str] = (),
) -> ImageFolder:
    """Return pictures with classes; their splits are given, or those of folders called so.

    Classes that differ in capitals or spaces alone are one, as those of folders are.

    Args:
        root: The folder.
        layout: Where the classes come from, for people.
        labels: The classes, by the pictures' paths below the folder.
        splits: The pictures' splits, where they are given.
        ignored: How many files or rows are left out, by what they are.
        known: Classes that are known already, such as a run's; one of them will do then.

    Raises:
        UsageError: There are fewer than two classes, splits differ in them, or each picture has
            its own.
    """
    splits = splits or _splits_by_folders(labels)
    counted = Counter((splits.get(name, UNSPLIT), label) for name, label in labels.items())
    usual, notes = usual_classes(f"{root}, {layout}", counted, known)
    labels = {name: usual[label] for name, label in labels.items()}
    classes = sorted(set(usual.values()))
    present = [split for split in (*SPLITS, UNSPLIT) if any(key[0] == split for key in counted)]
    members = {
        split: tuple(
            ImageFile(root / name, label, name)
            for name, label in sorted(labels.items(), key=lambda item: (item[1], item[0]))
            if splits.get(name, UNSPLIT) == split
        )
        for split in present
    }
    return ImageFolder(root, layout, tuple(classes), members, dict(ignored or {}), tuple(notes))


def usual_classes(
    where: str, counted: Counter[tuple[str, str]], known: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return how each class is spelt, and what is to be said of their splits.

    Args:
        where: Where the pictures are, for errors.
        counted: How many pictures there are of each split and class, as they are spelt there.
        known: See ``image_folder``.

    Raises:
        UsageError: See ``image_folder``.
    """
    usual = _spelt_alike(counted, known)
    alike = Counter[tuple[str, str]]()
    for (split, label), number in counted.items():
        alike[split, usual[label]] += number
    present = [split for split in (*SPLITS, UNSPLIT) if any(key[0] == split for key in counted)]
    notes = [] if known else _check(where, alike, sorted(set(usual.values())), present)
    return usual, notes


def _check(
    where: str, counted: Counter[tuple[str, str]], classes: list[str], present: list[str]
) -> list[str]:
    """Make sure that pictures can be trained on; return what is to be said of their splits."""
    other = "Name another column (--label-column NAME) or pattern (--label-pattern PATTERN)"
    if len(classes) < 2:
        found = f"one: {classes[0]}" if classes else "none"
        raise UsageError(f"expected two classes or more, found {found} in {where}.", other)
    if sum(counted.values()) == len(classes):
        raise UsageError(
            f"expected several pictures of each class, found {len(classes):,} classes of one "
            f"picture, such as {classes[0]}, in {where}.",
            other,
        )
    if UNSURE in map(class_key, classes):
        raise UsageError(
            f"expected classes to be called otherwise than {UNSURE!r}, which answers say where "
            f"they are withheld, found one in {where}.",
            "Rename it",
        )
    notes = []
    for split in present:
        lacking = [label for label in classes if not counted[split, label]]
        if lacking and split in (TRAIN, UNSPLIT):
            raise UsageError(
                f"expected pictures of each class in {split}, found none of {listing(lacking)} "
                f"in {where}.",
                "Split anew: tl-catdog data split DIR --again",
            )
        if lacking:
            notes.append(f"There are no pictures of {listing(lacking)} in {split}.")
    return notes


def _spelt_alike(counted: Mapping[tuple[str, str], int], known: Collection[str]) -> dict[str, str]:
    """Return of each class how it is spelt: as it is known, or as it is most often."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, label), number in counted.items():
        spellings[class_key(label)][class_name(label)] += number
    usual = {
        key: max(found, key=lambda name: (found[name], name)) for key, found in spellings.items()
    } | {class_key(name): name for name in known}
    return {label: usual[class_key(label)] for _, label in counted}


def _splits_by_folders(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the splits of pictures that are in folders called so, if train is among several."""
    above = {name: PurePosixPath(name).parts[:-1] for name in labels}
    for depth in range(min(map(len, above.values()), default=0)):
        roles = split_roles(sorted({parts[depth] for parts in above.values()}))
        found = {name: roles.get(parts[depth], "") for name, parts in above.items()}
        if all(found.values()):
            kinds = set(found.values())
            return found if TRAIN in kinds and len(kinds) > 1 else {}
    return {}


def with_pattern(root: Path, refused: UsageError) -> UsageError:
    """Return why a folder was refused, with what else may hold its pictures' classes.

    It is a table of a kind that isn't read, or a pattern that their names seem to follow.
    """
    unread = next((path for path in sorted(root.glob("*.parquet"))), None)
    if unread is not None:
        python = f"import pandas as p; p.read_parquet({str(unread)!r}).to_csv('metadata.csv')"
        return UsageError(
            f"{refused.message} {unread.name} isn't read here: tables are CSV or JSON Lines.",
            f"Convert it: {shlex.join(['python', '-c', python])}; then add --labels metadata.csv",
        )
    names, _ = pictures_below(root)
    folders = {PurePosixPath(name).parent.name for name in names}
    if len(folders) > 1 and len(split_roles(sorted(folders))) < len(folders):
        return refused
    likely = likely_template(names)
    if likely is None:
        return refused
    text, classes = likely
    return UsageError(
        f"{refused.message} Their names seem to hold {len(classes)} classes: {listing(classes)}.",
        f"Type: --label-pattern '{text}'",
    )
