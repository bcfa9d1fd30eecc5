"""A set of pictures with their roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.digest import EMPTY, UNREADABLE, fingerprint, fingerprint_of
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.data.packed import Column, Example, Packed, column, taken
from tl_catdog.defaults import FEW
from tl_catdog.errors import UsageError, listing

__all__ = ("Example", "Grouping", "ImageSet")


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
        examples: The pictures: a tuple of them, or ``Packed``.
        ignored: What was left out: how many files by what they are.
        drawn: Whether the program drew the pictures.
        notes: What a user should know about where the classes come from.
        grouping: What made groups, where that was asked for.
        address: Where the pictures are, if that is no folder of this machine.
    """

    root: Path
    layout: str
    classes: tuple[str, ...]
    examples: Sequence[Example]
    ignored: dict[str, int] = field(default_factory=dict)
    drawn: bool = False
    notes: tuple[str, ...] = ()
    grouping: Grouping | None = None
    address: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """One hash, equal for two sets when the same pictures have the same splits and classes."""
        if isinstance(self.examples, Packed):
            return fingerprint_of(self.examples.roles())
        return fingerprint(
            (example.split, example.label, example.digest) for example in self.examples
        )

    @property
    def name(self) -> str:
        """A short name to show: the folder's own."""
        return "drawings" if self.drawn else self.root.resolve().name

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold pictures, in order of first appearance."""
        return tuple(dict.fromkeys(column(self.examples, "split")))

    def _inside(self, split: str) -> npt.NDArray[np.bool_]:
        """Return which pictures are in a split, (N,)."""
        found = (name == split for name in column(self.examples, "split"))
        return np.fromiter(found, np.bool_, len(self.examples))

    def split(self, name: str) -> Sequence[Example]:
        """Return one split's pictures.

        Raises:
            UsageError: There is no such split.
        """
        if name not in self.splits:
            raise UsageError(
                f"expected one of the splits {listing(self.splits)}, found {name!r}.",
                f"Type: --split {self.splits[0]}",
            )
        return taken(self.examples, np.flatnonzero(self._inside(name)))

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of pictures per split and class."""
        counted = Counter(
            zip(column(self.examples, "split"), column(self.examples, "label"), strict=True)
        )
        return {
            split: {label: counted[split, label] for label in self.classes} for split in self.splits
        }

    @property
    def rarest(self) -> int:
        """Number of training pictures of the class that has fewest."""
        return min((self.counts().get(TRAIN) or dict.fromkeys(self.classes, 0)).values())

    @property
    def few(self) -> bool:
        """Whether a head on a frozen backbone stays linear: training pictures are few (``FEW``).

        So it does, whatever their number, where none are held out to choose anything else by.
        """
        return self.rarest < FEW or VALIDATION not in self.splits

    def leaks(self) -> Sequence[Example]:
        """Return the pictures outside of ``train`` of which ``train`` holds an identical copy."""
        return self._as_in_train("digest", {UNREADABLE, EMPTY})

    def parted_groups(self) -> Sequence[Example]:
        """Return the pictures outside of ``train`` of whose group ``train`` holds another."""
        return self._as_in_train("group", ())

    def _as_in_train(self, name: Column, but: Collection[str]) -> Sequence[Example]:
        """Return the pictures outside of ``train`` that have a value in common with one in it.

        There may be very many pictures and few such: hashes of eight bytes tell which may be.
        """
        inside = self._inside(TRAIN)
        hashes = np.fromiter(map(hash, column(self.examples, name)), np.int64, len(self.examples))
        known, outside = np.unique(hashes[inside]), np.flatnonzero(~inside)
        wanted = hashes[outside]
        at = np.searchsorted(known, wanted)
        likely = outside[np.append(known, 0)[at] == wanted]
        values = list(column(taken(self.examples, likely), name))
        asked = set(values).difference(but)
        pairs = zip(column(self.examples, name), inside.tolist(), strict=True)
        shared = {value for value, trained in pairs if trained and value in asked}
        found = [place for place, value in zip(likely, values, strict=True) if value in shared]
        return taken(self.examples, np.array(found, np.int64))
