"""Very many pictures in columns: whatever is asked, the answer is that of the same as a tuple."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tl_catdog.data.columns import Digests, Texts
from tl_catdog.data.digest import EMPTY, UNREADABLE
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.packed import (
    Example,
    Packed,
    column,
    joined,
    relabelled,
    split_as,
    taken,
    values,
)
from tl_catdog.data.split_file import to_csv
from tl_catdog.data.splitting import assign_splits

ROLES = (TRAIN, VALIDATION, TEST, UNSPLIT)
CLASSES = ("bee", "ant", "bee")  # two spellings of one


def pair(*, roles: tuple[str, ...], grouped: bool = False) -> tuple[tuple[Example, ...], Packed]:
    """Return the same pictures twice, as they are and packed; some are copies, some broken."""
    draw = random.Random(len(roles))
    contents = [UNREADABLE, EMPTY, *(f"{draw.getrandbits(256):064x}" for _ in range(60))]
    names, digests, plain = Texts(), Digests(), []
    labels, splits, groups = [], [], []
    for number in range(150):
        name, digest = f"one/{number}.jpg", draw.choice(contents)
        names.add([name])
        digests.add([digest])
        labels.append(draw.randrange(len(CLASSES)))
        splits.append(ROLES.index(draw.choice(roles)))
        groups.append(f"group {draw.randrange(20)}")
        label, split = CLASSES[labels[-1]], ROLES[splits[-1]]
        group = groups[-1] if grouped else ""
        plain.append(Example(Path("/set") / name, name, label, split, digest, group))
    packed = Packed(
        Path("/set"), names, digests, np.arange(150), np.array(labels, np.int32), CLASSES,
        np.array(splits, np.int8), ROLES, np.array(groups, object) if grouped else None,
    )  # fmt: skip
    return tuple(plain), packed


def as_set(examples: Any) -> ImageSet:
    return ImageSet(Path("/set"), "", ("ant", "bee"), examples)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("roles", [(UNSPLIT,), (TRAIN, VALIDATION), ROLES[:3]])
def test_a_set_says_the_same_of_them(roles: tuple[str, ...], grouped: bool) -> None:
    plain, packed = pair(roles=roles, grouped=grouped)
    assert packed == plain
    assert list(packed) == list(plain)
    one, other = as_set(plain), as_set(packed)
    assert other.fingerprint == one.fingerprint
    assert (other.splits, other.counts(), other.rarest) == (one.splits, one.counts(), one.rarest)
    assert other.leaks() == one.leaks()
    assert other.parted_groups() == one.parted_groups()
    assert to_csv(other) == to_csv(one)
    for split in one.splits:
        assert isinstance(other.split(split), Packed)
        assert other.split(split) == one.split(split)
    parts = {"validation": 0.2, "test": 0.1}
    found = assign_splits(packed, parts, 3)
    assert isinstance(found, Packed)
    assert found == assign_splits(plain, parts, 3)


def test_pictures_are_taken_by_their_places() -> None:
    plain, packed = pair(roles=(TRAIN,))
    assert (packed[3], packed[-1]) == (plain[3], plain[-1])
    assert list(packed[2:9:3]) == list(plain[2:9:3])
    with pytest.raises(IndexError):
        packed[150]
    places = np.array([7, 1])
    assert taken(packed, places) == taken(plain, places) == (plain[7], plain[1])
    names = values(packed, "name")
    assert names == values(plain, "name")
    assert (names[-1], list(names[3:5])) == ("one/149.jpg", ["one/3.jpg", "one/4.jpg"])
    assert packed != plain[:-1]
    assert packed != "pictures"
    changed = replace(plain[0], label="ant", group="other")
    assert packed != (changed, *plain[1:])


def test_parts_are_joined_and_stay_packed_where_they_can() -> None:
    plain, packed = pair(roles=(TRAIN, TEST))
    one = packed[:50]
    other = split_as(packed[50:], np.zeros(100, np.int8), ("validation",))
    both = joined([one, other])

    assert both == (*one, *other)
    assert isinstance(joined([one, packed[50:]]), Packed)
    assert joined([one, plain[50:]]) == plain
    assert set(column(other, "split")) == {"validation"}


@pytest.mark.parametrize("to", [{"ant": "cat", "bee": ""}, {"ant": "bee", "bee": "ant"}])
def test_classes_get_other_names_or_are_left_out(to: dict[str, str]) -> None:
    plain, packed = pair(roles=(UNSPLIT,))
    found = relabelled(packed, to)
    assert isinstance(found, Packed)
    assert found == relabelled(plain, to)
