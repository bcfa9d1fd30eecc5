"""What of a folder can be learned from, and what of that can be judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tl_catdog.teach.choice import LEFT_OUT, UNLABELLED, check_sample, lots
from tl_catdog.teach.estimate import LEAST
from tl_catdog.teach.heads import Floats, Labels, Store
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.judging import Judge, Kept


@dataclass(frozen=True)
class Material:
    """A folder at one moment, with the features that there are.

    Attributes:
        pictures: The folder.
        store: Features of its pictures; of all but those that weren't looked at yet.
        unread: Why pictures can't be read, by their SHA-256.
        kept: Of earlier judging; changed by this one.
    """

    pictures: Snapshot
    store: Store
    unread: Mapping[str, str] = field(default_factory=dict)
    kept: Kept | None = None

    @cached_property
    def items(self) -> Sequence[Item]:
        """All pictures."""
        return self.pictures.items

    @cached_property
    def all_labels(self) -> Labels:
        """Class of each picture, or why it has none, (N,)."""
        places = {name: place for place, name in enumerate(self.pictures.classes)}
        asked: set[str] = set()
        found = np.full(len(self.items), LEFT_OUT)
        for place, item in enumerate(self.items):
            if item.label is not None:
                found[place] = places.get(item.label, LEFT_OUT)
            # Of copies and a burst without a class one is asked for; then the next.
            elif not item.skipped and not self.why(item) and item.group not in asked:
                asked.add(item.group)
                found[place] = UNLABELLED
        return found

    @cached_property
    def seen(self) -> Labels:
        """Positions of the pictures that there are features of."""
        there = [place for place, item in enumerate(self.items) if item.sha256 in self.store]
        return np.asarray(there, dtype=np.int64)

    @cached_property
    def known(self) -> Labels:
        """Positions of those that have a class, too."""
        return self.seen[self.all_labels[self.seen] >= 0]

    @cached_property
    def labels(self) -> Labels:
        """Class of each that is known."""
        return self.all_labels[self.known]

    @cached_property
    def lots(self) -> Floats:
        """Of all pictures, one for each group."""
        return lots([item.group for item in self.items])

    @cached_property
    def judge(self) -> Judge:
        """The labelled pictures that were compared with all others: what is no copy is known."""
        items = [self.items[i] for i in self.compared]
        return Judge(
            self.store.rows([item.sha256 for item in items]),
            self.all_labels[self.compared],
            [item.group for item in items],
            self.sample[0],
            self.store.spread,
            len(self.pictures.classes),
            [item.sha256 for item in items],
            self.kept,
        )

    @cached_property
    def compared(self) -> Labels:
        """Positions of the labelled pictures that were compared with all others."""
        there = [self.items[i].compared for i in self.known]
        return self.known[np.asarray(there, dtype=np.bool_)]

    @property
    def waiting(self) -> int:
        """How many labelled pictures are yet to be compared with others."""
        return len(self.known) - len(self.compared)

    def checked(self, check: npt.NDArray[np.bool_]) -> int:
        """Return of how many groups pictures are checked."""
        return len({group for group, of in zip(self.judge.groups, check, strict=True) if of})

    @cached_property
    def sample(self) -> tuple[npt.NDArray[np.bool_], str]:
        """Which of the compared labelled pictures tell of new ones, and what these are."""
        items = [self.items[i] for i in self.compared]
        drawn = check_sample(self.lots, self.all_labels)[self.compared]
        if len({item.group for item, of in zip(items, drawn, strict=True) if of}) >= LEAST:
            return drawn, "check"
        given = np.array([item.given for item in items], dtype=np.bool_)
        enough = len({item.group for item in items if item.given}) >= LEAST
        # Where some classes came and others are being labelled, it would tell of those alone.
        labels = self.all_labels[self.compared]
        if enough and len(np.unique(labels[given])) == len(np.unique(labels)):
            return given, "given"
        return drawn, "check"

    @property
    def basis(self) -> str:
        """What the sample is: ``check`` or ``given``; see ``Learned``."""
        return self.sample[1]

    def broken(self) -> dict[str, str]:
        """Return why pictures can't be read, by their id."""
        return {item.id: why for item in self.items if (why := self.why(item))}

    def why(self, item: Item) -> str:
        """Return why a picture can't be read, or nothing."""
        return item.broken or self.unread.get(item.sha256, "")
