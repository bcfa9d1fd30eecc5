"""From labels and features to what is told of them: the head at once, then what it is worth.

Last, now and then, what takes longest: a better C, what doubling the labels gains, what is far off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.outliers import FAR, FEWEST, NEIGHBOURS
from tl_catdog.prediction.calibration import at_temperature
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.prediction.rejection import Policy
from tl_catdog.review.label_noise import label_noise
from tl_catdog.statistics import Estimate
from tl_catdog.teach.choice import next_questions
from tl_catdog.teach.estimate import LEAST, accuracy
from tl_catdog.teach.heads import Fit, Floats, Head, Labels, Rows, Store, fit
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.judging import FIRST, Judged, Kept
from tl_catdog.teach.learned import Asked, ClassLearned, Doubt, Learned
from tl_catdog.teach.material import Material
from tl_catdog.teach.unsure import Familiar, policy

QUEUE = 20  # questions that are kept ready, so that no key waits for a head
GROWN = 1.25  # times as many labels as at the last time, and C is looked for again, and the gain
PATIENCE = 3  # so often that is put off for a change; then the change waits
LIKELY = 0.5  # chance that a label is wrong, from which it is doubted


@dataclass
class Memory:
    """What is kept from one lesson to the next."""

    strength: float = FIRST
    temperature: float = 1.0
    searched: int = 0
    put_off: int = 0
    classes: tuple[str, ...] = ()
    turns: int = 0
    start: Fit | None = None
    kept: Kept = field(default_factory=Kept)
    gain: Estimate | None = None
    far: tuple[str, ...] = ()
    far_at: int = 0
    familiar: Familiar = field(default_factory=Familiar)


@dataclass(frozen=True)
class Lesson:
    """A folder at one moment, with the features that there are.

    Attributes:
        pictures: The folder.
        store: Features of its pictures; of all but those that weren't looked at yet.
        unread: Why pictures can't be read, by their SHA-256.
        memory: Of earlier lessons; changed by this one.
    """

    pictures: Snapshot
    store: Store
    unread: Mapping[str, str] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    @cached_property
    def material(self) -> Material:
        """What of the folder can be learned from, and judged by."""
        return Material(self.pictures, self.store, self.unread, self.memory.kept)

    def first(self, before: Learned | None = None) -> Learned:
        """Train the head, and return it with its guesses; figures are those of before.

        Labelled pictures keep what heads said of them that didn't see them.
        """
        memory, names = self.memory, tuple(self.pictures.classes)
        others = memory.classes != names
        if others:
            memory.classes, memory.searched, memory.gain = names, 0, None
        if others or memory.turns != self.store.turns:
            memory.turns, memory.start, memory.kept = self.store.turns, None, Kept()
        found = replace(
            Learned(self.pictures.version, -1, (), 0, 0) if before is None else before,
            version=self.pictures.version,
            classes=self._classes(before),
            labelled=sum(item.label is not None for item in self.material.items),
            unlabelled=sum(item.label is None for item in self.material.items),
            broken=self.material.broken(),
            names=names,
            head=None,
        )
        chances = np.zeros((len(self.material.items), len(names)))
        if before is not None and before.names == names:
            for place, item in enumerate(self.material.items):
                if item.id in before.ids:
                    chances[place] = before.chances[before.ids[item.id]]
        if others:
            found = replace(found, policy=None, bank=None)
        if len(np.unique(self.material.labels)) > 1:
            found = replace(found, head=self._taught(chances))
        found = replace(
            found,
            ids={item.id: place for place, item in enumerate(self.material.items)},
            chances=chances.astype(np.float32),
        )
        return replace(found, questions=self._questions(chances if found.head else None))

    def _taught(self, chances: npt.NDArray[Any]) -> Head:
        """Return the head, as it is remembered to be best; enter its guesses of the others."""
        memory, names = self.memory, self.pictures.classes
        rows = self.store.rows([self.material.items[i].sha256 for i in self.material.known])
        memory.start = fitted = fit(
            rows, self.material.labels, memory.strength, self.store.spread, memory.start
        )
        others = self.material.seen[self.material.all_labels[self.material.seen] < 0]
        if len(others):
            rest = self.store.rows([self.material.items[i].sha256 for i in others])
            chances[others] = at_temperature(fitted.chances(rest, len(names)), memory.temperature)
        return fitted.head(
            self.store, names, memory.strength, memory.temperature, self.pictures.version
        )

    def figures(self, found: Learned) -> Learned:
        """Judge the labelled pictures, and return what that tells of new ones and of labels."""
        if found.head is None or len(np.unique(self.material.judge.labels)) < 2:
            nothing = replace(found, judged=self.pictures.version, classes=self._classes(None))
            nothing = replace(nothing, accuracy=None, basis="", checked=0, gain=None, policy=None)
            return replace(nothing, doubts=(), far=self._far(), waiting=self.material.waiting)
        return self._figures(found, self.material.judge.at(self.memory.strength))

    @property
    def due(self) -> bool:
        """Whether it is time for ``deeper``."""
        labels = self.material.judge.labels
        grown = len(labels) >= GROWN * self.memory.searched and len(np.unique(labels)) > 1
        return grown or self._far_due

    def deeper(self, found: Learned, go_on: Callable[[], bool] = lambda: True) -> Learned | None:
        """Look for a better C, what doubling gains and what is far off; None if that was put off.

        Args:
            found: What ``figures`` gave.
            go_on: Asked now and then whether to go on; a few times, it may say no.
        """
        memory, judge = self.memory, self.material.judge

        def goes_on() -> bool:
            return memory.put_off >= PATIENCE or go_on()

        if not goes_on():
            memory.put_off += 1
            return None
        self._look_far()
        if found.head is None or len(np.unique(judge.labels)) < 2:
            return replace(found, far=self._far())
        best = judge.best(self._judged[-1], goes_on)
        if best is None or not goes_on():
            memory.put_off += 1
            return None
        told = judge.gain(best)
        memory.gain, memory.searched = None if told is None else told.gain, len(judge.labels)
        memory.put_off = 0
        return self._figures(found, best)

    def _figures(self, found: Learned, judged: Judged) -> Learned:
        """Return what was learned, with what heads say of pictures that they didn't see."""
        self._judged.append(judged)
        memory, judge = self.memory, self.material.judge
        judge.keep(judged)
        memory.strength, memory.temperature = judged.strength, judged.temperature
        items = [self.material.items[i] for i in self.material.compared]
        chances, head = found.chances.copy(), found.head
        if head is not None and (head.strength, head.temperature) != (
            judged.strength,
            judged.temperature,
        ):
            head = self._taught(chances)  # what is promised of answers is of such a head's
        chances[self.material.known] = 0.0
        chances[self.material.compared] = at_temperature(judged.chances, judged.temperature)
        chances[self.material.compared[judged.chances.max(axis=1) <= 0]] = 0.0
        said = judge.said(judged)
        # What is drawn by lot takes the place of what came with its class, and doesn't join it.
        anew = self.material.basis == "given" and found.unlabelled > 0
        told_of = accuracy(said == judge.labels, judge.check, judge.groups, anew=anew)
        when = self._policy(chances[self.material.compared])
        return replace(
            found,
            head=head,
            judged=self.pictures.version,
            classes=self._told(said),
            accuracy=told_of,
            basis=self.material.basis if told_of is not None else "",
            checked=self.material.checked(judge.check),
            waiting=self.material.waiting,
            gain=memory.gain,
            doubts=self._doubts(items, judged),
            far=self._far(),
            chances=chances,
            policy=when,
            bank=None if when is None else memory.familiar.bank,
        )

    def _policy(self, said: Rows) -> Policy | None:
        """Return when the head answers, by what was said of labelled pictures out of fold."""
        judge = self.material.judge
        if self.material.checked(judge.check) < LEAST:
            return None
        digests = [self.material.items[i].sha256 for i in self.material.compared]
        novelty = self.memory.familiar.novelty(self.store, digests)
        names, chances = self.pictures.classes, said.astype(np.float64)
        return policy(names, judge.labels, chances, judge.check, judge.groups, novelty)

    @cached_property
    def _judged(self) -> list[Judged]:
        """What was found by this lesson, the last last."""
        return []

    def _questions(self, chances: Floats | None) -> tuple[Asked, ...]:
        if not len(self.material.seen):
            return ()
        rows: Rows = self.store.rows([self.material.items[i].sha256 for i in self.material.seen])
        some = None if chances is None else chances[self.material.seen]
        asked = next_questions(
            rows,
            self.material.all_labels[self.material.seen],
            self.material.lots[self.material.seen],
            some,
            QUEUE,
            asked=self.pictures.asked,
        )
        items, seen = self.material.items, self.material.seen
        return tuple(Asked(items[seen[q.position]].id, q.reason) for q in asked)

    def _classes(self, before: Learned | None) -> tuple[ClassLearned, ...]:
        """Return the classes with their counts, and the figures that there were."""
        told = {} if before is None else {item.name: item for item in before.classes}
        counts = dict.fromkeys(self.pictures.classes, 0)
        for item in self.material.items:
            if item.label in counts:
                counts[item.label] += 1
        return tuple(
            replace(told.get(name, ClassLearned(name, 0, None, 0, None)), labelled=number)
            for name, number in counts.items()
        )

    def _told(self, said: Labels) -> tuple[ClassLearned, ...]:
        """Return the classes with what was said of their pictures in the check sample."""
        judge, names, found = self.material.judge, self.pictures.classes, []
        right = said == judge.labels
        for place, item in enumerate(self._classes(None)):
            own = judge.check & (judge.labels == place)
            part = accuracy(right, own, judge.groups)
            wrong = said[own & ~right]
            wrong = wrong[wrong >= 0]
            often = names[int(np.bincount(wrong).argmax())] if len(wrong) else None
            value = None if part is None else part.estimate
            found.append(
                replace(item, accuracy=value, checked=self.material.checked(own), taken_for=often)
            )
        return tuple(found)

    def _doubts(self, items: Sequence[Item], judged: Judged) -> tuple[Doubt, ...]:
        """Return labels that are more probably wrong than right, but for those that are kept."""
        there = np.flatnonzero(judged.chances.max(axis=1) > 0)
        columns, labels = np.unique(self.material.judge.labels[there], return_inverse=True)
        if len(columns) < 2:
            return ()
        said = judged.chances[there][:, columns]
        wrong = label_noise(labels, said / said.sum(axis=1, keepdims=True)).wrong
        names, found = self.pictures.classes, []
        for place in np.argsort(-wrong, kind="stable").tolist():
            item, seems = items[there[place]], names[columns[said[place].argmax()]]
            if wrong[place] <= LIKELY:
                break
            if not item.kept and item.label is not None and seems != item.label:
                found.append(Doubt(item.id, item.label, seems, float(wrong[place])))
        return tuple(found)

    @property
    def _far_due(self) -> bool:
        enough = len(self.material.seen) >= FEWEST
        return enough and len(self.store) >= GROWN * self.memory.far_at

    def _look_far(self) -> None:
        """Look for pictures unlike all others, as ``data check`` does."""
        memory, seen = self.memory, self.material.seen
        if not self._far_due:
            return
        digests = [self.material.items[i].sha256 for i in seen]

        def read(positions: Labels) -> Rows:
            return self.store.units([digests[i] for i in positions])

        bank = FeatureBank.of(read, len(seen), neighbours=NEIGHBOURS)
        novelty = bank.distances(read, len(seen), own=True)
        low, high = np.percentile(novelty, (25, 75))
        order = np.argsort(-novelty, kind="stable")
        far = order[novelty[order] > high + FAR * (high - low)]
        memory.far = tuple(self.material.items[seen[i]].id for i in far)
        memory.far_at = len(self.store)

    def _far(self) -> tuple[str, ...]:
        """Return pictures unlike all others, as they were found last."""
        there = {self.material.items[i].id for i in self.material.seen}
        kept = {item.id for item in self.material.items if item.kept or item.skipped}
        return tuple(id for id in self.memory.far if id in there and id not in kept)
