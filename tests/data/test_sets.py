"""Splitting and fingerprints: seeded, stratified, copies together, blind to names."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import COLOURS, paint, paint_set
from tl_catdog.data.digest import UNREADABLE, file_digest
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.sets import assign_splits, load_set, load_training_set
from tl_catdog.data.split_file import to_csv
from tl_catdog.errors import UsageError
from tl_catdog.files import write_text

PARTS = {"validation": 0.2, "test": 0.1}


def test_a_folder_is_loaded_with_every_pictures_role_and_hash(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 1, "test": 1})
    (tmp_path / "test" / "bee" / "notes.txt").touch()
    found = load_set(tmp_path)
    assert found == ImageSet(
        root=tmp_path,
        layout="split folders",
        classes=("ant", "bee"),
        examples=tuple(
            Example(path, name, label, split, file_digest(path))
            for split in ("train", "test")
            for label in ("ant", "bee")
            for name in [f"{split}/{label}/000.png"]
            for path in [tmp_path / name]
        ),
        ignored={".txt": 1},
        drawn=False,
    )
    assert load_set(tmp_path, drawn=True).drawn


def test_a_folder_is_split_as_it_is_asked_for(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 10})
    plain = load_training_set(tmp_path)
    assert plain == load_training_set(tmp_path, seed=0, validation_fraction=0.2, test_fraction=0)
    assert plain.counts()["validation"] == {"ant": 2, "bee": 2}
    assert set(plain.splits) == {"train", "validation"}
    assert (plain.root, plain.drawn) == (tmp_path, False)
    assert plain.layout == "class folders, split by seed 0"
    other = load_training_set(tmp_path, seed=3, test_fraction=0.1, drawn=True)
    assert (other.layout, other.drawn) == ("class folders, split by seed 3", True)
    file = tmp_path / "split.csv"
    write_text(file, to_csv(other))
    again = load_training_set(tmp_path, split_file=file)
    assert again.fingerprint == other.fingerprint != plain.fingerprint


def test_a_file_goes_before_the_splits_of_the_folders(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 2, "validation": 2})
    loaded = load_set(tmp_path)
    swap = {"train": "validation", "validation": "train"}
    swapped = [replace(item, split=swap[item.split]) for item in loaded.examples]
    file = tmp_path / "split.csv"
    write_text(file, to_csv(replace(loaded, examples=tuple(swapped))))
    found = load_training_set(tmp_path, split_file=file)
    assert [item.split for item in found.examples] == [item.split for item in swapped]


def test_given_splits_are_taken_as_they_are(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 3, "val": 2, "test": 1})
    found = load_training_set(tmp_path, seed=5)
    assert found.counts() == {
        "train": {"ant": 3, "bee": 3},
        "validation": {"ant": 2, "bee": 2},
        "test": {"ant": 1, "bee": 1},
    }


def test_an_unsplit_folder_is_split_stratified_by_the_seed(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 20})
    for index in range(10):
        paint(tmp_path / "bee" / f"more{index}.png", COLOURS[1], 900 + index)
    found = load_training_set(tmp_path, seed=1, validation_fraction=0.2, test_fraction=0.1)
    assert found.counts() == {
        "train": {"ant": 14, "bee": 21},
        "validation": {"ant": 4, "bee": 6},
        "test": {"ant": 2, "bee": 3},
    }
    again = load_training_set(tmp_path, seed=1, validation_fraction=0.2, test_fraction=0.1)
    assert found.fingerprint == again.fingerprint
    assert found.fingerprint != load_training_set(tmp_path, seed=2).fingerprint


def test_train_without_validation_gives_a_part_of_itself_and_test_stays(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 10, "test": 4})
    counts = load_training_set(tmp_path).counts()
    assert counts["validation"] == {"ant": 2, "bee": 2}
    assert counts["test"] == {"ant": 4, "bee": 4}


def test_identical_files_stay_on_one_side(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 12})
    for index in range(12):
        shutil.copy(tmp_path / "ant" / f"{index:03}.png", tmp_path / "ant" / f"copy{index}.png")
    for seed in range(5):
        found = load_training_set(tmp_path, seed=seed)
        sides: dict[str, str] = {}
        for example in found.examples:
            assert sides.setdefault(example.digest, example.split) == example.split
        assert not found.leaks()


def test_names_and_places_dont_change_a_split_or_a_fingerprint(tmp_path: Path) -> None:
    paint_set(tmp_path / "one", {"": 9})
    (tmp_path / "two").mkdir()
    for label in ("ant", "bee"):
        (tmp_path / "two" / label).mkdir()
        for path in (tmp_path / "one" / label).iterdir():
            name = f"renamed{97 - int(path.stem)}.png"
            shutil.copy(path, tmp_path / "two" / label / name)
    one, two = load_training_set(tmp_path / "one"), load_training_set(tmp_path / "two")
    assert one.fingerprint == two.fingerprint
    assert {e.digest: e.split for e in one.examples} == {e.digest: e.split for e in two.examples}


@pytest.mark.parametrize("change", ["pixel", "label", "split", "missing"])
def test_a_fingerprint_changes_with_the_data(tmp_path: Path, change: str) -> None:
    paint_set(tmp_path, {"train": 3, "validation": 3})
    before = load_set(tmp_path).fingerprint
    victim = tmp_path / "train" / "ant" / "000.png"
    if change == "pixel":
        paint(victim, COLOURS[0], 12345)
    elif change == "label":
        victim.rename(tmp_path / "train" / "bee" / "x.png")
    elif change == "split":
        victim.rename(tmp_path / "validation" / "ant" / "x.png")
    else:
        victim.unlink()
    assert load_set(tmp_path).fingerprint != before


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
    assert sum(e.split == "validation" for e in result) <= sum(
        max(1, round(part * n)) for n in Counter(labels).values()
    )


@settings(max_examples=60)
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
    found = assign_splits(examples, PARTS, seed, copies)
    assert [item.name for item in found] == [item.name for item in examples]
    splits = {copies[place]: item.split for place, item in enumerate(found)}
    assert all(item.split == splits[copies[place]] for place, item in enumerate(found))
    total = Counter(item.label for item in found)
    counted = Counter((item.split, item.label) for item in found)
    for split, part in PARTS.items():
        for label in total:
            target = min(max(1, round(part * total[label])), total[label] - 1)
            assert counted[split, label] <= target
            # What is missing is too little for the largest group.
            assert target - counted[split, label] < 4
    shuffled = list(range(len(examples)))
    random.Random(seed).shuffle(shuffled)
    again = assign_splits(
        [examples[place] for place in shuffled], PARTS, seed, [copies[p] for p in shuffled]
    )
    assert {item.name: item.split for item in again} == {i.name: i.split for i in found}


def pictures_of(**counts: int) -> list[Example]:
    """Return so many different pictures of each class."""
    return [
        Example(Path(f"{label}{number}"), f"{label}{number}", label, "all", f"{label}{number:04}")
        for label, count in counts.items()
        for number in range(count)
    ]


def counted(found: list[Example]) -> dict[tuple[str, str], int]:
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
    found = assign_splits(examples, {"validation": 0.3, "test": 0.2}, 7, copies)
    signs = {"train": "-", "validation": "v", "test": "t"}
    assert "".join(signs[item.split] for item in found) == expected


def test_identical_pictures_of_two_classes_stay_together_too() -> None:
    examples = pictures_of(ant=10, bee=10)
    twin = replace(examples[0], name="twin", label="bee")
    for seed in range(20):
        found = assign_splits([*examples, twin], {"validation": 0.5}, seed)
        assert found[-1].split == found[0].split


def test_groups_of_near_copies_hang_together_with_identical_pictures() -> None:
    """Pictures of one group may have any hash, and those of one hash any group's number."""
    examples = pictures_of(ant=12)
    copies = [0, 0, *range(2, 12)]
    for seed in range(20):
        found = assign_splits(examples, {"validation": 0.5}, seed, copies)
        assert found[0].split == found[1].split
    alone = [assign_splits(examples, {"validation": 0.5}, seed, range(12)) for seed in range(20)]
    assert {found[0].split == found[1].split for found in alone} == {True, False}


def test_a_group_that_fits_nowhere_else_goes_to_training() -> None:
    copies = [0] * 5 + list(range(5, 20))
    parts = {"validation": 0.2, "test": 0.1}
    for seed in range(10):
        found = assign_splits(pictures_of(ant=20), parts, seed, copies)
        assert {item.split for item in found[:5]} == {"train"}
        assert counted(found) == {
            ("train", "ant"): 14,
            ("validation", "ant"): 4,
            ("test", "ant"): 2,
        }


def test_a_group_too_large_for_one_split_goes_to_another() -> None:
    parts = {"test": 0.1, "validation": 0.4}
    splits = {
        assign_splits(pictures_of(ant=20), parts, seed, [0] * 5 + list(range(5, 20)))[0].split
        for seed in range(10)
    }
    assert splits == {"train", "validation"}


def test_pictures_that_cannot_be_read_are_split_one_by_one() -> None:
    examples = [replace(item, digest=UNREADABLE) for item in pictures_of(ant=20)]
    found = counted(assign_splits(examples, {"validation": 0.3}, 0))
    assert found == {("train", "ant"): 14, ("validation", "ant"): 6}


def test_a_class_too_small_to_split_is_named(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 5})
    for index in range(1, 5):
        (tmp_path / "bee" / f"{index:03}.png").unlink()
    with pytest.raises(UsageError, match="'bee'"):
        load_training_set(tmp_path)
