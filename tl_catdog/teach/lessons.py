"""From labels and features to what is told of them: the head at once, then what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from tl_catdog.teach.choice import LEFT_OUT, UNLABELLED, check_sample, lots, next_questions
from tl_catdog.teach.estimate import LEAST, accuracy
from tl_catdog.teach.heads import Fit, Floats, Head, Labels, Rows, Store, fit
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.judging import FIRST, Judged, gain_of_doubling, judge
from tl_catdog.teach.learned import Asked, ClassLearned, Doubt, Learned
from tl_catdog.teach.unsure import Familiar, policy

QUEUE = 20  # questions that are kept ready, so that no key waits for a head
GROWN = 1.25  # times as many labels as at the last time, and C is looked for again, and the gain
LIKELY = 0.5  # chance that a label is wrong, from which it is doubted


@dataclass
class Memory:
    """What is kept from one lesson to the next."""

    strength: float = FIRST
    temperature: float = 1.0
    searched: int = 0
    classes: tuple[str, ...] = ()
    start: Fit | None = None
    gain: Estimate | None = None
    gain_at: int = 0
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

    def first(self, before: Learned | None = None) -> Learned:
        """Train the head, and return it with its guesses; figures are those of before.

        Labelled pictures keep what heads said of them that didn't see them.
        """
        memory, names = self.memory, tuple(self.pictures.classes)
        found = replace(
            Learned(self.pictures.version, -1, (), 0, 0) if before is None else before,
            version=self.pictures.version,
            classes=self._classes(before),
            labelled=sum(item.label is not None for item in self._items),
            unlabelled=sum(item.label is None for item in self._items),
            broken=self._broken(),
            names=names,
            head=None,
        )
        chances = np.zeros((len(self._items), len(names)))
        if before is not None and before.names == names:
            for place, item in enumerate(self._items):
                if item.id in before.ids:
                    chances[place] = before.chances[before.ids[item.id]]
        if memory.classes != names:
            memory.classes, memory.start, memory.searched = names, None, 0
            found = replace(found, policy=None, bank=None)
        if len(np.unique(self._labels)) > 1:
            found = replace(found, head=self._taught(chances))
        found = replace(
            found,
            ids={item.id: place for place, item in enumerate(self._items)},
            chances=chances.astype(np.float32),
        )
        return replace(found, questions=self._questions(chances if found.head else None))

    def _taught(self, chances: npt.NDArray[Any]) -> Head:
        """Return the head, as it is remembered to be best; enter its guesses of the others."""
        memory, names = self.memory, self.pictures.classes
        rows = self.store.rows([self._items[i].sha256 for i in self._known])
        memory.start = fitted = fit(
            rows, self._labels, memory.strength, self.store.spread, memory.start
        )
        others = self._seen[self._all_labels[self._seen] < 0]
        if len(others):
            rest = self.store.rows([self._items[i].sha256 for i in others])
            chances[others] = at_temperature(fitted.chances(rest, len(names)), memory.temperature)
        return fitted.head(
            self.store, names, memory.strength, memory.temperature, self.pictures.version
        )

    def figures(self, found: Learned) -> Learned:
        """Judge the labelled pictures, and return what that tells of new ones and of labels."""
        version, memory = self.pictures.version, self.memory
        known, labels = self._known, self._labels
        far = self._far()
        if found.head is None:
            classes = self._classes(None)
            nothing = replace(found, judged=version, classes=classes, accuracy=None, basis="")
            return replace(nothing, doubts=(), gain=None, far=far, checked=0, policy=None)
        items = [self._items[i] for i in known]
        groups = [item.group for item in items]
        rows = self.store.rows([item.sha256 for item in items])
        check, basis = self._check(items)
        search = len(known) >= GROWN * memory.searched
        judged = judge(
            rows,
            labels,
            groups,
            check,
            self.store.spread,
            classes=len(found.names),
            strength=memory.strength,
            search=search,
        )
        if search:
            memory.searched = len(known)
        memory.strength, memory.temperature = judged.strength, judged.temperature
        if len(known) >= GROWN * memory.gain_at:
            told = gain_of_doubling(
                rows, labels, groups, check, self.store.spread, judged, classes=len(found.names)
            )
            memory.gain, memory.gain_at = None if told is None else told.gain, len(known)
        chances, head = found.chances.copy(), found.head
        if (head.strength, head.temperature) != (judged.strength, judged.temperature):
            head = self._taught(chances)  # what is promised of answers is of such a head's
        chances[known] = at_temperature(judged.chances, judged.temperature)
        chances[known[judged.chances.max(axis=1) <= 0]] = 0.0
        told_of = accuracy(judged.said == labels, check, groups)
        when = self._policy(items, chances[known], check)
        return replace(
            found,
            head=head,
            judged=version,
            classes=self._told(check, groups, judged),
            accuracy=told_of,
            basis=basis if told_of is not None else "",
            checked=len({group for group, of in zip(groups, check, strict=True) if of}),
            gain=memory.gain,
            doubts=self._doubts(items, judged),
            far=far,
            chances=chances,
            policy=when,
            bank=None if when is None else memory.familiar.bank,
        )

    def _policy(
        self, items: Sequence[Item], said: Rows, check: npt.NDArray[np.bool_]
    ) -> Policy | None:
        """Return when the head answers, by what was said of labelled pictures out of fold."""
        groups = [item.group for item in items]
        if len({group for group, of in zip(groups, check, strict=True) if of}) < LEAST:
            return None
        novelty = self.memory.familiar.novelty(self.store, [item.sha256 for item in items])
        chances = said.astype(np.float64)
        return policy(self.pictures.classes, self._labels, chances, check, groups, novelty)

    @cached_property
    def _items(self) -> Sequence[Item]:
        return self.pictures.items

    @cached_property
    def _all_labels(self) -> Labels:
        """Class of each picture, or why it has none, (N,)."""
        places = {name: place for place, name in enumerate(self.pictures.classes)}
        asked: set[str] = set()
        found = np.full(len(self._items), LEFT_OUT)
        for place, item in enumerate(self._items):
            if item.label is not None:
                found[place] = places.get(item.label, LEFT_OUT)
            # Of copies and a burst without a class one is asked for; then the next.
            elif not item.skipped and not self._why(item) and item.group not in asked:
                asked.add(item.group)
                found[place] = UNLABELLED
        return found

    @cached_property
    def _seen(self) -> Labels:
        """Positions of the pictures that there are features of."""
        there = [place for place, item in enumerate(self._items) if item.sha256 in self.store]
        return np.asarray(there, dtype=np.int64)

    @cached_property
    def _known(self) -> Labels:
        """Positions of those that have a class, too."""
        return self._seen[self._all_labels[self._seen] >= 0]

    @cached_property
    def _labels(self) -> Labels:
        return self._all_labels[self._known]

    @cached_property
    def _lots(self) -> Floats:
        return lots([item.group for item in self._items])

    def _check(self, items: Sequence[Item]) -> tuple[npt.NDArray[np.bool_], str]:
        """Return which of the labelled pictures tell of new ones, and what these are."""
        drawn = check_sample(self._lots, self._all_labels)[self._known]
        if len({item.group for item, of in zip(items, drawn, strict=True) if of}) >= LEAST:
            return drawn, "check"
        given = np.array([item.given for item in items], dtype=np.bool_)
        if len({item.group for item in items if item.given}) >= LEAST:
            return given, "given"
        return drawn, "check"

    def _questions(self, chances: Floats | None) -> tuple[Asked, ...]:
        if not len(self._seen):
            return ()
        rows: Rows = self.store.rows([self._items[i].sha256 for i in self._seen])
        some = None if chances is None else chances[self._seen]
        asked = next_questions(
            rows,
            self._all_labels[self._seen],
            self._lots[self._seen],
            some,
            QUEUE,
            asked=self.pictures.asked,
        )
        return tuple(Asked(self._items[self._seen[q.position]].id, q.reason) for q in asked)

    def _classes(self, before: Learned | None) -> tuple[ClassLearned, ...]:
        """Return the classes with their counts, and the figures that there were."""
        told = {} if before is None else {item.name: item for item in before.classes}
        counts = dict.fromkeys(self.pictures.classes, 0)
        for item in self._items:
            if item.label in counts:
                counts[item.label] += 1
        return tuple(
            replace(told.get(name, ClassLearned(name, 0, None, 0, None)), labelled=number)
            for name, number in counts.items()
        )

    def _told(
        self, check: npt.NDArray[np.bool_], groups: Sequence[str], judged: Judged
    ) -> tuple[ClassLearned, ...]:
        right, names, found = judged.said == self._labels, self.pictures.classes, []
        for place, item in enumerate(self._classes(None)):
            own = check & (self._labels == place)
            part = accuracy(right, own, groups)
            checked = len({group for group, of in zip(groups, own, strict=True) if of})
            wrong = judged.said[own & ~right]
            wrong = wrong[wrong >= 0]
            often = names[int(np.bincount(wrong).argmax())] if len(wrong) else None
            value = None if part is None else part.estimate
            found.append(replace(item, accuracy=value, checked=checked, taken_for=often))
        return tuple(found)

    def _doubts(self, items: Sequence[Item], judged: Judged) -> tuple[Doubt, ...]:
        """Return labels that are more probably wrong than right, but for those that are kept."""
        there = np.flatnonzero(judged.chances.max(axis=1) > 0)
        columns, labels = np.unique(self._labels[there], return_inverse=True)
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

    def _broken(self) -> dict[str, str]:
        return {item.id: why for item in self._items if (why := self._why(item))}

    def _why(self, item: Item) -> str:
        """Return why a picture can't be read, or nothing."""
        return item.broken or self.unread.get(item.sha256, "")

    def _far(self) -> tuple[str, ...]:
        """Return pictures unlike all others, as ``data check`` finds them; looked for seldom."""
        memory, seen = self.memory, self._seen
        there = {self._items[i].id for i in seen}
        if len(seen) >= FEWEST and len(self.store) >= GROWN * memory.far_at:
            digests = [self._items[i].sha256 for i in seen]

            def read(positions: Labels) -> Rows:
                return self.store.units([digests[i] for i in positions])

            bank = FeatureBank.of(read, len(seen), neighbours=NEIGHBOURS)
            novelty = bank.distances(read, len(seen), own=True)
            low, high = np.percentile(novelty, (25, 75))
            order = np.argsort(-novelty, kind="stable")
            far = order[novelty[order] > high + FAR * (high - low)]
            memory.far = tuple(self._items[seen[i]].id for i in far)
            memory.far_at = len(self.store)
        kept = {item.id for item in self._items if item.kept or item.skipped}
        return tuple(id for id in memory.far if id in there and id not in kept)
