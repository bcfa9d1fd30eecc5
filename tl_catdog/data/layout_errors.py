"""What is said where a folder has none of the layouts, or could be read in two ways."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tl_catdog.data.folder_names import TEST, are_annotations, class_key, split_roles
from tl_catdog.data.formats import UNREAD_ENDINGS
from tl_catdog.data.tree import SUFFIXES, Folder, walk
from tl_catdog.errors import UsageError, listing

LAYOUT_HELP = (
    "DIR/train/<class>/ and DIR/validation/<class>/, or DIR/<class>/, or files such as cat.1.jpg"
)

MARK = ".classes"
"""A file of this name in a folder says that the folders beside it are the classes."""

UNSURE = "unsure"
"""What answers say where they are withheld, and so no class's name."""

OTHER_FORMATS = UNREAD_ENDINGS
"""Endings of pictures that aren't read here."""

IMAGES = f"pictures ({', '.join(sorted(SUFFIXES))})"


def quoted(*paths: Path) -> str:
    """Return paths as they are typed into a shell."""
    return shlex.join(map(str, paths))


def mark_command(folder: Path) -> str:
    """Return what says that the folders within a folder are its classes."""
    return f"touch {quoted(folder / MARK)}"


def pictures_of_other_formats(folder: Folder) -> dict[str, int]:
    """Return how many pictures a folder holds that aren't read here, by their endings."""
    counted = Counter[str]()
    for _ in walk([folder], counted):
        pass
    return {ending: n for ending, n in sorted(counted.items()) if ending in OTHER_FORMATS}


def other_formats(folder: Path, found: Mapping[str, int]) -> UsageError:
    """Return the error of a folder whose pictures are all of formats that aren't read here."""
    kinds = listing(f"{number} × {ending}" for ending, number in found.items())
    return UsageError(
        f"expected {IMAGES} in every class, found only {kinds} in {folder}.",
        "Export them as JPEG into that folder, or move it out of the data",
    )


def empty(folders: Sequence[Path]) -> UsageError:
    """Return the error of classes without pictures."""
    return UsageError(
        f"expected {IMAGES} in every class, found none in {listing(folders)}.",
        f"Add pictures there, or type: rmdir {quoted(folders[0])}",
    )


def unreadable(folder: Folder) -> UsageError:
    """Return the error of a class or split that can't be listed."""
    reason = folder.error.strerror if folder.error else ""
    return UsageError(
        f"expected folders that can be read, found {folder.path} ({reason}).",
        f"Type: ls -ld {quoted(folder.path)}",
    )


def unsorted(folder: Folder, root: Path) -> UsageError:
    """Return the error of a folder whose pictures, if there are any, have no classes.

    Args:
        folder: The folder.
        root: The folder that the user named.
    """
    path = folder.path
    if not folder.holds_images:
        if found := pictures_of_other_formats(folder):
            return other_formats(path, found)
        return UsageError(
            f"expected {IMAGES}, found none below {path}.",
            f"Put them in as {LAYOUT_HELP}; then type: ls {quoted(path)}",
        )
    names = [image.name for image in folder.images]
    backslashes = [name for name in names if "\\" in name]
    if backslashes:
        return UsageError(
            f"expected folders, found {len(backslashes)} files with backslashes in their names in "
            f"{path}, such as {backslashes[0]}: a zip file from Windows, unpacked without them.",
            "Unpack it anew: unzip FILE.zip -d NEW_DIR",
        )
    hint = f"Sort them into a folder for each class, then type: ls {quoted(path)}"
    if TEST in split_roles([folder.name]).values():
        hint = f"To have them predicted, type: tl-catdog predict {quoted(path)}"
    around = [above for above in (path, *path.parents) if above.is_relative_to(root)]
    beside = [entry.name for above in around for entry in Folder(above).folders]
    boxes = next((f" ({name} says no class)" for name in beside if are_annotations(name)), "")
    return UsageError(
        f"expected {LAYOUT_HELP}; found {len(names) or len(folder.below)} pictures without a class "
        f"in {path}{boxes}.",
        hint,
    )


def named_unsure(classes: Mapping[str, Sequence[Path]], base: Path) -> UsageError:
    """Return the error of a class that has the name of answers that are withheld."""
    name, files = next((n, files) for n, files in classes.items() if class_key(n) == UNSURE)
    folder = next((above for above in files[0].parents if above.name == name), None)
    renamed = "its files" if folder is None else f"it: mv {quoted(folder)} "
    if folder is not None:
        renamed += quoted(folder.with_name("not-sure"))
    return UsageError(
        f"expected classes of other names than {UNSURE!r}, found one in {base}: "
        "predict --reject answers so where it is in doubt.",
        f"Rename {renamed}",
    )


def several_sets(base: Folder, sets: Sequence[Folder]) -> UsageError:
    """Return the error of a folder that holds several picture sets."""
    return UsageError(
        f"expected one picture set, found {len(sets)} in {base.path}: "
        f"{listing(folder.name for folder in sets)}.",
        f"Name one: --data {quoted(sets[0].path)}",
    )


def two_folders(split: str, folders: Sequence[Folder]) -> UsageError:
    """Return the error of two folders for one split."""
    first, second = folders[0].path, folders[1].path
    aside = second.parent.with_name(f"{second.parent.name}-{second.name}")
    return UsageError(
        f"expected one {split} folder, found two: {first} and {second}.",
        f"Type: mv {quoted(second, aside)}",
    )


def split_or_class(base: Folder, named: Sequence[Folder], others: Sequence[Folder]) -> UsageError:
    """Return the error of folders that are named like splits, and stand beside classes."""
    names = listing((folder.name for folder in named), 3)
    beside = listing((other.name for other in others), 3)
    folder = named[0]
    if len(named) > 1:
        apart = "else move what is no split away"
    elif folder.picture_folders:
        apart = f"for the classes within it, --data {quoted(folder.path)}"
    else:
        aside = base.path.with_name(f"{base.path.name}-{folder.name}")
        apart = f"if it isn't, mv {quoted(folder.path, aside)}"
    are = "are classes" if len(named) > 1 else "is a class"
    return UsageError(
        f"expected classes or splits, found {names} beside {beside} in {base.path}, which may be "
        "either.",
        f"If {names} {are} as well, type: {mark_command(base.path)}; {apart}",
    )


def alike(
    base: Folder, folders: Sequence[Folder], within: Sequence[str], *, in_split: bool
) -> UsageError:
    """Return the error of folders that all hold folders of the same names.

    Args:
        base: The folder they are in.
        folders: The folders, that of most pictures first.
        within: The names of folders within them.
        in_split: Whether ``base`` is a split's folder.
    """
    first, inner = folders[0].path, listing(within, 3)
    ways = [
        f"for one set, --data {quoted(first)}",
        f"for classes {inner}, --label-pattern '{{label}}/{{name}}'",
    ]
    if len(folders) == 2 and not in_split:
        moves = (first, base.path / "train"), (folders[1].path, base.path / "test")
        ways.insert(0, f"for splits, {' && '.join(f'mv {quoted(*move)}' for move in moves)}")
    names = listing((folder.name for folder in folders), 3)
    return UsageError(
        f"expected a folder for each class, found that {names} in {base.path} hold the same "
        f"folders ({inner}), as splits or whole sets do.",
        f"Type, {'; '.join(ways)}; for classes {names}, {mark_command(base.path)}",
    )
