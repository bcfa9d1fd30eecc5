"""A picture with its role, and a set of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tl_catdog.data.digest import EMPTY, UNREADABLE, HashedFile, content_key, fingerprint
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.defaults import FEW
from tl_catdog.errors import UsageError, listing


@dataclass(frozen=True, slots=True)  # there may be very many
class Example:
    """A picture with its role.

    Attributes:
        path: Its file.
        name: Its path below the set's folder, with slashes.
        label: Its class.
        split: ``train``, ``validation``, ``test``, or ``all`` where the set isn't split.
        digest: SHA-256 of its bytes, or ``digest.UNREADABLE``.
        group: Pictures of equal groups stay together in every split and fold: those of one patient,
            animal or video, or copies. Left empty, it is the picture's content, so that
            byte-identical pictures are one group.

    >>> Example(Path("cat.jpg"), "cat.jpg", "cat", "train", "9f86d081").group
    '9f86d081'
    """

    path: Path
    name: str
    label: str
    split: str
    digest: str
    group: str = ""

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", content_key(self.digest, self.name))

    @property
    def source(self) -> HashedFile:
        """What to decode: its file, which must not have changed since it was hashed."""
        return HashedFile(self.path, self.digest)


@dataclass(frozen=True)
class Grouping:
    """What groups a set's pictures were put into.

    Attributes:
        by: How, as ``--group-by`` says it.
        groups: How many groups of two pictures or more there are, copies among them.
        grouped: How many pictures are in those.
        alone: How many pictures say nothing of their group, so are one by themselves.
    """

    by: str
    groups: int
    grouped: int
    alone: int

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as ``--json`` prints them."""
        return asdict(self)


@dataclass(frozen=True)
class ImageSet:
    """Labelled pictures in named splits; what a run is trained and evaluated on.

    Attributes:
        root: The folder.
        layout: How it was laid out or split, for people.
        classes: The names of the classes, in the order of the network's outputs.
        examples: The pictures.
        ignored: What was left out: how many files by what they are.
        drawn: Whether the program drew the pictures.
        notes: What a user should know about where the classes come from.
        grouping: What made groups, where that was asked for.
        address: Where the pictures are, if that is no folder of this machine.
    """

    root: Path
    layout: str
    classes: tuple[str, ...]
    examples: tuple[Example, ...]
    ignored: dict[str, int] = field(default_factory=dict)
    drawn: bool = False
    notes: tuple[str, ...] = ()
    grouping: Grouping | None = None
    address: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """One hash, equal for two sets when the same pictures have the same splits and classes."""
        return fingerprint(
            (example.split, example.label, example.digest) for example in self.examples
        )

    @property
    def name(self) -> str:
        """A short name to show: the folder's own."""
        return "drawings" if self.drawn else self.root.resolve().name

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold pictures, in order of first appearance."""
        return tuple(dict.fromkeys(example.split for example in self.examples))

    def split(self, name: str) -> tuple[Example, ...]:
        """Return one split's pictures.

        Raises:
            UsageError: There is no such split.
        """
        chosen = tuple(example for example in self.examples if example.split == name)
        if not chosen:
            raise UsageError(
                f"expected one of the splits {listing(self.splits)}, found {name!r}.",
                f"Type: --split {self.splits[0]}",
            )
        return chosen

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of pictures per split and class."""
        counted = Counter((example.split, example.label) for example in self.examples)
        return {
            split: {label: counted[split, label] for label in self.classes} for split in self.splits
        }

    @property
    def rarest(self) -> int:
        """Number of training pictures of the class that has fewest."""
        counted = Counter(example.label for example in self.examples if example.split == TRAIN)
        return min(counted[label] for label in self.classes)

    @property
    def few(self) -> bool:
        """Whether a head on a frozen backbone stays linear: training pictures are few (``FEW``).

        So it does, whatever their number, where none are held out to choose anything else by.
        """
        return self.rarest < FEW or VALIDATION not in self.splits

    def leaks(self) -> tuple[Example, ...]:
        """Return the pictures outside of ``train`` of which ``train`` holds an identical copy."""
        seen = {example.digest for example in self.examples if example.split == TRAIN}
        seen -= {UNREADABLE, EMPTY}
        return tuple(
            example
            for example in self.examples
            if example.split != TRAIN and example.digest in seen
        )

    def parted_groups(self) -> tuple[Example, ...]:
        """Return the pictures outside of ``train`` of whose group ``train`` holds another."""
        seen = {example.group for example in self.examples if example.split == TRAIN}
        return tuple(
            example for example in self.examples if example.split != TRAIN and example.group in seen
        )
