"""What lies in a folder: its pictures with their hashes, looked at again where something changed.

A folder is listed again when its time of change is another, so noticing that nothing has changed
takes one look at each folder, not at each picture. Classes are the folders that a training takes
for classes (``data/layouts.py``).
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tl_catdog.data.digest import file_digest, file_digests
from tl_catdog.data.folder_names import class_key, class_name
from tl_catdog.data.paths import Paths
from tl_catdog.data.tree import Folder
from tl_catdog.files import write_text
from tl_catdog.teach.items import UNLABELLED
from tl_catdog.teach.names import is_text
from tl_catdog.teach.steps import OWN

SETTLED = 2.0
"""Seconds after which a folder that changed may be taken as seen: times of change have steps, on
some disks of two seconds, and what comes within the same one leaves no trace."""
HASHES = f"{OWN}/hashes.jsonl"
MOST = 2**28  # bytes of that file which are read

Key = tuple[int, int, int]
"""Size, time of change in nanoseconds and number on its disk: what stays when a file is moved."""


@dataclass(frozen=True, slots=True)
class File:
    """A picture's file.

    Attributes:
        sha256: Of its bytes; empty where they can't be read.
        key: What tells that it is the same without reading it.
        linked: Whether it is a link, or behind one.
    """

    sha256: str
    key: Key
    linked: bool


@dataclass
class _Listed:
    """A folder when it was listed last."""

    changed: int  # time of change, in nanoseconds; -1: not to be relied on
    linked: bool
    files: list[str] = field(default_factory=list)
    folders: list[tuple[str, bool]] = field(default_factory=list)  # name, whether it is a link


class Disk:
    """The pictures of a folder, as they were when it was looked at last.

    Args:
        root: The folder.

    Attributes:
        files: By their places below the folder.
        classes: The name of a class → its folder's, in the order of folders' names.
        labels: The name of a folder → its class.
        waiting: Where there are pictures that weren't read yet, and what tells them apart.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, File] = {}
        self.classes: dict[str, str] = {}
        self._listed: dict[str, _Listed] = {}
        self._hashes: dict[Key, str] = self._known_hashes()
        self.labels: dict[str, str] = {}
        self.waiting: dict[str, Key] = {}
        self._hashed = 0

    def label_of(self, place: str) -> str | None:
        """Return the class of what is at a place."""
        top, slash, _ = place.partition("/")
        return self.labels.get(top) if slash else None

    def look(self, *, thorough: bool = False, most: int | None = None) -> bool:
        """Look what is in the folder now; return whether that is something else than before.

        Args:
            thorough: Look at each picture, as one may have been written anew in its place.
            most: So many new pictures are read at most; others are ``waiting``.

        Raises:
            OSError: The folder can't be listed.
        """
        seen: dict[str, _Listed] = {}
        stale: set[str] = set()
        for place, listed, fresh in self._walk():
            seen[place] = listed
            if fresh or thorough:
                stale.add(place)
        again = stale | (self._listed.keys() - seen.keys())
        before = [place for place in self.files if _above(place) in again]
        now = {
            _joined(place, name): seen[place].linked
            for place in stale
            for name in seen[place].files
        }
        self._listed = seen
        if thorough:  # what couldn't be read is tried again
            self._hashes = {key: digest for key, digest in self._hashes.items() if digest}
        missing = [place for place in before if place not in now]
        for place in missing:
            del self.files[place]
        found, later = self._found(
            now if thorough else {p: link for p, link in now.items() if p not in self.files}, most
        )
        for place in later:
            seen[_above(place)].changed = -1
        changed = {place: file for place, file in found.items() if self.files.get(place) != file}
        self.files.update(changed)
        return self._name_classes() or bool(changed) or bool(missing)

    def _walk(self) -> Iterator[tuple[str, _Listed, bool]]:
        """Yield each folder's place, what is in it, and whether it was listed anew."""
        waiting = [("", False)]
        while waiting:
            place, linked = waiting.pop()
            path = self.root / place
            try:
                changed = path.stat().st_mtime_ns
            except OSError:
                if not place:
                    raise
                continue
            old = self._listed.get(place)
            fresh = old is None or old.changed != changed or old.linked != linked
            if fresh or old is None:
                listing = Folder(path)
                settled = time.time_ns() - changed > SETTLED * 1e9
                listed = _Listed(changed if settled else -1, linked)
                images = listing.images
                names = images.names if isinstance(images, Paths) else [i.name for i in images]
                listed.files = list(names)
                listed.folders = [
                    (inner.name, inner.linked)
                    for inner in listing.folders
                    if (not inner.linked or not place) and (place or is_text(inner.name))
                ]
                if not place and (self.root / UNLABELLED).is_dir():
                    link = (self.root / UNLABELLED).is_symlink()
                    listed.folders = [one for one in listed.folders if one[0] != UNLABELLED]
                    listed.folders.append((UNLABELLED, link))
            else:
                listed = old
            yield place, listed, fresh
            for name, link in listed.folders:
                waiting.append((_joined(place, name), linked or link))

    def _found(
        self, places: dict[str, bool], most: int | None
    ) -> tuple[dict[str, File], list[str]]:
        """Return the files at some places, which are hashed if they aren't known; and the rest."""
        keys: dict[str, tuple[Key, bool]] = {}
        for place, linked in places.items():
            with suppress(OSError):
                key, link = _key_of(self.root / place)
                keys[place] = key, linked or link
        new = [place for place, (key, _) in keys.items() if key not in self._hashes]
        new, later = new[:most], new[len(new) if most is None else most :]
        self.waiting = {place: keys.pop(place)[0] for place in later}
        digests = file_digests([self.root / place for place in new])
        for place, digest in zip(new, digests, strict=True):
            if digest:
                self._hashes[keys[place][0]] = digest
                self._hashed += 1
        found = {
            place: File(self._hashes.get(key, ""), key, linked)
            for place, (key, linked) in keys.items()
        }
        return found, later

    def know(self, digests: Mapping[Key, str]) -> None:
        """Take the hashes of pictures that waited; empty ones of those that can't be read."""
        self._hashes |= digests
        self._hashed += len(digests)

    def _name_classes(self) -> bool:
        """Find which folder is which class; return whether they are others than before."""
        classes: dict[str, str] = {}
        labels: dict[str, str] = {}
        keys: dict[str, str] = {}
        for name, _ in sorted(self._listed[""].folders):
            if name == UNLABELLED:
                continue
            label = keys.setdefault(class_key(name), class_name(name))
            labels[name] = label
            classes.setdefault(label, name)
        before, self.classes, self.labels = (self.classes, self.labels), classes, labels
        return before != (classes, labels)

    def move(self, source: str, target: str, sha256: str) -> None:
        """Take note that a file was moved; what was put aside isn't known any more."""
        old = self.files.pop(source, None)
        if not target.startswith(f"{OWN}/"):
            with suppress(OSError):
                key, link = _key_of(self.root / target)
                digest = sha256 if old is None or old.key == key else ""
                digest = digest or file_digest(self.root / target)  # others wrote it anew
                self.files[target] = File(digest, key, link)
                if digest:
                    self._hashes[key] = digest
                    self._hashed += old is None

    def is_as_seen(self, place: str) -> bool:
        """Return whether the file that was seen last at a place is there."""
        file = self.files.get(place)
        with suppress(OSError):
            return file is not None and _key_of(self.root / place)[0] == file.key
        return False

    def keep_hashes(self) -> None:
        """Write down the hashes, so that pictures needn't be read again at the next start.

        Nothing happens where that can't be done.
        """
        if not self._hashed or not (self.root / OWN).is_dir():  # or it would be made anew
            return
        rows = (json.dumps([*file.key, file.sha256]) for file in self.files.values() if file.sha256)
        with suppress(OSError):
            text = "".join(f"{row}\n" for row in rows)
            write_text(self.root / HASHES, text, follow=False)
            self._hashed = 0

    def _known_hashes(self) -> dict[Key, str]:
        """Read them; whatever is none is passed over."""
        found: dict[Key, str] = {}
        path = self.root / HASHES
        with suppress(OSError):
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > MOST:
                return found
            for line in path.read_bytes().splitlines():
                with suppress(ValueError, RecursionError):
                    row: Any = json.loads(line)
                    if _is_hash(row):
                        found[row[0], row[1], row[2]] = row[3]
        return found


def _key_of(path: Path) -> tuple[Key, bool]:
    """Return the key of a file, or of the one that a link leads to; and whether it is a link."""
    status = os.lstat(path)
    link = stat.S_ISLNK(status.st_mode)
    if link:
        status = path.stat()
    return (status.st_size, status.st_mtime_ns, status.st_ino), link


def _joined(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def _above(place: str) -> str:
    return place.rpartition("/")[0]


def _is_hash(row: Any) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 4
        and all(type(value) is int for value in row[:3])
        and isinstance(row[3], str)
        and re.fullmatch(r"[0-9a-f]{64}", row[3]) is not None
    )
