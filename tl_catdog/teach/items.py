"""What is known of the pictures of a folder, and of what was changed: values, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tl_catdog.data.tree import WAITING

UNLABELLED = WAITING
"""The folder beside the classes for pictures whose class isn't known yet."""


def pictures(number: int, kind: str = "") -> str:
    """Return how many pictures, in words; of a kind that ends with a space.

    >>> pictures(1), pictures(2000), pictures(1, "more ")
    ('1 picture', '2,000 pictures', '1 more picture')
    """
    return f"{number:,} {kind}picture{'' if number == 1 else 's'}"


class All(Enum):
    """Stands for every class and none, where one may be named."""

    ALL = "all"


ALL = All.ALL


@dataclass(frozen=True, slots=True)
class Item:
    """A picture.

    Attributes:
        id: What the page calls it: of its content, with a number where several have the same.
            It stays while the picture is moved.
        sha256: Of its bytes; empty where they can't be read.
        root: The folder.
        place: Where it is in that, with slashes.
        label: Its class, or None.
        group: Equal for copies and pictures of one burst.
        burst: The folder below that of its class, or nothing.
        skipped: Whether the user didn't want to say.
        kept: Whether the user said that its label is right.
        given: Whether it came with its class, and wasn't labelled in answer to a question.
        broken: Why it can't be used; empty where it can, or wasn't looked at yet.
        copy_of: Another picture's id that it is a copy or near-copy of, or None.
        linked: Whether it is, or is behind, a link, and so isn't moved.
        compared: Whether its copies among the pictures of the folder are known.
    """

    id: str
    sha256: str
    root: Path
    place: str
    label: str | None
    group: str
    burst: str = ""
    skipped: bool = False
    kept: bool = False
    given: bool = True
    broken: str = ""
    copy_of: str | None = None
    linked: bool = False
    compared: bool = True

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / self.place

    @property
    def name(self) -> str:
        """The file's name."""
        return self.place.rpartition("/")[2]

    @property
    def mark(self) -> str:
        """What is another once the picture is elsewhere: whoever changes it says which was seen."""
        return hashlib.blake2b(
            self.place.encode("utf-8", "surrogateescape"), digest_size=6
        ).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets: no path."""
        return {
            "id": self.id,
            "name": self.name.encode("utf-8", "replace").decode(),
            "label": self.label,
            "burst": self.burst.encode("utf-8", "replace").decode(),
            "mark": self.mark,
            "skipped": self.skipped,
            "kept": self.kept,
            "broken": self.broken,
            "copy_of": self.copy_of,
        }


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class and how many pictures it has."""

    name: str
    count: int

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets."""
        return {"name": self.name, "count": self.count}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder at one moment.

    Attributes:
        version: Grows with every change.
        root: The folder.
        classes: Sorted as a training sorts them; those without pictures among them.
        items: All pictures, sorted by content, so that moves don't change their order.
        asked: How many pictures that were without a class got one here.
    """

    version: int
    root: Path
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did.

    Attributes:
        number: Of its line in the journal; 0 where nothing was to be done.
        version: The state's after it.
        words: What it did, for people.
        ids: The pictures that it was about.
        left: Those that it left as they are, with the reason: gone, or moved by others since.
    """

    number: int
    version: int
    words: str
    ids: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets."""
        return {
            "version": self.version,
            "words": self.words,
            "ids": list(self.ids),
            "left": dict(self.left),
        }


Change = Changed


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was changed, since pictures aren't any more what the page has seen.

    Attributes:
        version: The state's.
        now: By id, what each is now; None where it is gone.
    """

    version: int
    now: Mapping[str, Item | None]

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets."""
        now = {id: None if item is None else item.to_json() for id, item in self.now.items()}
        return {"version": self.version, "now": now}


@dataclass(frozen=True, slots=True)
class Added:
    """What became of pictures that were added.

    Attributes:
        changed: What was done.
        known: Names of those whose very bytes were there already, and the ids of these.
        refused: Names of those that weren't taken, and why.
    """

    changed: Changed
    known: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets."""
        return {
            **self.changed.to_json(),
            "known": [list(pair) for pair in self.known],
            "refused": [list(pair) for pair in self.refused],
        }
