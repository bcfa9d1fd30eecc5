"""What to do next: one thing at a time, each with the reason why it is worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import Any

import numpy as np

from tl_catdog.teach.choice import Reason, lots
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.learned import Learned
from tl_catdog.wording import percent

FEWEST = 5  # pictures that a class should have before others are asked about
EVERY = 4  # after so many answers what is wrong comes before what is unknown


class Kind(StrEnum):
    """What there is to do."""

    TEACH = "teach"
    CHECK = "check"
    DOUBT = "doubt"
    COPY = "copy"
    BROKEN = "broken"
    UNLIKE = "unlike"
    LACKING = "lacking"
    ENOUGH = "enough"


MENDING = (Kind.DOUBT, Kind.COPY, Kind.BROKEN, Kind.UNLIKE)
"""What may be wrong, worst first."""

REASONS = {
    Reason.TYPICAL: "There are many like it, and none of them has a class yet.",
    Reason.UNCERTAIN: "It is between two classes: its answer teaches most.",
    Reason.CHECK: "Drawn by lot: such pictures tell how good the answers are.",
}


@dataclass(frozen=True)
class Suggestion:
    """One thing to do.

    Attributes:
        kind: What it is.
        reason: Why, in a sentence.
        id: Which picture, or nothing where it is about a class or all.
        guesses: The likeliest classes of it and their probabilities, by heads that didn't see it.
        label: Its class, or the class that lacks pictures; empty where it has none.
        other: A second picture to compare it with, or nothing.
        seems: The class that it seems to be, where its own is in doubt.
    """

    kind: Kind
    reason: str
    id: str = ""
    guesses: tuple[tuple[str, float], ...] = ()
    label: str = ""
    other: str = ""
    seems: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what the page is told."""
        return {
            "kind": self.kind.value,
            "reason": self.reason,
            "id": self.id,
            "guesses": [list(pair) for pair in self.guesses],
            "label": self.label,
            "other": self.other,
            "seems": self.seems,
        }


def next_items(
    pictures: Snapshot, learned: Learned | None, kind: str | None = None, count: int = 1
) -> tuple[Suggestion, ...]:
    """Return what to do next, the most useful first.

    By itself, classes that lack pictures come first, then pictures without a class; after every few
    answers comes what may be wrong, and once nothing is left, whether more would help.

    Args:
        pictures: The folder now; what was learned may be of an older one.
        learned: What was learned, or None.
        kind: One of ``Kind`` to be given only that; anything else gives nothing. ``check`` gives
            all pictures without a class in the order of their lots: random choice.
        count: How many at most.
    """
    found = _Finder(pictures, learned)
    if kind is not None:
        known = kind in tuple(Kind)
        return tuple(islice(found.of(Kind(kind)), count)) if known else ()
    mending = chain.from_iterable(found.of(some) for some in MENDING)
    asking = found.asking()
    turn = pictures.asked % EVERY == EVERY - 1
    parts = (mending, asking) if turn else (asking, mending)
    return tuple(islice(chain(found.of(Kind.LACKING), *parts, found.of(Kind.ENOUGH)), count))


def kinds(pictures: Snapshot, learned: Learned | None) -> dict[str, int]:
    """Return how many of each kind there are; of pictures without a class, how many these are."""
    found = _Finder(pictures, learned)
    counts = {
        kind.value: sum(1 for _ in found.of(kind))
        for kind in Kind
        if kind not in (Kind.TEACH, Kind.CHECK)
    }
    left = sum(1 for item in pictures.items if found.may_be_asked(item))
    return {Kind.TEACH.value: left, Kind.CHECK.value: left, **counts}


class _Finder:
    """Finds what there is to do in a folder as it is now."""

    def __init__(self, pictures: Snapshot, learned: Learned | None) -> None:
        self.pictures, self.learned = pictures, learned
        self.items = {item.id: item for item in pictures.items}
        self.broken = {item.id: item.broken for item in pictures.items if item.broken}
        if learned is not None:
            self.broken |= {id: why for id, why in learned.broken.items() if id in self.items}

    def of(self, kind: Kind) -> Iterator[Suggestion]:
        """Yield what there is of a kind."""
        ways: dict[Kind, Callable[[], Iterator[Suggestion]]] = {
            Kind.TEACH: lambda: (item for item in self.asking() if item.kind == Kind.TEACH),
            Kind.CHECK: self._by_lot,
            Kind.DOUBT: self._doubts,
            Kind.COPY: self._copies,
            Kind.BROKEN: self._broken,
            Kind.UNLIKE: self._unlike,
            Kind.LACKING: self._lacking,
            Kind.ENOUGH: self._enough,
        }
        return ways[kind]()

    def may_be_asked(self, item: Item) -> bool:
        """Return whether a picture has no class, and may get one."""
        return item.label is None and not item.skipped and item.id not in self.broken

    def asking(self) -> Iterator[Suggestion]:
        """Yield pictures without a class: first what the learner asks, then any."""
        done = set()
        for question in self.learned.questions if self.learned is not None else ():
            item = self.items.get(question.id)
            if item is not None and self.may_be_asked(item):
                done.add(item.id)
                kind = Kind.CHECK if question.reason == Reason.CHECK else Kind.TEACH
                yield Suggestion(kind, REASONS[question.reason], item.id, self._guesses(item.id))
        for item in self.pictures.items:
            if item.id not in done and self.may_be_asked(item):
                yield Suggestion(
                    Kind.TEACH, "It has no class yet.", item.id, self._guesses(item.id)
                )

    def _by_lot(self) -> Iterator[Suggestion]:
        """Yield pictures without a class in the order of their lots, one of each group first.

        Whoever labels these alone labels at random: each answer is of the sample that is judged by.
        """
        left = [item for item in self.pictures.items if self.may_be_asked(item)]
        drawn = lots([item.group for item in left])
        first: dict[str, int] = {}
        for place, item in enumerate(left):
            first.setdefault(item.group, place)
        again = np.array([first[item.group] != place for place, item in enumerate(left)], bool)
        for place in np.lexsort((drawn, again)).tolist():
            id = left[place].id
            yield Suggestion(Kind.CHECK, REASONS[Reason.CHECK], id, self._guesses(id))

    def _guesses(self, id: str) -> tuple[tuple[str, float], ...]:
        return () if self.learned is None else self.learned.guesses(id)

    def _doubts(self) -> Iterator[Suggestion]:
        for doubt in self.learned.doubts if self.learned is not None else ():
            item = self.items.get(doubt.id)
            if item is None or item.kept or item.label != doubt.label:
                continue  # it was changed, or kept, since
            if doubt.seems in self.pictures.classes:
                reason = (
                    f"It is in {doubt.label}, and heads that never saw it say {doubt.seems}: "
                    f"wrong with a chance of {percent(doubt.wrong)}."
                )
                guesses = self._guesses(item.id)
                yield Suggestion(
                    Kind.DOUBT, reason, item.id, guesses, doubt.label, seems=doubt.seems
                )

    def _copies(self) -> Iterator[Suggestion]:
        """Yield copies, those first that are in two classes; of two, the one that seems elsewhere.

        What was said of one of them was said of both.
        """
        pairs: dict[frozenset[str], tuple[Item, Item]] = {}
        for item in self.pictures.items:
            other = self.items.get(item.copy_of or "")
            if other is None or item.label is None or item.kept or other.kept:
                continue
            both = frozenset((item.id, other.id))
            guess = next(iter(self._guesses(item.id)), ("",))[0]
            if both not in pairs or (item.label != other.label == guess):
                pairs[both] = item, other
        for item, other in sorted(pairs.values(), key=lambda pair: pair[0].label == pair[1].label):
            if item.label == other.label:
                reason = f"It is in {item.label} twice, or nearly so: one is enough."
            elif other.label is None:
                reason = f"It is in {item.label}, and a copy of it has no class."
            else:
                reason = f"It is in {item.label}, and a copy of it in {other.label}."
            guesses = self._guesses(item.id)
            yield Suggestion(
                Kind.COPY, reason, item.id, guesses, item.label or "", other.id, other.label or ""
            )

    def _broken(self) -> Iterator[Suggestion]:
        for id, why in self.broken.items():
            item = self.items[id]
            if not item.kept and not item.skipped:
                reason = f"It can't be read, so nothing is learned from it: {why.rstrip('.')}."
                yield Suggestion(Kind.BROKEN, reason, id, label=item.label or "")

    def _unlike(self) -> Iterator[Suggestion]:
        for id in self.learned.far if self.learned is not None else ():
            item = self.items.get(id)
            if item is not None and not item.kept and not item.skipped:
                reason = "It is unlike all the others."
                yield Suggestion(Kind.UNLIKE, reason, id, self._guesses(id), item.label or "")

    def _lacking(self) -> Iterator[Suggestion]:
        """Yield what classes lack; of pictures that are there to be asked, those come instead."""
        if len(self.pictures.classes) < 2:
            yield Suggestion(Kind.LACKING, "Name two classes or more: what should be told apart?")
            return
        counts = dict.fromkeys(self.pictures.classes, 0)
        for item in self.pictures.items:
            if item.label in counts:
                counts[item.label] += 1
        if any(self.may_be_asked(item) for item in self.pictures.items):
            return
        for name, number in sorted(counts.items(), key=lambda pair: pair[1]):
            if number < FEWEST:
                has = "no picture" if not number else f"{number} of {FEWEST} pictures"
                reason = f"{name} has {has}: add some, by camera, drop or upload."
                yield Suggestion(Kind.LACKING, reason, label=name)

    def _enough(self) -> Iterator[Suggestion]:
        if self.learned is None or self.learned.gain is None:
            return
        for sentence in self.learned.words():
            if sentence.startswith("Twice as many"):
                yield Suggestion(Kind.ENOUGH, sentence)
