"""The layout of what was listed at an address: the same as of a folder with these names.

A million names aren't held: of each folder it is counted how many pictures there are of which class
by their own names. On that the layout is told by the code that tells a folder's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.data.folder_kinds import FLAT_NAME
from tl_catdog.data.folder_names import class_key, is_system
from tl_catdog.data.folders import all_left_out, class_names
from tl_catdog.data.layouts import UNSPLIT, read_layout
from tl_catdog.data.objects import is_plain, kind
from tl_catdog.data.tree import TAUGHT, WAITING, Folder, Listing
from tl_catdog.errors import UsageError
from tl_catdog.storage.places import Place

_Key = tuple[str, str]
"""A folder's name below the address, and the class that a picture's own name says, if it does."""


def _key(name: str) -> _Key:
    folder, _, last = name.rpartition("/")
    match = FLAT_NAME.match(last)
    return folder, match["label"] if match else ""


@dataclass(frozen=True)
class ListedLayout:
    """What the pictures at an address are taken for.

    Attributes:
        kind: Which of the layouts, for people.
        notes: What else a user should know of how names were understood, a sentence each.
        left_out: How many pictures and files are left out, by what they are.
    """

    kind: str
    notes: tuple[str, ...]
    left_out: Counter[str]
    _classes: dict[_Key, tuple[str, str | None]]

    def of(self, name: str) -> tuple[str, str | None] | None:
        """Return the class and the split of a picture; None if the layout leaves it out."""
        return self._classes.get(_key(name))


class ListedFolders:
    """The folders that names at an address speak of; memory grows with them, not with the names.

    Args:
        place: The address.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._root = _ListedFolder(Path(place.address))
        self._by_name = {"": self._root}
        self._shown: dict[_Key, Path] = {}

    def add(self, name: str, image: bool) -> None:
        """Add a file."""
        parts = name.split("/")
        if not is_plain(name):
            return
        own = next((at for at, part in enumerate(parts[:-1]) if is_system(part)), None)
        if own is not None:
            self._root.found.names.add(parts[0])
            if parts[own] == TAUGHT:
                self._folder("/".join(parts[:own])).taught = True
            return
        folder = self._folder("/".join(parts[:-1]))
        if image:
            key = _key(name)
            if key not in self._shown:
                self._shown[key] = self._root.path / name
            folder.found.images.append(self._shown[key])  # the same for all that are alike
            return
        folder.found.names.add(parts[-1])
        if not is_system(parts[-1]):
            folder.found.left_out[kind(name)] += 1

    def _folder(self, name: str) -> _ListedFolder:
        known = self._by_name.get(name)
        if known is not None:
            return known
        above, _, last = name.rpartition("/")
        outer = self._folder(above)
        made = self._by_name[name] = _ListedFolder(outer.path / last)
        outer.found.folders.append(made)
        outer.found.names.add(last)
        return made

    def layout(self) -> ListedLayout:
        """Tell what the pictures are taken for.

        Raises:
            UsageError: See ``folders.scan``.
        """
        for folder in self._by_name.values():
            there = sorted(folder.found.folders, key=lambda inner: inner.name)
            waiting = [inner for inner in there if folder.taught and inner.name == WAITING]
            folder.found.waiting = waiting
            folder.found.folders = [inner for inner in there if inner not in waiting]
        try:
            found = read_layout(self._root)
            names, notes = class_names(found, self._root.path)
        except UsageError as error:
            raise UsageError(*(self._told(text) for text in (error.message, error.hint))) from error
        classes = {}
        for split, of_split in found.splits.items():
            for name, files in of_split.items():
                said = names[class_key(name)], None if split == UNSPLIT else split
                for path in set(files):
                    classes[_key(path.relative_to(self._root.path).as_posix())] = said
        left_out = {self._told(what): number for what, number in all_left_out(found).items()}
        said_of_names = tuple(map(self._told, (*found.notes, *notes)))
        return ListedLayout(found.kind, said_of_names, Counter(left_out), classes)

    def _told(self, text: str) -> str:
        """Return a text about a folder with the address that it stands for."""
        return text.replace(str(self._root.path), str(self._place))


class _ListedFolder(Folder):
    """A folder of which all is known."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.found = self._listing = Listing()
        self.taught = False
