"""Which steps a change takes: planned on what is in the folder now, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.errors import UsageError, listing, shown
from tl_catdog.journal.places import free_names
from tl_catdog.teach.items import UNLABELLED, Item
from tl_catdog.teach.names import folded
from tl_catdog.teach.steps import (
    FILE,
    FOLDER,
    INCOMING,
    MARKS,
    OWN,
    REMOVED,
    Step,
    on_the_way,
)
from tl_catdog.teach.table import Table

ELSEWHERE = "others have moved or changed it since"
LINK = "it is behind a link, or a link that would lead elsewhere from there, and isn't moved"


@dataclass
class Plan:
    """Steps that are to be made, on names that nothing has.

    Args:
        table: The pictures.
        number: Of the change; what it puts aside is in a folder of that name.

    Attributes:
        steps: In their order.
        ids: The pictures that they are about.
        left: Those that are left as they are, and why.
    """

    table: Table
    number: int
    steps: list[Step] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def folder_of(self, label: str | None) -> str:
        """Return the folder of a class.

        Raises:
            UsageError: There is no such class, or its folder is a link.
        """
        if label is None:
            folder = UNLABELLED
        else:
            found = self.table.disk.classes.get(label)
            if found is None:
                raise UsageError(
                    f"expected one of the classes, found {shown(label)}.",
                    f"There are: {listing(sorted(self.table.disk.classes))}",
                )
            folder = found
        if problem := on_the_way(self.table.root, f"{folder}/x"):
            raise UsageError(
                f"expected a folder that pictures can be put into, found that {problem}.",
                "Put a folder in its place",
            )
        return folder

    def free(self, wanted: str, *, again: bool = False) -> str:
        """Return a place that nothing has or will have: the one wanted, or with a number.

        Args:
            wanted: The place.
            again: Whether it was one before, so that this disk knows it from all others.
        """
        for path in free_names(Path(wanted)):
            place = path.as_posix()
            known = place if again else folded(place)
            if known not in self._taken and not os.path.lexists(self.table.root / path):
                self._taken.add(known)
                return place
        raise AssertionError("names never end")

    def move(self, item: Item, folder: str) -> bool:
        """Plan to move a picture into a folder; one of a burst stays in it.

        A link is moved as one, where it leads to the same from there.
        """
        target = "/".join(filter(None, (folder, item.burst, item.name)))
        if item.linked and self._leads_elsewhere(item.place, target):
            self.left[item.id] = LINK
            return False
        self.add(Step(FILE, item.place, self.free(target), item.sha256), item.id)
        return True

    def put_aside(self, item: Item) -> None:
        """Plan to put a picture among those that were removed; a link as it is."""
        if item.linked and on_the_way(self.table.root, item.place):
            self.left[item.id] = LINK
        else:
            place = self.free(f"{REMOVED}/{self.number}/{item.place}")
            self.add(Step(FILE, item.place, place, item.sha256), item.id)

    def _leads_elsewhere(self, place: str, target: str) -> bool:
        """Return whether what is at a place is behind a link, or one that leads on from there."""
        root = self.table.root
        if on_the_way(root, place):
            return True
        try:
            link = (root / place).readlink()
        except OSError:  # no link any more
            return False
        here, there = (os.path.normpath(root / end / ".." / link) for end in (place, target))
        return here != there

    def add(self, step: Step, id: str | None = None) -> None:
        """Plan a step, and say which picture it is about."""
        self.steps.append(step)
        if id is not None:
            self.ids.append(id)

    def take_back(self, steps: Sequence[Step]) -> None:
        """Plan the reverse of steps, but for what others have moved since."""
        for step in (one.reversed() for one in reversed(steps)):
            self._take_back(step)

    def _take_back(self, step: Step) -> None:
        """Plan a step that takes one back."""
        root, table = self.table.root, self.table
        if step.kind in MARKS:
            for id in table.of_content(step.sha256):
                self.ids.append(id)
            now = table.marks.value(step.kind, step.sha256)
            self.steps.append(Step(step.kind, now, step.target, step.sha256))
        elif step.kind == FILE:
            self._file_back(step)
        elif step.kind == FOLDER:
            source, target = root / step.source, root / step.target
            free = not os.path.lexists(target) or (source.exists() and target.samefile(source))
            if source.is_dir() and not source.is_symlink() and free:
                self.steps.append(step)
            else:
                self.left[step.target] = ELSEWHERE
        else:
            self.steps.append(step)

    def _file_back(self, step: Step) -> None:
        id, source = self.table.at.get(step.source), step.source
        there = self.table.items[id].sha256 == step.sha256 if id else False
        if not id and source.startswith(f"{OWN}/"):
            there = os.path.lexists(self.table.root / source)
        elif not id and (item := self._in_renamed(step)):
            id, source, there = item.id, item.place, True
        if not there:
            ids = self.table.of_content(step.sha256) or [source.rpartition("/")[2]]
            self.left[ids[0]] = ELSEWHERE
            return
        target = step.target
        if target.startswith(f"{INCOMING}/"):  # what was added is removed, not sent back
            target = f"{REMOVED}/{self.number}/{source}"
        self.add(Step(FILE, source, self.free(target, again=True), step.sha256), id)

    def _in_renamed(self, step: Step) -> Item | None:
        """Return the picture that a step put into a folder which has another name by now."""
        top, _, rest = step.source.partition("/")
        if not rest or os.path.lexists(self.table.root / top):
            return None
        items = [self.table.items[id] for id in self.table.of_content(step.sha256)]
        found = [item for item in items if item.place.partition("/")[2] == rest]
        return found[0] if len(found) == 1 else None


def conflicts(
    table: Table, ids: Iterable[str], seen: Mapping[str, str] | None
) -> dict[str, Item | None]:
    """Return what pictures are now that aren't where the page saw them.

    Args:
        table: The pictures.
        ids: Those that are to be changed.
        seen: The marks that the page saw, by id; None where it doesn't matter.
    """
    now: dict[str, Item | None] = {}
    for id in ids:
        item = table.items.get(id)
        if item is None or (seen is not None and seen.get(id) != item.mark):
            now[id] = item
    return now
