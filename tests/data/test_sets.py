"""Splitting and fingerprints: seeded, stratified, copies together, blind to names."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint, paint_set
from tests.support.trees import plant
from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import Example, Grouping, ImageSet
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.sets import divided, load_set, load_training_set
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


def test_what_was_understood_of_names_is_kept(tmp_path: Path) -> None:
    plant(tmp_path, "train/Ant/ 5", "train/bee/ 5", "test/ant/ 1")
    notes = (
        "Folders named 'Ant' and 'ant' are taken for one class, Ant.",
        "There are no pictures of bee in test.",
    )
    assert load_set(tmp_path).notes == notes
    assert load_training_set(tmp_path).notes == notes


@pytest.mark.parametrize("places", [("test/a/ 3", "test/b/ 3"), ("val/a/ 2", "val/b/ 2")])
def test_a_folder_without_pictures_to_train_on_is_refused(
    tmp_path: Path, places: tuple[str, ...]
) -> None:
    root = plant(tmp_path / "my set", *places)
    assert load_set(root).splits
    with pytest.raises(UsageError, match=r"to train on, found (test|validation) only in .*'"):
        load_training_set(root)


def of_patients(root: Path) -> Path:
    """Return a set whose pictures are of six patients in each class, five pictures of each."""
    paint_set(root, {"": 30})
    for path in root.glob("*/*.png"):
        patient = f"{path.parent.name[0]}{int(path.stem) // 5}"
        (path.parent / patient).mkdir(exist_ok=True)
        path.rename(path.parent / patient / path.name)
    return root


def test_groups_stay_on_one_side_and_are_counted(tmp_path: Path) -> None:
    root = of_patients(tmp_path)
    for seed in range(4):
        found = load_training_set(
            root, Labelling(group_by="subfolder"), seed=seed, test_fraction=0.2
        )
        sides: dict[str, str] = {}
        for example in found.examples:
            assert example.group == example.name.split("/")[1]
            assert sides.setdefault(example.group, example.split) == example.split
        assert found.counts() == {
            "train": {"ant": 20, "bee": 20},
            "validation": {"ant": 5, "bee": 5},
            "test": {"ant": 5, "bee": 5},
        }
        assert not found.parted_groups()
    assert found.grouping == Grouping("subfolder", 12, 60, 0)
    without = load_training_set(root)
    assert without.grouping is None
    patients = {(example.name.split("/")[1], example.split) for example in without.examples}
    assert len(patients) > 12


@pytest.mark.parametrize("part", [0.2, None])
def test_a_class_of_one_patient_is_refused_also_where_nothing_is_held_out(
    tmp_path: Path, part: float | None
) -> None:
    root = of_patients(tmp_path)
    for number in range(1, 6):
        shutil.rmtree(root / "bee" / f"b{number}")
    how = Labelling(group_by="subfolder")
    with pytest.raises(UsageError, match=r"'bee' of 2 groups or more.* found 5 of 1 in"):
        load_training_set(root, how, validation_fraction=part)
    assert load_training_set(root, validation_fraction=part).counts()["train"]["bee"] >= 4


def test_identical_pictures_and_near_copies_are_of_one_group_with_what_they_are_of(
    tmp_path: Path,
) -> None:
    root = of_patients(tmp_path)
    shutil.copy(root / "ant" / "a0" / "000.png", root / "ant" / "a1" / "copy.png")

    def near(paths: Sequence[Path]) -> list[int]:
        """Say that the last two patients of bees share a picture."""
        names = [path.name for path in paths]
        return [names.index("020.png") if n == "025.png" and "bee" in str(p) else i
                for i, (n, p) in enumerate(zip(names, paths, strict=True))]  # fmt: skip

    how = Labelling(group_by="subfolder")
    groups = {e.name.split("/")[1]: e.group for e in load_set(root, how).examples}
    assert groups["a0"] == groups["a1"]
    assert len(set(groups.values())) == 11
    linked = {e.name.split("/")[1]: e.group for e in load_set(root, how, find_copies=near).examples}
    assert len(set(linked.values())) == 10
    # Near-copies alone make groups as well, where they are looked for.
    alone = load_set(root, find_copies=near)
    assert alone.grouping is None
    assert len({example.group for example in alone.examples}) == len(alone.examples) - 2


def test_classes_come_from_a_table_or_from_names(tmp_path: Path) -> None:
    plant(tmp_path, *(f"{n % 2}_{n}.png" for n in range(10)))
    by_name = load_training_set(tmp_path, Labelling(pattern="{label}_{number}"))
    assert by_name.classes == ("0", "1")
    assert by_name.layout == "labels from names, {label}_{number}, split by seed 0"
    (tmp_path / "labels.csv").write_text(
        "id,label\n" + "".join(f"{n % 2}_{n},{'xy'[n % 2]}\n" for n in range(10))
    )
    assert load_training_set(tmp_path).counts()["train"] == {"x": 4, "y": 4}


@pytest.mark.parametrize(("each", "held_out"), [(49, 0), (50, 10)])
def test_nothing_is_held_out_where_a_class_would_have_too_few_to_train_on(
    tmp_path: Path, each: int, held_out: int
) -> None:
    """Forty of fifty are left; of forty-nine it would be thirty-nine."""
    plant(tmp_path, "ant/ 60", f"bee/ {each}")
    found = load_training_set(tmp_path, validation_fraction=None)
    counts = found.counts()
    assert counts.get("validation", {}).get("bee", 0) == held_out
    assert counts["train"]["bee"] == each - held_out == found.rarest
    assert ("nothing held out" in found.layout) is (not held_out)
    asked = load_training_set(tmp_path, validation_fraction=0.2)
    assert asked.counts()["validation"]["bee"] == 10


@pytest.mark.parametrize(
    ("each", "test_fraction", "train", "validation"),
    [
        (2, 0.0, 2, 0),
        (3, 0.2, 2, 0),
        (37, 0.2, 30, 0),
        (39, 0.0, 39, 0),
        (40, 0.0, 40, 0),  # enough by themselves, and too few without a fifth
        (49, 0.2, 39, 0),
        (60, 0.2, 48, 0),
        (66, 0.2, 53, 0),
        (67, 0.2, 41, 13),
        (68, 0.2, 40, 14),
    ],
)
def test_where_nothing_is_held_out_pictures_are_few_however_many_are_left(
    each: int, test_fraction: float, train: int, validation: int
) -> None:
    found = split_of(made_up_set(each), test_fraction=test_fraction)
    counts = found.counts()
    assert (found.rarest, counts.get("validation", {}).get("bee", 0)) == (train, validation)
    assert found.few is (validation == 0)


def test_whatever_is_trained_by_gradients_has_pictures_to_choose_by() -> None:
    """The head's hidden units are; a linear model alone isn't."""
    for each in range(2, 130):
        for test_fraction in (0.0, 0.1, 0.2, 0.35, 0.5, 0.7):
            if each == 2 and test_fraction == 0.7:
                continue  # both would be tested on
            found = split_of(made_up_set(each), test_fraction=test_fraction)
            assert found.few or "validation" in found.splits
            assert found.few or found.rarest >= 40


def test_a_part_to_test_on_that_is_not_taken_leaves_as_many_to_validate_on() -> None:
    """A folder called train is no unsplit one: nothing is taken from it for the test."""
    assert split_of(made_up_set(60, "train"), test_fraction=0.2).rarest == 48


def made_up_set(each: int, split: str = "all") -> ImageSet:
    examples = (
        Example(Path(name), name, label, split, name)
        for label in ("ant", "bee")
        for name in (f"{label}{number}" for number in range(each))
    )
    return ImageSet(Path(), "made up", ("ant", "bee"), tuple(examples))


def split_of(images: ImageSet, *, test_fraction: float) -> ImageSet:
    return divided(
        images, seed=0, validation_fraction=None, test_fraction=test_fraction, split_file=None
    )
