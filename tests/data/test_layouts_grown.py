"""Folders of any shape: no picture is lost in silence, and nothing but a refusal is raised."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.trees import plant
from tl_catdog.data.layouts import read_layout
from tl_catdog.errors import UsageError

NAMES = (
    *("train", "test", "val", "train_set", "seg_train", "seg_test", "cats_train", "dogs_test"),
    *("cats", "Cats", "dogs", "a", "b", "images", "masks", "2020", "2021", "unknown", "docs"),
)


def grown(root: Path, rng: random.Random, depth: int = 0) -> None:
    """Make a folder of folders and pictures, as nobody would."""
    root.mkdir()
    for number in range(rng.choice([0, 0, 1, 3])):
        (root / f"{rng.choice(['', 'cat.', 'dog.'])}{number}.jpg").touch()
    if depth < 3:
        for name in rng.sample(NAMES, rng.choice([0, 0, 1, 2, 2, 3])):
            grown(root / name, rng, depth + 1)


@pytest.mark.parametrize(
    ("places", "left_out"),
    [
        (("images/a/ 2", "images/b/ 2", "masks/a/ 2", "x.jxl"), {".jxl": 1}),
        (
            ("train/a/ 2", "train/b/ 2", "images/ 1", "masks/ 2"),
            {"pictures in images beside train": 1},
        ),
        (("a/ 1", "images/ 1", "masks/ 2"), {}),
    ],
)
def test_masks_beside_images_are_counted_at_every_level(
    tmp_path: Path, places: tuple[str, ...], left_out: dict[str, int]
) -> None:
    found = read_layout(plant(tmp_path, *places))
    assert found.left_out == {"pictures in masks beside images": 2, **left_out}


def test_a_folder_named_nearly_like_a_known_class_is_that_of_one(tmp_path: Path) -> None:
    """So that whoever evaluates it is told how to map it."""
    known = ("cats", "dogs")
    found = read_layout(plant(tmp_path / "Cat", "1.jpg"), known)
    assert list(found.splits["all"]) == ["Cat"]
    with pytest.raises(UsageError, match="without a class"):
        read_layout(plant(tmp_path / "heap", "1.jpg"), known)
    with pytest.raises(UsageError, match="found none"):
        read_layout(plant(tmp_path / "cats", "x.txt"), known)
    flat = read_layout(plant(tmp_path / "Dog", "cat.1.jpg"), known)
    assert list(flat.splits["all"]) == ["cat"]


def test_a_test_folder_beside_flat_names_is_left_out(tmp_path: Path) -> None:
    """As the competition's archives lie when both are unpacked into one folder."""
    found = read_layout(plant(tmp_path, "cat.1.jpg", "dog.1.jpg", "test/ 3"))
    assert set(found.splits["all"]) == {"cat", "dog"}
    assert list(found.left_out.values()) == [3]


@pytest.mark.parametrize("seed", range(150))
@pytest.mark.parametrize("known", [(), ("cats", "dogs")])
def test_no_picture_is_lost_or_taken_twice_in_silence(
    tmp_path: Path, seed: int, known: tuple[str, ...]
) -> None:
    """Each is of a split and class or counted as left out; else the folder is refused."""
    grown(tmp_path / "D", random.Random(seed))
    try:
        found = read_layout(tmp_path / "D", known)
    except UsageError:
        return
    taken = [
        path for classes in found.splits.values() for files in classes.values() for path in files
    ]
    left_out = sum(n for what, n in found.left_out.items() if what.startswith("pictures"))
    assert len(set(taken)) == len(taken)
    assert len(taken) + left_out == len(list(tmp_path.rglob("*.jpg")))
