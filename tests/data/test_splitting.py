"""Splits: seeded, stratified, groups whole, as close to their parts as groups allow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.groups import united
from tl_catdog.data.splitting import assign_splits

PARTS = {"validation": 0.2, "test": 0.1}


def grouped(examples: Sequence[Example], copies: Sequence[int] | None) -> list[Example]:
    """Return the pictures in groups: those of equal numbers, and identical ones."""
    groups = united([example.digest for example in examples], [""] * len(examples), copies)
    return [replace(e, group=group) for e, group in zip(examples, groups, strict=True)]


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=1, max_size=60),
    copies=st.lists(st.integers(0, 20), min_size=60, max_size=60),
    seed=st.integers(0, 1000),
    part=st.floats(0.05, 0.6),
)
def test_any_split_keeps_copies_together_and_about_the_part(
    labels: list[str], copies: list[int], seed: int, part: float
) -> None:
    examples = [
        Example(Path(str(i)), str(i), label, "all", f"digest{copies[i]}")
        for i, label in enumerate(labels)
    ]
    result = assign_splits(examples, {"validation": part}, seed)
    assert [e.path for e in result] == [e.path for e in examples]
    sides: dict[str, str] = {}
    for example in result:
        assert sides.setdefault(example.digest, example.split) == example.split
    wanted = sum(max(1, round(part * n)) for n in Counter(labels).values())
    largest = max(Counter(e.digest for e in examples).values())
    # What is too much is less than the largest group.
    assert sum(e.split == "validation" for e in result) < wanted + largest


@settings(max_examples=15)
@given(st.data())
def test_groups_stay_whole_and_classes_get_their_parts(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=20, max_size=60))
    labels = [data.draw(st.sampled_from(("ant", "bee"))) for _ in sizes]
    examples, copies = [], []
    for group, (size, label) in enumerate(zip(sizes, labels, strict=True)):
        for member in range(size):
            name = f"{label}/{group}-{member}.png"
            examples.append(Example(Path(name), name, label, "all", f"{group:03}-{member}"))
            copies.append(group)
    seed = data.draw(st.integers(0, 5))
    found = assign_splits(grouped(examples, copies), PARTS, seed)
    assert [item.name for item in found] == [item.name for item in examples]
    splits = {copies[place]: item.split for place, item in enumerate(found)}
    assert all(item.split == splits[copies[place]] for place, item in enumerate(found))
    total = Counter(item.label for item in found)
    counted = Counter((item.split, item.label) for item in found)
    for split, part in PARTS.items():
        for label in total:
            target = min(max(1, round(part * total[label])), total[label] - 1)
            # What is missing or too much is less than the largest group.
            assert abs(counted[split, label] - target) < 4
    shuffled = list(range(len(examples)))
    random.Random(seed).shuffle(shuffled)
    again = assign_splits([grouped(examples, copies)[place] for place in shuffled], PARTS, seed)
    assert {item.name: item.split for item in again} == {i.name: i.split for i in found}


def pictures_of(**counts: int) -> list[Example]:
    """Return so many different pictures of each class."""
    return [
        Example(Path(f"{label}{number}"), f"{label}{number}", label, "all", f"{label}{number:04}")
        for label, count in counts.items()
        for number in range(count)
    ]


def counted(found: Sequence[Example]) -> dict[tuple[str, str], int]:
    return dict(Counter((item.split, item.label) for item in found))


@pytest.mark.parametrize(
    ("count", "validation", "test", "expected"),
    [
        (20, 0.2, 0.1, (14, 4, 2)),
        (10, 0.25, 0.0, (8, 2, 0)),  # 2.5 rounds to 2
        (10, 0.35, 0.0, (6, 4, 0)),  # 3.5 rounds to 4
        (10, 0.01, 0.01, (8, 1, 1)),  # never none of a class
        (3, 0.99, 0.0, (1, 2, 0)),  # never all of a class
        (2, 0.9, 0.0, (1, 1, 0)),
        (1, 0.5, 0.0, (1, 0, 0)),
    ],
)
def test_each_class_gives_each_split_its_part(
    count: int, validation: float, test: float, expected: tuple[int, int, int]
) -> None:
    parts = {"validation": validation, "test": test}
    for seed in range(3):
        found = counted(assign_splits(pictures_of(ant=count, bee=7), parts, seed))
        assert tuple(found.get((s, "ant"), 0) for s in ("train", *parts)) == expected


def test_which_pictures_are_chosen_depends_on_the_seed_alone() -> None:
    examples = pictures_of(ant=40)
    chosen = [
        {
            item.name
            for item in assign_splits(examples, {"validation": 0.5}, seed)
            if item.split != "train"
        }
        for seed in range(4)
    ]
    assert all(len(names) == 20 for names in chosen)
    assert len({frozenset(names) for names in chosen}) == 4
    # Two seeds share about half of what they choose, as chance would have it.
    shared = [len(chosen[a] & chosen[b]) for a in range(4) for b in range(a)]
    assert 6 <= sum(shared) / len(shared) <= 14


@pytest.mark.parametrize(
    ("copies", "expected"),
    [(None, "v---vtv-t-v"), ([0, 1, 0, 3, 4, 1, 6, 7, 6, 9, 10], "v-v-t--t-vv")],
)
def test_a_split_stays_as_earlier_versions_made_it(copies: list[int] | None, expected: str) -> None:
    """Runs of one seed are compared with each other, also across versions."""
    examples = pictures_of(ant=6, bee=5)
    found = assign_splits(grouped(examples, copies), {"validation": 0.3, "test": 0.2}, 7)
    signs = {"train": "-", "validation": "v", "test": "t"}
    assert "".join(signs[item.split] for item in found) == expected


def test_identical_pictures_of_two_classes_stay_together_too() -> None:
    examples = pictures_of(ant=10, bee=10)
    twin = replace(examples[0], name="twin", label="bee")  # and so of its group
    for seed in range(20):
        found = assign_splits([*examples, twin], {"validation": 0.5}, seed)
        assert found[-1].split == found[0].split


def test_groups_of_near_copies_hang_together_with_identical_pictures() -> None:
    """Pictures of one group may have any hash, and those of one hash any group's number."""
    examples = pictures_of(ant=12)
    copies = [0, 0, *range(2, 12)]
    for seed in range(20):
        found = assign_splits(grouped(examples, copies), {"validation": 0.5}, seed)
        assert found[0].split == found[1].split
    alone = [assign_splits(examples, {"validation": 0.5}, seed) for seed in range(20)]
    assert {found[0].split == found[1].split for found in alone} == {True, False}


def test_a_group_that_fits_nowhere_else_goes_to_training() -> None:
    copies = [0] * 5 + list(range(5, 20))
    parts = {"validation": 0.2, "test": 0.1}
    for seed in range(10):
        found = assign_splits(grouped(pictures_of(ant=20), copies), parts, seed)
        assert {item.split for item in found[:5]} == {"train"}
        assert counted(found) == {
            ("train", "ant"): 14,
            ("validation", "ant"): 4,
            ("test", "ant"): 2,
        }


def test_a_group_too_large_for_one_split_goes_to_another() -> None:
    parts = {"test": 0.1, "validation": 0.4}
    copies = [0] * 5 + list(range(5, 20))
    splits = {
        assign_splits(grouped(pictures_of(ant=20), copies), parts, seed)[0].split
        for seed in range(10)
    }
    assert splits == {"train", "validation"}


def test_pictures_that_cannot_be_read_are_split_one_by_one() -> None:
    examples = [replace(item, digest=UNREADABLE, group="") for item in pictures_of(ant=20)]
    found = counted(assign_splits(examples, {"validation": 0.3}, 0))
    assert found == {("train", "ant"): 14, ("validation", "ant"): 6}


def in_groups(sizes: Sequence[int], label: str = "ant", start: int = 0) -> list[Example]:
    """Return pictures of one class in groups of these sizes."""
    return [
        Example(Path(f"{g}-{n}"), f"{g}-{n}", label, "all", f"{label}{g}-{n}", f"{label} {g}")
        for g, size in enumerate(sizes, start)
        for n in range(size)
    ]


def sides(found: Sequence[Example]) -> dict[str, str]:
    """Return each group's split, having seen that it has one only."""
    splits: dict[str, str] = {}
    for example in found:
        assert splits.setdefault(example.group, example.split) == example.split
    return splits


def test_groups_larger_than_a_split_should_be_still_give_each_split_one() -> None:
    """Four patients of fifty pictures, of which a fifth, forty, are to be kept for validation."""
    chosen = []
    for seed in range(12):
        examples = in_groups([50] * 4) + in_groups([50] * 4, "bee")
        found = assign_splits(examples, {"validation": 0.2}, seed)
        assert counted(found) == {
            ("train", "ant"): 150, ("validation", "ant"): 50,
            ("train", "bee"): 150, ("validation", "bee"): 50,
        }  # fmt: skip
        chosen.append(next(g for g, s in sides(found).items() if s != "train" and "ant" in g))
    assert len(set(chosen)) == 4  # the seed decides which patient it is


def test_each_split_gets_every_class_if_there_are_groups_enough() -> None:
    for seed in range(10):
        examples = in_groups([40, 30, 50]) + in_groups([90, 5, 5], "bee")
        found = assign_splits(examples, PARTS, seed)
        assert set(sides(found).values()) == {"train", "validation", "test"}
        assert len(counted(found)) == 6


def test_groups_of_several_classes_stay_whole_and_classes_balanced() -> None:
    rng = random.Random(0)
    for seed in range(5):
        examples = [
            Example(Path(f"{g}-{n}"), f"{g}-{n}", rng.choice("xyz"), "all", f"{g}-{n}", f"p{g}")
            for g in range(60)
            for n in range(rng.randint(1, 20))
        ]
        found = assign_splits(examples, PARTS, seed)
        sides(found)
        total = Counter(example.label for example in found)
        for (split, label), number in counted(found).items():
            part = PARTS.get(split, 0.7)
            assert abs(number / total[label] - part) < 0.03


def test_splits_come_as_close_to_their_parts_as_groups_allow() -> None:
    """Of all ways to part seven groups none is closer, or a part is missed by less than a tenth."""
    for seed in range(20):
        rng = random.Random(seed)
        sizes = [rng.randint(1, 30) for _ in range(7)]
        total = sum(sizes)
        found = assign_splits(in_groups(sizes), {"validation": 0.3}, seed)
        got = sum(example.split == "validation" for example in found)
        every = [
            sum(size for place, size in enumerate(sizes) if bits >> place & 1)
            for bits in range(1, 2**7 - 1)
        ]
        target = round(0.3 * total)
        best = min(abs(some - target) for some in every)
        assert abs(got - target) <= max(best + 1, 0.1 * target)


def test_one_group_of_a_class_goes_to_training() -> None:
    examples = in_groups([30]) + in_groups([1] * 30, "bee")
    found = counted(assign_splits(examples, {"validation": 0.2}, 0))
    assert found["train", "ant"] == 30
    assert ("validation", "ant") not in found
    assert found["validation", "bee"] == 6


def test_moving_groups_depends_on_them_and_the_seed_alone() -> None:
    examples = in_groups([13, 40, 7, 25, 31, 9]) + in_groups([22, 18, 5, 33], "bee")
    first = assign_splits(examples, PARTS, 3)
    shuffled = list(examples)
    random.Random(1).shuffle(shuffled)
    again = {item.name + item.label: item.split for item in assign_splits(shuffled, PARTS, 3)}
    assert again == {item.name + item.label: item.split for item in first}
    others = [sides(assign_splits(examples, PARTS, seed)) for seed in range(9)]
    assert len({tuple(sorted(found.items())) for found in others}) > 1
