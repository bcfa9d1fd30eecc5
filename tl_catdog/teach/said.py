"""Classes that pictures' names, or a table beside them, say: offered, and taken when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.data.folder_kinds import FLAT_NAME
from tl_catdog.data.folder_names import class_key
from tl_catdog.data.label_files import likely_tables
from tl_catdog.data.labelling import Labelling, labelled
from tl_catdog.data.name_pattern import FITTING, likely_template, name_pattern
from tl_catdog.errors import UsageError
from tl_catdog.teach.items import Item
from tl_catdog.teach.names import new_class_name

FEWEST, MOST = 2, 1000  # classes


@dataclass(frozen=True)
class Said:
    """What something else than folders says of pictures without a class.

    Attributes:
        where: What says it, for people: "their names", or a table.
        labels: By pictures' ids, the names of the classes as they are here, or will be.
    """

    where: str
    labels: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets: the classes, those of most pictures first."""
        counts = Counter(self.labels.values())
        classes = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return {"where": self.where, "pictures": len(self.labels), "classes": classes}


def said_of(root: Path, items: Iterable[Item], classes: Collection[str]) -> Said | None:
    """Return what names or a table say of pictures; None where they say nothing.

    Pictures of bursts are left out, since those have their names from here.

    Args:
        root: The folder.
        items: Its pictures.
        classes: The names of its classes.
    """
    waiting = [item for item in items if item.label is None and not item.burst]
    if len(waiting) < 2 * FEWEST:
        return None
    for way in (_by_names, _by_table):
        where, found = way(root, waiting)
        if len(set(found.values())) > MOST:  # numbers of something, not classes
            continue
        labels = _as_classes(found, classes)
        if len(set(labels.values())) >= FEWEST:
            return Said(where, labels)
    return None


def _by_names(_: Path, items: list[Item]) -> tuple[str, dict[str, str]]:
    def flat(name: str) -> str | None:
        match = FLAT_NAME.match(name)
        return match["label"] if match else None

    find: Callable[[str], str | None] = flat
    names = [item.name for item in items]
    if sum(map(bool, map(flat, names))) < FITTING * len(names):
        found = likely_template(names)
        if found is None:
            return "", {}
        find = name_pattern(found[0], "label", "").find
    labels = {item.id: label for item in items if (label := find(item.name))}
    return "their names", labels


def _by_table(root: Path, items: list[Item]) -> tuple[str, dict[str, str]]:
    try:
        tables = list(likely_tables(root))
        if len(tables) != 1:
            return "", {}
        table = tables[0]
        found = labelled(root, Labelling(table=str(table))).folder
    except UsageError:
        return "", {}
    said = {one.name: one.label for split in found.splits.values() for one in split}
    return table.name, {item.id: said[item.place] for item in items if item.place in said}


def _as_classes(found: dict[str, str], classes: Collection[str]) -> dict[str, str]:
    """Return labels as names of classes; those that no class can have are left out."""
    usual: dict[str, str | None] = {class_key(name): name for name in classes}
    for label in sorted(set(found.values())):
        if class_key(label) not in usual:
            try:
                usual[class_key(label)] = new_class_name(label, [n for n in usual.values() if n])
            except UsageError:
                usual[class_key(label)] = None
    return {id: name for id, label in found.items() if (name := usual[class_key(label)])}
