"""Which picture goes into which split: seeded, stratified, groups whole.

Groups come in a random order that hangs on the seed and their content alone, and each goes where it
fits. Pictures that are groups by themselves, and small groups, fill the splits exactly. Where
groups are so large that the splits miss their parts, groups are then moved and exchanged as long as
that brings the splits closer to them. ADR 020 has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tl_catdog.data.digest import fingerprint
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MISSED = 0.1
"""Part of what a split should have of a class by which it may miss it before groups are moved."""

NONE_OF_A_CLASS = 1e6  # what a split without a class costs: more than anything else
STEPS = 300  # moves and exchanges; a few dozen are enough for hundreds of groups
PAIRS = 2_000_000  # exchanges that one step may look at, times classes


def assign_splits(examples: Sequence[Example], parts: dict[str, float], seed: int) -> list[Example]:
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
    members: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        members.setdefault(example.group, []).append(index)
    groups = sorted(members, key=lambda group: _rank(seed, group))
    classes = sorted({example.label for example in examples})
    place = {label: number for number, label in enumerate(classes)}
    counts = np.zeros((len(groups), len(classes)), np.int64)
    for row, group in enumerate(groups):
        for index in members[group]:
            counts[row, place[examples[index].label]] += 1
    splits = (*parts, TRAIN)
    targets = _targets(counts.sum(0), list(parts.values()))
    chosen = _first_fit(counts, targets)
    chosen = _improved(counts, targets, chosen)
    which = {
        index: splits[split]
        for group, split in zip(groups, chosen, strict=True)
        for index in members[group]
    }
    return [replace(example, split=which[index]) for index, example in enumerate(examples)]


def _rank(seed: int, group: str) -> str:
    return fingerprint([(str(seed), "split", group)])


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


def _first_fit(counts: Integers, targets: Integers) -> list[int]:
    """Return a split for each group: the first that has room for all of it, else training."""
    room = targets[:-1].copy()
    chosen = []
    for row in counts:
        fits = (room >= row).all(1) if len(room) else np.zeros(0, np.bool_)
        split = int(fits.argmax()) if fits.any() else len(room)
        chosen.append(split)
        if split < len(room):
            room[split] -= row
    return chosen


def _totals(counts: Integers, chosen: Sequence[int], splits: int) -> Integers:
    found = np.zeros((splits, counts.shape[1]), np.int64)
    np.add.at(found, np.asarray(chosen, np.int64), counts)
    return found


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


def _improved(counts: Integers, targets: Integers, chosen: Sequence[int]) -> list[int]:
    """Return splits for the groups that miss their parts by little, if there are any.

    No more is changed than that takes, so that the seed decides as much as it can.
    """
    current = list(chosen)
    found = _totals(counts, current, len(targets))
    for _ in range(STEPS):
        if not _misses(found, targets):
            break
        change = max(_changes(counts, targets, current, found), key=lambda item: item.gain)
        if change.gain <= 1e-9:
            break
        source = current[change.group]
        found[source] -= counts[change.group]
        found[change.target] += counts[change.group]
        current[change.group] = change.target
        if change.other is not None:
            found[change.target] -= counts[change.other]
            found[source] += counts[change.other]
            current[change.other] = source
    return current


def _changes(
    counts: Integers, targets: Integers, chosen: Sequence[int], found: Integers
) -> list[_Change]:
    """Return the best move and the best exchange between each two splits."""
    splits = np.asarray(chosen)
    alike = []  # of each split, the first groups of each composition: others change the same
    for split in range(len(targets)):
        inside = np.flatnonzero(splits == split)
        _, first = np.unique(counts[inside], axis=0, return_index=True)
        alike.append(inside[np.sort(first)])
    changes = [_Change(0.0, 0, chosen[0])]
    for source in range(len(targets)):
        for target in range(len(targets)):
            mine, others = alike[source], alike[target]
            if source == target or not len(mine):
                continue
            before = _loss(found[source], targets[source]) + _loss(found[target], targets[target])
            moved = counts[mine]
            after = _loss(found[source] - moved, targets[source]) + _loss(
                found[target] + moved, targets[target]
            )
            best = int(after.argmin())
            changes.append(_Change(float(before - after[best]), int(mine[best]), target))
            if source < target and 0 < len(mine) * len(others) * counts.shape[1] <= PAIRS:
                moved = counts[mine][:, None] - counts[others][None]
                after = _loss(found[source] - moved, targets[source]) + _loss(
                    found[target] + moved, targets[target]
                )
                one, two = divmod(int(after.argmin()), len(others))
                gain = float(before - after[one, two])
                changes.append(_Change(gain, int(mine[one]), target, int(others[two])))
    return changes
