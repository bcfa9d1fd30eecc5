"""The pictures of a folder by id, place and class; what pages and the learner ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.teach.folder import Disk
from tl_catdog.teach.items import ALL, All, ClassInfo, Item, Snapshot
from tl_catdog.teach.marks import Marks

DIGITS = 20  # of a hash, that an id has


@dataclass(frozen=True)
class Found:
    """What was found out of pictures since they were listed.

    Attributes:
        groups: By id: equal for copies and pictures of a burst; see ``groups.py``.
        copies: By id: the id of a picture that it is a copy of.
        broken: By hash: why a picture can't be used.
        compared: Hashes of the pictures that were compared with all others of these.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    compared: Set[str] = frozenset()


class Table:
    """Pictures; not safe for several threads.

    Args:
        root: The folder.
        disk: Where they are.
        marks: What was said of them.
    """

    def __init__(self, root: Path, disk: Disk, marks: Marks) -> None:
        self.root, self.disk, self.marks = root, disk, marks
        self.items: dict[str, Item] = {}
        self.at: dict[str, str] = {}
        self.found = Found()
        self._by_sha: dict[str, set[str]] = {}
        self._views: dict[str | All | None, list[Item]] = {}
        self._labels: dict[str, str] = {}
        self._order: list[str] = []

    def synchronise(self) -> None:
        """Make it what the disk has; pictures that others moved keep their ids."""
        files = self.disk.files
        gone: dict[str, list[str]] = {}
        for place in [
            place
            for place, id in self.at.items()
            if place not in files or files[place].sha256 != self.items[id].sha256
        ]:
            item = self._drop(place)
            gone.setdefault(item.sha256, []).append(item.id)
        if self._labels != self.disk.labels:
            self._labels = self.disk.labels
            self.renew(list(self.items))
        fresh = [place for place in files if place not in self.at]
        for place in sorted(fresh):
            self._put(place, files[place].sha256, gone)
        self._views.clear()

    def move(self, source: str, target: str, sha256: str) -> None:
        """Take note that a picture was moved, where the disk has noted it already."""
        ids: dict[str, list[str]] = {}
        if source in self.at:
            item = self._drop(source)
            sha256 = item.sha256
            ids[sha256] = [item.id]
        if target in self.disk.files:
            self._put(target, self.disk.files[target].sha256, ids)

    def _drop(self, place: str) -> Item:
        item = self.items.pop(self.at.pop(place))
        self._by_sha[item.sha256].discard(item.id)
        self._forget_views(item)
        return item

    def _put(self, place: str, sha256: str, ids: Mapping[str, list[str]]) -> None:
        old = ids.get(sha256)
        id = old.pop() if old else self._new_id(place, sha256)
        self.at[place] = id
        self.items[id] = item = self._made(id, place, sha256)
        self._by_sha.setdefault(sha256, set()).add(id)
        self._forget_views(item)

    def id_for(self, sha256: str) -> str:
        """Return the id that a picture with these bytes will have."""
        return sha256[:DIGITS]

    def _new_id(self, place: str, sha256: str) -> str:
        text = sha256 or "u" + hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
        base = id = text[:DIGITS]
        number = 1
        while id in self.items:
            number += 1
            id = f"{base}-{number}"
        return id

    def _forget_views(self, item: Item) -> None:
        self._views.pop(item.label, None)
        self._views.pop(ALL, None)

    def _made(self, id: str, place: str, sha256: str) -> Item:
        parts = place.split("/")
        label = self.disk.label_of(place)
        burst = parts[1] if len(parts) > 2 else ""
        plain = f"burst {burst}" if burst else sha256 or id
        return Item(
            id=id,
            sha256=sha256,
            root=self.root,
            place=place,
            label=label,
            group=self.found.groups.get(id, plain),
            burst=burst,
            skipped=label is None and sha256 in self.marks.skipped,
            kept=label is not None and self.marks.kept.get(sha256) == label,
            given=sha256 not in self.marks.answered,
            broken=self.found.broken.get(sha256, "" if sha256 else "it can't be read"),
            copy_of=self.found.copies.get(id),
            linked=self.disk.files[place].linked,
            compared=not sha256 or (id in self.found.groups and sha256 in self.found.compared),
        )

    def renew(self, ids: Iterable[str]) -> None:
        """Make items anew, since something was said or found out of them."""
        for id in ids:
            item = self.items.get(id)
            if item is not None:
                made = self._made(id, item.place, item.sha256)
                if made != item:
                    self._forget_views(item)
                    self.items[id] = made
                    self._forget_views(made)

    def of_content(self, sha256: str) -> list[str]:
        """Return the ids of the pictures with these very bytes."""
        return sorted(self._by_sha.get(sha256, ())) if sha256 else []

    def view(self, label: str | All | None) -> list[Item]:
        """Return the pictures of a class, of none, or all, by their places."""
        view = self._views.get(label)
        if view is None:
            view = [item for item in self.items.values() if label is ALL or item.label == label]
            view.sort(key=lambda item: item.place)
            self._views[label] = view
        return view

    def classes(self) -> list[ClassInfo]:
        """Return the classes, sorted as a training sorts them."""
        counts = dict.fromkeys(sorted(self.disk.classes), 0)
        for item in self.items.values():
            if item.label is not None:
                counts[item.label] = counts.get(item.label, 0) + 1
        return [ClassInfo(name, count) for name, count in counts.items()]

    def learn(self, found: Found) -> bool:
        """Take what was found out; return whether any picture is another by it."""
        if found == self.found:
            return False
        before = dict(self.items)
        self.found = found
        self.renew(before)
        return any(self.items[id] is not item for id, item in before.items())

    def snapshot(self, version: int) -> Snapshot:
        """Return what there is now, for others to keep."""
        classes = tuple(sorted(self.disk.classes))
        return Snapshot(version, self.root, classes, self._sorted(), len(self.marks.answered))

    def _sorted(self) -> tuple[Item, ...]:
        """Return all pictures by their contents: in the order of last time where they are the same.

        An id stands for a content, so moves change nothing; sorting 10,000 takes ten times as long.
        """
        if len(self._order) == len(self.items):
            with suppress(KeyError):
                return tuple(map(self.items.__getitem__, self._order))
        items = sorted(self.items.values(), key=lambda item: (item.sha256, item.id))
        self._order = [item.id for item in items]
        return tuple(items)
