"""Which picture goes into which split: seeded, stratified, groups whole.

Groups come in a random order that hangs on the seed and their content alone, and each goes where it
fits. Pictures that are groups by themselves, and small groups, fill the splits exactly. Where
groups are so large that the splits miss their parts, groups are then moved and exchanged as long as
that brings the splits closer to them. ADR 020 has the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.data.folders import TRAIN
from tl_catdog.data.packed import Example, column, split_as

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MISSED = 0.1
"""Part of what a split should have of a class by which it may miss it before groups are moved."""

NONE_OF_A_CLASS = 1e6  # what a split without a class costs: more than anything else
STEPS = 300  # moves and exchanges; a few dozen are enough for hundreds of groups
PAIRS = 2_000_000  # exchanges that one step may look at, times classes


def assign_splits(
    examples: Sequence[Example], parts: dict[str, float], seed: int
) -> Sequence[Example]:
    """Give each picture a split: ``parts`` of every class, the rest to ``train``.

    Pictures of one group stay together, also when they bear different labels; see
    ``Example.group``. Which pictures go where depends on their groups and the seed alone, so
    renaming or moving files changes nothing.

    Args:
        examples: The pictures, of any split.
        parts: Split → the part of each class it gets, 0..1.
        seed: Which of the many possible splits.

    Returns:
        The same pictures, in the same order, with ``split`` set.

    >>> from pathlib import Path
    >>> pictures = [Example(Path(d), d, "cats", "all", digest=d) for d in "abcad"]
    >>> [picture.split for picture in assign_splits(pictures, {"validation": 0.4}, seed=0)]
    ['validation', 'train', 'train', 'validation', 'train']
    """
    groups = _groups(examples, seed)
    targets = _targets(groups.totals(), list(parts.values()))
    chosen = _improved(groups, targets, _first_fit(groups, targets))
    which = np.empty(len(examples), np.int8)
    which[groups.order] = np.asarray(chosen, np.int8)[groups.of]
    return split_as(examples, which, (*parts, TRAIN))


@dataclass(frozen=True)
class _Groups:
    """G groups of N pictures of C classes, in a random order. There may be millions.

    Attributes:
        order: Which pictures they are of, one group after the other, (N,).
        of: Whose each of these is, 0..G - 1, (N,).
        kinds: The K numbers of pictures of each class that groups have, (K, C).
        kind: Which of them each group has, (G,).
    """

    order: Integers
    of: Integers
    kinds: Integers
    kind: Integers

    def totals(self, inside: npt.NDArray[np.bool_] | None = None) -> Integers:
        """Return how many pictures of each class all groups have, or some, (C,)."""
        found = self.kind if inside is None else self.kind[inside]
        return np.asarray(np.bincount(found, minlength=len(self.kinds)) @ self.kinds, np.int64)


def _groups(examples: Sequence[Example], seed: int) -> _Groups:
    ranks = (_rank(seed, group) for group in column(examples, "group"))
    ranked = np.fromiter(ranks, "S16", len(examples))
    order = np.argsort(ranked, kind="stable")
    ranked = ranked[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(order)])
    sizes = np.diff(np.append(starts, len(order)))
    classes = {label: place for place, label in enumerate(sorted(set(column(examples, "label"))))}
    labels = np.fromiter(map(classes.get, column(examples, "label")), np.int64, len(examples))
    labels = labels[order]
    # A group of one picture is of the kind that its class is; what others are is counted.
    kind = labels[starts]
    others: dict[bytes, int] = {}
    rows = list(np.eye(len(classes), dtype=np.int64))
    for group in np.flatnonzero(sizes > 1).tolist():
        mine = labels[starts[group] : starts[group] + sizes[group]]
        row = np.bincount(mine, minlength=len(classes))
        kind[group] = others.setdefault(row.tobytes(), len(rows))
        if kind[group] == len(rows):
            rows.append(row)
    kinds = np.array(rows, np.int64).reshape(-1, len(classes))
    return _Groups(order, np.repeat(np.arange(len(starts)), sizes), kinds, kind)


def _rank(seed: int, group: str) -> bytes:
    """Return what groups are sorted by: no two have the same sixteen bytes."""
    text = f"{seed}\tsplit\t{group}\n"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:16]


def _targets(total: Integers, parts: Sequence[float]) -> Integers:
    """Return how many pictures of each class each split should have, (S, C); training is last.

    Each split gets at least one of each class, and never all of them.
    """
    wanted = [
        [min(max(1, round(part * int(n))), max(int(n) - 1, 0)) if part else 0 for n in total]
        for part in parts
    ]
    taken = np.asarray(wanted, np.int64).reshape(len(parts), len(total))
    return np.concatenate([taken, np.maximum(total - taken.sum(0), 0)[None]])


def _first_fit(groups: _Groups, targets: Integers) -> list[int]:
    """Return a split for each group: the first that has room for all of it, else training."""
    room: list[list[int]] = targets[:-1].tolist()
    needed = [[(c, n) for c, n in enumerate(row) if n] for row in groups.kinds.tolist()]
    chosen = []
    for kind in groups.kind.tolist():
        needs = needed[kind]
        fits = (
            split
            for split, left in enumerate(room)
            if all(left[place] >= number for place, number in needs)
        )
        chosen.append(next(fits, len(room)))
        if chosen[-1] < len(room):
            for place, number in needs:
                room[chosen[-1]][place] -= number
    return chosen


def _misses(found: Integers, targets: Integers) -> bool:
    """Return whether a split has too few or too many pictures of a class for its part."""
    gone = np.abs(found - targets)[:-1] > np.maximum(MISSED * targets[:-1], 0.5)
    return bool(gone.any() or ((found == 0) & (targets > 0)).any())


def _loss(found: npt.NDArray[np.generic], targets: Integers) -> Floats:
    """Return how far numbers of pictures, (…, C), are from what a split should have, (C,).

    It is Pearson's χ² statistic: a miss counts by what it is a part of.
    """
    wanted = np.maximum(targets, 1.0)
    missed = (np.asarray(found, np.float64) - targets) ** 2 / wanted
    lacking = (np.asarray(found) == 0) & (targets > 0)
    return np.asarray((missed + NONE_OF_A_CLASS * lacking).sum(-1), np.float64)


@dataclass(frozen=True)
class _Change:
    """A group's new split, perhaps in exchange for a group of that one."""

    gain: float
    group: int
    target: int
    other: int | None = None


def _improved(groups: _Groups, targets: Integers, chosen: list[int]) -> list[int]:
    """Return splits for the groups that miss their parts by little, if there are any.

    No more is changed than that takes, so that the seed decides as much as it can.
    """
    current = list(chosen)
    splits = np.asarray(current, np.int8)
    found = np.array([groups.totals(splits == split) for split in range(len(targets))])
    for _ in range(STEPS):
        if not _misses(found, targets):
            break
        change = max(_changes(groups, targets, current, found), key=lambda item: item.gain)
        if change.gain <= 1e-9:
            break
        source = current[change.group]
        found[source] -= groups.kinds[groups.kind[change.group]]
        found[change.target] += groups.kinds[groups.kind[change.group]]
        current[change.group] = change.target
        if change.other is not None:
            found[change.target] -= groups.kinds[groups.kind[change.other]]
            found[source] += groups.kinds[groups.kind[change.other]]
            current[change.other] = source
    return current


def _changes(
    groups: _Groups, targets: Integers, chosen: Sequence[int], found: Integers
) -> list[_Change]:
    """Return the best move and the best exchange between each two splits."""
    splits = np.asarray(chosen)
    alike = []  # of each split, the first groups of each kind: others change the same
    for split in range(len(targets)):
        inside = np.flatnonzero(splits == split)
        _, first = np.unique(groups.kind[inside], return_index=True)
        alike.append(inside[np.sort(first)])
    changes = [_Change(0.0, 0, chosen[0])]
    for source in range(len(targets)):
        for target in range(len(targets)):
            mine, others = alike[source], alike[target]
            if source == target or not len(mine):
                continue
            before = _loss(found[source], targets[source]) + _loss(found[target], targets[target])
            mine_has = groups.kinds[groups.kind[mine]]
            after = _loss(found[source] - mine_has, targets[source]) + _loss(
                found[target] + mine_has, targets[target]
            )
            best = int(after.argmin())
            changes.append(_Change(float(before - after[best]), int(mine[best]), target))
            if source < target and 0 < len(mine) * len(others) * targets.shape[1] <= PAIRS:
                moved = mine_has[:, None] - groups.kinds[groups.kind[others]][None]
                after = _loss(found[source] - moved, targets[source]) + _loss(
                    found[target] + moved, targets[target]
                )
                one, two = divmod(int(after.argmin()), len(others))
                gain = float(before - after[one, two])
                changes.append(_Change(gain, int(mine[one]), target, int(others[two])))
    return changes
