"""What a command says of a set's classes and groups, and of what groups do to accuracy."""

from __future__ import annotations

import shlex

from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.features.group_effect import GroupEffect
from tl_catdog.wording import count, percent, plural, points

WARNED = 3
"""A class of so many times the pictures of another is worth a warning."""


def set_notes(images: ImageSet) -> list[str]:
    """Return a line each for where classes come from and what groups there are."""
    lines = list(images.notes)
    if images.grouping is not None:
        found = images.grouping
        line = (
            f"Groups by {found.by}: {count(found.groups)} of two pictures or more, "
            f"{count(found.grouped)} pictures in them."
        )
        if found.alone:
            line += f" It says nothing of {plural(found.alone, 'picture')}."
        lines.append(line)
    return lines


def parted_line(images: ImageSet) -> str:
    """Return a warning where splits part groups, or nothing.

    Identical pictures are told apart: ``ImageSet.leaks``.
    """
    parted = images.parted_groups()
    identical = {example.name for example in images.leaks()}
    others = [example for example in parted if example.name not in identical]
    if not others or images.grouping is None:
        return ""
    words = ["tl-catdog", "data", "split", str(images.root), "--again"]
    words += ["--group-by", images.grouping.by]
    groups = len({example.group for example in others})
    return (
        f"Warning: train holds others of the groups of {plural(len(others), 'picture')} outside of "
        f"it ({plural(groups, 'group')}), such as {others[0].name}; figures on them flatter. "
        f"To split by groups: {shlex.join(words)}"
    )


def held_out_line(images: ImageSet) -> str:
    """Return that nothing is held out, which happens with few pictures, or nothing."""
    if VALIDATION in images.splits:
        return ""
    rest = "but those to test on " if TEST in images.splits else ""
    return (
        f"Few pictures ({plural(images.rarest, 'picture')} of the rarest class), so all {rest}are "
        "trained on. What is said of them is out-of-fold: from models trained without them."
    )


def unequal_line(config: TrainConfig, images: ImageSet) -> str:
    """Return a warning where classes are so unequal that accuracy says little, or nothing."""
    counts = images.counts()[TRAIN]
    most = max(counts, key=lambda label: counts[label])
    fewest = min(counts, key=lambda label: counts[label])
    if counts[most] < WARNED * counts[fewest] or config.class_weights == "balanced":
        return ""
    words = ["tl-catdog", "train", "--arch", config.arch, "--class-weights", "balanced"]
    if config.data is not None:
        words += ["--data", config.data]
    return (
        f"Warning: unequal classes, from {count(counts[fewest])} pictures ({fewest}) to "
        f"{count(counts[most])} ({most}), so accuracy says little of the rare ones: look at the "
        f"balanced one. To count each class the same, type: {shlex.join(words)}"
    )


def effect_line(found: GroupEffect) -> str:
    """Return by how much accuracy would flatter if splits parted the groups."""
    together, apart = percent(found.together.value), percent(found.apart.value)
    low, high = found.flattery.interval.low, found.flattery.interval.high
    between = f"95 % interval {points(low, '')} to {points(high)}"
    basis = f"a linear probe on {count(found.flattery.n)} pictures of {count(found.groups)} groups"
    if low > 0:
        says = f"accuracy would look {points(found.flattery.value)} too high"
    elif high < 0:
        says = f"accuracy would look {points(-found.flattery.value)} lower"
    else:
        says = "accuracy would look the same within chance"
    return (
        f"If splits parted these groups, {says}: {apart} instead of {together} "
        f"({between}; {basis})."
    )
