"""A folder as it is on the disk: its pictures, its folders, and what is left out of it."""

from __future__ import annotations

import contextlib
import json
import mimetypes
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from tl_catdog.data.folder_names import IMAGE_FOLDERS, are_annotations, is_system
from tl_catdog.data.formats import ENDINGS, HEAD, UNREAD_ENDINGS, format_of
from tl_catdog.data.paths import Paths
from tl_catdog.data.reading import open_file

SUFFIXES = frozenset(ending for endings in ENDINGS.values() for ending in endings)
"""File names that are taken for pictures; what a file really holds is decided by its bytes."""

ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9_]{0,15}$")
"""What says what a file is meant to hold; ``.1`` and ``. of May`` don't."""

OTHER_ENDINGS = (frozenset(mimetypes.MimeTypes().types_map[True]) | UNREAD_ENDINGS) - SUFFIXES
"""Endings of files of other kinds; files whose ending is unknown are recognised by their bytes."""

COPIES = re.compile(r"(~|_original|\.(bak|old|orig|tmp|temp|part|crdownload|download|thm))$")
"""Ends of the names of backups, of half a file and of thumbnails: no pictures of their own."""

NO_ENDING = "file without an ending"
LINK = "link to a folder"
OWN = "result of tl-catdog"
TAUGHT, WAITING = ".teach", "unlabelled"
"""What ``teach`` has beside the classes: its own things, and pictures that have no class yet."""
BESIDE_IMAGES = "pictures in {} beside images"

RUN_FILES = frozenset({"config.json", "manifest.json"})
EXPORT_FILES = frozenset({"metadata.json", "labels.txt", "CARD.md"})
ASIDE = (".quarantine", ".removed")
"""Where ``data fix`` and ``review`` put pictures: a folder of the data's name and this."""

CHART = re.compile(
    r"(learning-curve|robustness|.+-contact-sheet|.+-augmented|.+\.explained)\.png", re.IGNORECASE
)
"""What commands call the charts that they write unless another name is given."""
DRAWN_BY = b"Software\0Matplotlib"

FOLLOWED = 2  # links to folders in a row, behind which pictures are looked for
MOST = 2**24  # bytes of a run's manifest that are read


def is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder; unlike ``Path.is_dir``, it never raises.

    That one does where a name is too long, or a folder above can't be entered.
    """
    try:
        return path.is_dir()
    except OSError:
        return False


def begins_like_image(path: Path) -> bool:
    """Return whether a file begins as a picture of a format that is read does.

    Pipes and devices aren't opened; what can't be opened is none.
    """
    return format_of(_head(path)) is not None


def _head(path: Path) -> bytes:
    with contextlib.suppress(OSError), open_file(path) as file:
        return file.read(HEAD)
    return b""


class Folder:
    """A folder, which is listed when it is first asked for something.

    Hidden things, a system's own and this program's results aren't in it.

    Args:
        path: Where it is.
        linked: Whether a link led to it.
    """

    def __init__(self, path: Path, *, linked: bool = False) -> None:
        self.path = path
        self.name = path.name
        self.linked = linked

    @property
    def images(self) -> Sequence[Path]:
        """The pictures directly in it, sorted by name."""
        return self._listing.images or Paths(self.path, self._listing.image_names)

    @property
    def folders(self) -> list[Folder]:
        """The folders directly in it, those that links lead to among them, sorted by name."""
        return self._listing.folders

    @property
    def waiting(self) -> list[Folder]:
        """The folder of pictures that have no class yet, if any; it isn't in ``folders``."""
        return self._listing.waiting

    @property
    def left_out(self) -> Counter[str]:
        """What of the things directly in it is left out: how many by what they are."""
        return self._listing.left_out

    @property
    def names(self) -> set[str]:
        """The names of all things directly in it but pictures, hidden ones among them."""
        return self._listing.names

    @property
    def error(self) -> OSError | None:
        """Why it can't be listed."""
        return self._listing.error

    @cached_property
    def below(self) -> tuple[Path, ...]:
        """All pictures below it; see ``walk``."""
        return tuple(walk([self], Counter()))

    @cached_property
    def holds_images(self) -> bool:
        """Whether any picture is below it, behind links to folders as well."""
        waiting = [(self, FOLLOWED)]
        while waiting:
            folder, links = waiting.pop()
            if folder.images:
                return True
            for inner in folder.folders + folder.waiting:
                if links or not inner.linked:
                    waiting.append((inner, links - inner.linked))
        return False

    @property
    def picture_folders(self) -> list[Folder]:
        """The folders directly in it that hold pictures, but not masks beside pictures."""
        return [
            folder
            for folder in self.folders
            if folder.holds_images and not beside_images(folder, self.folders)
        ]

    @cached_property
    def _listing(self) -> Listing:
        found = Listing()
        entries = []
        try:
            with os.scandir(self.path) as there:
                for entry in there:
                    if _is_surely_image(entry):
                        found.image_names.append(entry.name)
                    else:
                        entries.append(entry)
        except OSError as error:
            found.error = error
            return found
        entries.sort(key=lambda entry: entry.name)
        found.names = {entry.name for entry in entries}
        for entry in entries:
            if not is_system(entry.name):
                found.add(entry, self.path / entry.name)
        found.image_names.sort()
        if TAUGHT in found.names and is_folder(self.path / TAUGHT):
            found.waiting = [folder for folder in found.folders if folder.name == WAITING]
            found.folders = [folder for folder in found.folders if folder.name != WAITING]
        return found


class Listing:
    """What is directly in a folder."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.images: list[Path] = []  # of a layout that is only told of; see ``listed_layout``
        self.image_names: list[str] = []
        self.folders: list[Folder] = []
        self.waiting: list[Folder] = []
        self.left_out: Counter[str] = Counter()
        self.error: OSError | None = None

    def add(self, entry: os.DirEntry[str], path: Path) -> None:
        """Add a file or folder."""
        linked = entry.is_symlink()
        if is_folder(path) if linked else entry.is_dir(follow_symlinks=False):
            aside = path.suffix in ASIDE and path.stem in self.names
            if aside or _is_result(path):
                self.left_out[OWN] += 1
            else:
                self.folders.append(Folder(path, linked=linked))
        elif CHART.fullmatch(entry.name) and DRAWN_BY in _head(path):
            self.left_out[OWN] += 1
        elif _is_image(path):
            self.image_names.append(entry.name)
        else:
            ending = ENDING.search(entry.name)
            self.left_out[ending[0].lower() if ending else NO_ENDING] += 1


def _is_surely_image(entry: os.DirEntry[str]) -> bool:
    """Return whether a thing in a folder is a picture by its name, and needs no second look."""
    name = entry.name
    stem, _, ending = name.rpartition(".")
    return (
        stem != ""
        and f".{ending.lower()}" in SUFFIXES
        and entry.is_file(follow_symlinks=False)
        and not is_system(name)
        and CHART.fullmatch(name) is None
    )


def _is_image(path: Path) -> bool:
    """Return whether a file is named like a picture, or like nothing and begins as one."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    if suffix in OTHER_ENDINGS or COPIES.search(path.name.lower()):
        return False
    return begins_like_image(path)


def _is_result(path: Path) -> bool:
    """Return whether a folder is a run or an export: by what is in it, whatever its name."""
    if _holds(path, EXPORT_FILES):
        return True
    if not _holds(path, RUN_FILES):
        return False
    try:
        with open_file(path / "manifest.json") as file:
            manifest = json.loads(file.read(MOST))
    except (OSError, ValueError, RecursionError):  # whoever made the folder may mean harm
        return False
    return isinstance(manifest, dict) and {"format", "model", "data"} <= set(manifest)


def _holds(path: Path, names: frozenset[str]) -> bool:
    """Return whether a folder holds all of some files; one that can't be entered holds none."""
    with contextlib.suppress(OSError):
        return all((path / name).is_file() for name in names)
    return False


def beside_images(folder: Folder, siblings: list[Folder]) -> bool:
    """Return whether a folder holds masks or other annotations of the pictures beside it."""
    return are_annotations(folder.name) and any(
        other.name.lower() in IMAGE_FOLDERS and other.holds_images for other in siblings
    )


def walk(
    folders: list[Folder], left_out: Counter[str], *, masks: bool = True, follow: bool = False
) -> Iterator[Path]:
    """Yield the pictures in folders and below them, a folder's own first.

    Memory doesn't grow with the folders unless the caller keeps them. Nothing calls itself for each
    level, and a folder that can't be listed is told, which ``os.walk`` would pass over.

    Args:
        folders: Where to begin; the list is used up.
        left_out: Counts what isn't yielded, by what it is.
        masks: Whether pictures in folders such as ``masks``, beside ``images``, are yielded.
        follow: Whether links to folders are followed, but for those to a folder that they are in;
            no folder is entered twice, so circles end.
    """
    entered = _Entered(folders) if follow else None
    while folders:
        here = folders.pop()
        if entered and not entered.first_time(here):
            continue
        if here.error:
            yield here.path  # whoever opens it learns why
            continue
        yield from here.images
        left_out.update(here.left_out)
        below = []
        for folder in here.folders + here.waiting:
            if folder.linked and not (entered and entered.may_follow(folder)):
                left_out[LINK] += 1
            elif not masks and beside_images(folder, here.folders):
                left_out[BESIDE_IMAGES.format(folder.name)] += len(folder.below)
            else:
                below.append(folder)
        folders.extend(reversed(below))


class _Entered:
    """The folders that pictures were yielded of, whatever ways led there."""

    def __init__(self, folders: list[Folder]) -> None:
        self._tops = [Path(os.path.realpath(folder.path)) for folder in folders]
        self._seen: set[tuple[int, int]] = set()

    def first_time(self, folder: Folder) -> bool:
        """Return whether a folder is entered for the first time, and remember it."""
        try:
            status = folder.path.stat()
        except OSError:
            return True  # whoever lists it learns why
        key = status.st_dev, status.st_ino
        new = key not in self._seen
        self._seen.add(key)
        return new

    def may_follow(self, link: Folder) -> bool:
        """Return whether a link leads to a folder that is neither above all this nor entered."""
        target = Path(os.path.realpath(link.path))
        if any(top.is_relative_to(target) for top in self._tops):
            return False
        with contextlib.suppress(OSError):
            status = target.stat()
            return (status.st_dev, status.st_ino) not in self._seen
        return True
