"""Find labelled pictures in a folder, whichever of the usual layouts it has.

Three layouts are understood, at the folder itself or one wrapping folder below it:

- ``DIR/{train,validation[,test]}/<class>/*`` (``val`` and ``valid`` name validation as well),
- ``DIR/<class>/*``,
- ``DIR/<class>.<number>.jpg``, the competition's flat layout (also inside ``DIR/train``).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.errors import UsageError, listing
from tl_catdog.files import SET_RECORD

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
SPLIT_FOLDERS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "val": VALIDATION,
    "valid": VALIDATION,
    "test": TEST,
}
UNSPLIT = "all"
"""The name of the only split of a folder that isn't split."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif"})
"""File names that are taken for pictures; what a file really holds is decided by its bytes."""

FLAT_NAME = re.compile(r"^(?P<label>[^.]+)\.\d+\.[A-Za-z]+$")

LAYOUT_HELP = (
    "DIR/train/<class>/ and DIR/validation/<class>/, or DIR/<class>/, or files such as cat.1.jpg"
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
    """

    root: Path
    layout: str
    classes: tuple[str, ...]
    splits: dict[str, tuple[ImageFile, ...]]
    ignored: dict[str, int] = field(default_factory=dict)


def scan(root: Path) -> ImageFolder:
    """Find the pictures of a folder by their names alone; no file is opened.

    Raises:
        UsageError: The folder is missing or empty, holds one class only or an empty class, its
            splits differ in their classes, or its layout isn't one of those understood.
    """
    root = root.absolute()
    _check_root(root)
    ignored: Counter[str] = Counter()
    base = _unwrapped(root)
    found = _split_layout(base, ignored)
    if found is not None:
        return _checked(root, base, "split folders", found, dict(ignored))
    classes = None if _sets_below(base) else _classes_of(base, ignored)
    if classes is None:
        raise _refusal(base)
    return _checked(root, base, "class folders", {UNSPLIT: classes}, dict(ignored))


def _check_root(root: Path) -> None:
    try:
        with os.scandir(root):
            return
    except NotADirectoryError as error:
        raise UsageError(
            f"expected a folder of pictures, found a file: {root}.",
            f"Type: tl-catdog predict {root}",
        ) from error
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        found = "no such folder" if missing else f"one that can't be read ({error.strerror})"
        raise UsageError(
            f"expected a folder of pictures, found {found}: {root}.",
            f"Type: ls {root.parent}",
        ) from error


def _unwrapped(root: Path) -> Path:
    """Return the folder, or its only subfolder, as archives often add a wrapping one."""
    below = _subfolders(root)
    if len(below) != 1 or below[0].name.lower() in SPLIT_FOLDERS or any(_images_in(root)):
        return root
    inner = _subfolders(below[0])
    flat = {match["label"] for path in _images_in(below[0]) if (match := _flat(path))}
    wraps = any(entry.name.lower() == TRAIN for entry in inner) or len(inner) > 1 or len(flat) > 1
    return below[0] if wraps else root


def _sets_below(base: Path) -> list[Path]:
    """Return the subfolders that are whole picture sets themselves, so no classes."""
    return [
        entry
        for entry in _subfolders(base)
        if is_folder(entry / TRAIN) or (entry / SET_RECORD).is_file()
    ]


def is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder; unlike ``Path.is_dir``, it never raises.

    That one does where a name is too long, or a folder above can't be entered.
    """
    try:
        return path.is_dir()
    except OSError:
        return False


def holds_images(root: Path) -> bool:
    """Return whether any file below the folder is named like a picture."""
    return is_folder(root) and any(_is_image(path.name) for path in images_below(root))


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds, hidden things excepted, sorted; nothing if it can't be read."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError:
        return []
    return [entry for entry in entries if not entry.name.startswith(".")]


def _subfolders(folder: Path) -> list[Path]:
    return [entry for entry in _entries(folder) if is_folder(entry)]


def images_below(root: Path) -> Iterator[Path]:
    """Yield every picture below a folder by its name, sorted; links to folders aren't followed.

    A folder that can't be listed is yielded as well: whoever opens it learns why.
    """
    return _below(root, Counter())


def _is_image(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def _images_in(folder: Path) -> Iterator[Path]:
    """Yield the pictures directly in a folder."""
    return (entry for entry in _entries(folder) if _is_image(entry.name) and not is_folder(entry))


Found = dict[str, dict[str, list[Path]]]
"""Split → class → files."""


def _split_layout(base: Path, ignored: Counter[str]) -> Found | None:
    folders: dict[str, Path] = {}
    for entry in _subfolders(base):
        split = SPLIT_FOLDERS.get(entry.name.lower())
        if split is None:
            continue
        if split in folders:
            raise UsageError(
                f"expected one {split} folder, found two: {folders[split]} and {entry}.",
                f"Type: mv {entry} {base.parent}",
            )
        folders[split] = entry
    if TRAIN not in folders:
        return None
    found: Found = {}
    for split, folder in folders.items():
        classes = _classes_of(folder, ignored)
        if classes is None:
            # The competition's own test folder has no labels, which makes it no test for us.
            if split == TEST:
                continue
            raise _refusal(folder)
        found[split] = classes
    return found


def _classes_of(folder: Path, ignored: Counter[str]) -> dict[str, list[Path]] | None:
    """Return the files of each class of a folder, or None if it has no labelled pictures."""
    below = _subfolders(folder)
    if below:
        loose = sum(1 for _ in _images_in(folder))
        if loose:
            ignored[f"pictures outside of a class folder in {folder.name}"] += loose
        classes = {entry.name: list(_below(entry, ignored)) for entry in below}
        return classes if any(classes.values()) else None
    flat: dict[str, list[Path]] = {}
    for path in _images_in(folder):
        match = _flat(path)
        if match is None:
            return None
        flat.setdefault(match["label"], []).append(path)
    return flat or None


def _flat(path: Path) -> re.Match[str] | None:
    return FLAT_NAME.match(path.name)


def _below(folder: Path, ignored: Counter[str]) -> Iterator[Path]:
    """Yield the pictures in a folder and its subfolders; links to folders are not followed.

    Not ``os.walk``: it says nothing of folders that it can't list, and calls itself for each level.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            yield here
            continue
        folders = []
        for entry in entries:
            path = here / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_symlink() and is_folder(path):
                ignored["link to a folder"] += 1
            elif _is_image(entry.name):
                yield path
            else:
                ignored[path.suffix.lower() or entry.name] += 1
        waiting.extend(reversed(folders))


def _checked(
    root: Path, base: Path, layout: str, found: Found, ignored: dict[str, int]
) -> ImageFolder:
    first = next(iter(found))
    expected = sorted(found[TRAIN if TRAIN in found else first])
    for split, classes in found.items():
        where = base if split == UNSPLIT else base / split
        if sorted(classes) != expected:
            raise UsageError(
                f"expected the same classes in every split, found {listing(expected)} in train and "
                f"{listing(sorted(classes))} in {split} ({root}).",
                f"Type: ls {base}/*",
            )
        empty = [name for name, files in sorted(classes.items()) if not files]
        if empty:
            raise UsageError(
                f"expected pictures ({', '.join(sorted(SUFFIXES))}) in every class, found none in "
                f"{listing(where / name for name in empty)}.",
                f"Add pictures there, or type: rmdir {where / empty[0]}",
            )
    if len(expected) < 2:
        raise UsageError(
            f"expected two classes or more, found one: {listing(expected)} in {base}.",
            f"Put the other kind's pictures beside it: {LAYOUT_HELP}; then type: ls {base}",
        )
    splits = {
        split: tuple(
            ImageFile(path, label, path.relative_to(root).as_posix())
            for label in expected
            for path in found[split][label]
        )
        for split in (*SPLITS, UNSPLIT)
        if split in found
    }
    return ImageFolder(root, layout, tuple(expected), splits, ignored)


def _refusal(folder: Path) -> UsageError:
    """Return the error that says why a folder is none of the layouts."""
    if not holds_images(folder):
        return UsageError(
            f"expected pictures ({', '.join(sorted(SUFFIXES))}), found none below {folder}.",
            f"Put them in as {LAYOUT_HELP}; then type: ls {folder}",
        )
    sets = _sets_below(folder)
    if sets:
        return UsageError(
            f"expected one picture set, found {len(sets)} in {folder}: "
            f"{listing(entry.name for entry in sets)}.",
            f"Name one: --data {sets[0]}",
        )
    loose = sum(1 for _ in _images_in(folder))
    return UsageError(
        f"expected {LAYOUT_HELP}; found {loose} pictures without a class in {folder}.",
        f"Sort them into a folder for each class, then type: ls {folder}",
    )
