"""Which layout a folder of pictures has: where its classes are, and where its splits.

What a folder is taken for is decided by its name and by what is in it. Where these leave two
readings, nothing is guessed: the error says what it looks like, and what to type for each reading.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.data import layout_errors as errors
from tl_catdog.data.folder_kinds import (
    Classes,
    are_splits,
    flat_classes,
    holding_the_others,
    is_marked,
    is_set,
    is_sorted,
    may_be_class,
    note_of_parts,
    refuse_alike,
    splits_beside,
    splits_within,
)
from tl_catdog.data.folder_names import (
    SPLITS,
    TEST,
    TRAIN,
    UNLABELLED,
    VALIDATION,
    class_key,
    is_nearly_one,
    parts_of_classes,
    split_roles,
)
from tl_catdog.data.tree import BESIDE_IMAGES, LINK, OWN, TAUGHT, Folder, beside_images, walk

UNSPLIT = "all"
"""The name of the only split of a folder that isn't split."""

DEEPEST = 20  # wrapping folders within each other; a link may lead back up
NAMED = 5  # so many folders beside train are named; more are counted


@dataclass
class Layout:
    """What a folder is taken for.

    Attributes:
        kind: Which of the layouts, for people.
        base: The folder in which it begins.
        splits: The classes of each split, or of ``UNSPLIT``; a class's name is its folder's.
        empty: Folders of classes that hold no pictures, by their splits.
        left_out: How many pictures and files are left out, by what they are.
        notes: What else a user should know of how names were understood, a sentence each.
    """

    kind: str = ""
    base: Path = field(default_factory=Path)
    splits: dict[str, Classes] = field(default_factory=dict)
    empty: dict[str, list[Folder]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def read_layout(root: Path | Folder, known: Collection[str] = ()) -> Layout:
    """Tell which layout a folder has.

    Args:
        root: The folder, or what was listed of it.
        known: Classes whose pictures are expected, if that is known: folders named so are classes.

    Raises:
        UsageError: It has none of the layouts, or could be read in two ways.
    """
    reader = _Reader({class_key(name) for name in known})
    return reader.read(root if isinstance(root, Folder) else Folder(root))


class _Reader:
    """Reads one folder."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.found = Layout()

    def read(self, root: Folder) -> Layout:
        self.root = root.path
        base = self._unwrapped(root)
        self.found.base = base.path
        known = self._is_known(root) or (
            not is_sorted(root) and is_nearly_one(root.name, self.known)
        )
        if known and root.holds_images and not any(map(self._is_known, root.picture_folders)):
            self.found.kind = "one class's folder"
            self.found.base = root.path.parent
            self.found.splits[UNSPLIT] = {root.name: self._files(root)}
        elif self._read_splits_of_classes(base):
            self.found.kind = "split folders of each class"
        elif self._read_splits(base):
            self.found.kind = "split folders"
        else:
            self.found.kind = "class folders"
            sets = [] if is_marked(base) else [f for f in base.picture_folders if is_set(f)]
            if sets:
                raise errors.several_sets(base, sets)
            self._read_classes(UNSPLIT, base)
        return self.found

    def _is_known(self, folder: Folder) -> bool:
        return class_key(folder.name) in self.known

    def _files(self, *folders: Folder) -> list[Path]:
        """Return the pictures of a class's folders, counting what else they hold."""
        return list(walk(list(folders), self.found.left_out, masks=False))

    # Archives often have a folder around everything, and some have two.
    def _unwrapped(self, folder: Folder, *, in_split: bool = False) -> Folder:
        """Return the folder in which the layout begins: this one, or its only one with pictures."""
        for _ in range(DEEPEST):
            only = self._only(folder, in_split=in_split)
            if only is None or not self._wraps(only):
                break
            self._leave_out(f"pictures beside {only.name}", len(folder.images))
            self._leave_files(folder)
            folder = only
        return folder

    def _only(self, folder: Folder, *, in_split: bool) -> Folder | None:
        """Return the only folder with pictures, if it can be one that wraps the others."""
        below = folder.picture_folders
        if len(below) != 1 or is_marked(folder) or len(flat_classes(folder)) > 1:
            return None
        (only,) = below
        split = split_roles([only.name]) and not in_split
        beside = any(may_be_class(other) for other in folder.folders if not other.holds_images)
        return None if split or beside or self._is_known(only) else only

    def _wraps(self, folder: Folder) -> bool:
        """Return whether a folder that stands alone is no class, by what is in it."""
        for _ in range(DEEPEST):
            if is_marked(folder) or len(flat_classes(folder)) > 1:
                return True
            below = folder.picture_folders
            if split_roles([inner.name for inner in below]) or any(map(self._is_known, below)):
                return True
            if len(below) > 1:
                loose = len(folder.images) > sum(len(inner.below) for inner in below)
                return not loose and not parts_of_classes([[inner.name for inner in below]])
            if not below or len(folder.images) >= len(below[0].below):
                return False
            if self.known and not below[0].picture_folders:
                return True  # what is in the one class of another name will be told
            (folder,) = below
        return False

    def _read_splits(self, base: Folder) -> bool:
        """Read the layout of split folders, and return whether it is that."""
        names = [folder.name for folder in base.folders if not self._is_known(folder)]
        plain = is_marked(base) or len(flat_classes(base)) > 1
        roles = {} if plain else split_roles(names)
        named = [folder for folder in base.folders if folder.name in roles]
        others = [folder for folder in base.picture_folders if folder.name not in roles]
        splits: dict[str, list[Folder]] = {}
        for folder in named:
            if is_sorted(folder):
                splits.setdefault(roles[folder.name], []).append(folder)
        loose = [folder for folder in named if folder.holds_images and not is_sorted(folder)]
        if not are_splits(base, splits, loose, others, self.root):
            for folder in loose:
                beside = " and ".join(other.name for other in others[:2])
                self.found.notes.append(f"{folder.name} is taken for a class, like {beside}.")
            return False
        for split in SPLITS:
            folders = splits.get(split, [])
            if len(folders) > 1:
                raise errors.two_folders(split, folders)
            if folders:
                self._read_classes(split, self._unwrapped(folders[0], in_split=True))
        for folder in named:
            role = roles[folder.name]
            if folder.error:
                raise errors.unreadable(folder)
            if role == VALIDATION and role not in splits:
                raise errors.unsorted(folder, self.root)
            if folder in loose:
                self._leave_unlabelled(folder.path, len(folder.below))
            elif not folder.holds_images:
                self._leave_empty(role, folder)
        self._leave_unlabelled_classes()
        self._leave_beside((splits.get(TRAIN) or named)[0], base, others)
        return True

    def _leave_unlabelled_classes(self) -> None:
        """Leave out test pictures in folders that are no classes, such as test/unknown.

        Raises:
            UsageError: Validation has only such a folder.
        """
        train = self.found.splits.get(TRAIN)
        if not train:
            return
        keys = {class_key(name) for name in train} | self.known
        for split in (VALIDATION, TEST):
            classes = self.found.splits.get(split, {})
            strange = [name for name in classes if class_key(name) not in keys]
            if len(classes) > 1:
                strange = [name for name in strange if name.lower() in UNLABELLED]
            for name in strange:
                files = classes.pop(name)
                above = files[0].parents
                folder = next((path for path in above if path.name == name), above[0])
                if split == VALIDATION and not classes:
                    raise errors.unsorted(Folder(folder), self.root)
                self._leave_unlabelled(folder, len(files))
            if not classes:
                self.found.splits.pop(split, None)

    def _read_splits_of_classes(self, base: Folder) -> bool:
        """Read the layout of split folders for each class; return whether it is that."""
        below = [] if is_marked(base) else base.picture_folders
        parts = splits_within(below) or splits_beside(below)
        for split in SPLITS:
            classes = {
                name: self._files(*of_split[split])
                for name, of_split in parts.items()
                if split in of_split
            }
            if classes:
                self.found.splits[split] = classes
        if parts:
            self._leave_out(f"pictures outside of a class folder in {base.name}", len(base.images))
            self._leave_files(base)
        return bool(parts)

    def _read_classes(self, split: str, folder: Folder) -> None:
        """Read the classes of a folder; where it is taught, loose pictures have none.

        Raises:
            UsageError: Its pictures have no classes, or its folders don't look like classes.
        """
        flat = {} if TAUGHT in folder.names and folder.folders else flat_classes(folder)
        below = [inner for inner in folder.picture_folders if inner.below]
        for inner in folder.folders:
            if inner.error:
                raise errors.unreadable(inner)
            if not inner.holds_images or not inner.below:
                self._leave_empty(split, inner)
        if flat and (len(flat) > 1 or not below):
            self.found.splits[split] = flat
            self._leave_files(folder)
            self.found.left_out |= folder.left_out  # all that is beside the pictures
            for inner in below:
                self._leave_unlabelled(inner.path, len(inner.below))
            return
        if not below:
            raise errors.unsorted(folder, self.root)
        if not is_marked(folder) and not all(map(self._is_known, below)):
            for twice in holding_the_others(below):
                below.remove(twice)
                what = f"pictures in {twice.name} that holds the classes again"
                self._leave_out(what, len(twice.below))
            refuse_alike(folder, below, in_split=split != UNSPLIT)
        if (note := note_of_parts(below)) and not self.found.splits:  # once, not for each split
            self.found.notes.append(note)
        self._leave_out(f"pictures outside of a class folder in {folder.name}", len(folder.images))
        self._leave_files(folder)
        self.found.splits[split] = {inner.name: self._files(inner) for inner in below}

    def _leave_empty(self, split: str, folder: Folder) -> None:
        """Leave out a folder that holds no pictures.

        Raises:
            UsageError: It holds pictures of formats that aren't read.
        """
        if unread := errors.pictures_of_other_formats(folder):
            raise errors.other_formats(folder.path, unread)
        found = Counter[str]()
        list(walk([folder], found))  # its pictures, of which there are none
        for what in (OWN, LINK):
            self._leave_out(what, found[what])
        if not found[OWN]:
            self.found.empty.setdefault(split, []).append(folder)

    def _leave_beside(self, split: Folder, base: Folder, others: Sequence[Folder]) -> None:
        """Leave out what is beside split folders."""
        self._leave_out(f"pictures beside {split.name}", len(base.images))
        self._leave_files(base)
        if len(others) <= NAMED:
            for folder in others:
                self._leave_out(f"pictures in {folder.name} beside {split.name}", len(folder.below))
        else:
            what = f"pictures in {others[0].name} and {len(others) - 1} more beside {split.name}"
            self._leave_out(what, sum(len(folder.below) for folder in others))

    def _leave_files(self, folder: Folder) -> None:
        """Count masks, pictures that aren't read or labelled, own results; not every README."""
        for inner in folder.waiting:
            self._leave_unlabelled(inner.path, len(inner.below))
        for inner in folder.folders:
            if beside_images(inner, folder.folders):
                self._leave_out(BESIDE_IMAGES.format(inner.name), len(inner.below))
        for what, number in folder.left_out.items():
            if what == OWN or what in errors.OTHER_FORMATS:
                self._leave_out(what, number)

    def _leave_unlabelled(self, folder: Path, number: int) -> None:
        here = Path.cwd()  # the shorter path stays on one line
        path = folder.relative_to(here) if folder.is_relative_to(here) else folder
        what = f"pictures without a class in {folder.relative_to(self.found.base).as_posix()}"
        self._leave_out(f"{what} (tl-catdog predict {shlex.quote(str(path))})", number)

    def _leave_out(self, what: str, number: int) -> None:
        if number:
            self.found.left_out[what] += number
