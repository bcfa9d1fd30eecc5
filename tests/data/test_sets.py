"""Splitting and fingerprints: seeded, stratified, copies together, blind to names."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint, paint_set
from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.sets import load_set, load_training_set
from tl_catdog.data.split_file import to_csv
from tl_catdog.errors import UsageError
from tl_catdog.files import write_text


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


def test_a_class_too_small_to_split_is_named(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 5})
    for index in range(1, 5):
        (tmp_path / "bee" / f"{index:03}.png").unlink()
    with pytest.raises(UsageError, match="'bee'"):
        load_training_set(tmp_path)
