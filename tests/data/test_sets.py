"""Splitting and fingerprints: seeded, stratified, copies together, blind to names."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import COLOURS, paint, paint_set
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import assign_splits, load_set, load_training_set
from tl_catdog.data.split_file import check_unchanged, from_csv, to_csv
from tl_catdog.errors import CatdogError, UsageError


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
        sides = {}
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


def test_a_class_too_small_to_split_is_named(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 5})
    for index in range(1, 5):
        (tmp_path / "bee" / f"{index:03}.png").unlink()
    with pytest.raises(UsageError, match="'bee'"):
        load_training_set(tmp_path)


def test_leaks_are_found(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 2, "validation": 2})
    shutil.copy(tmp_path / "train/ant/000.png", tmp_path / "validation/ant/leak.png")
    assert [leak.name for leak in load_set(tmp_path).leaks()] == ["validation/ant/leak.png"]


def test_the_saved_split_comes_back_with_odd_names(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 2})
    paint(tmp_path / "ant" / 'new\nline, "quoted" ünï.png', COLOURS[0], 50)
    found = load_training_set(tmp_path, validation_fraction=0.5)
    back = from_csv(to_csv(found), tmp_path, found.classes, drawn=False)
    assert back.examples == found.examples
    assert back.fingerprint == found.fingerprint


def test_a_picture_that_changed_since_is_noticed(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 2})
    examples = load_set(tmp_path).examples
    check_unchanged(examples)
    paint(examples[0].path, COLOURS[2], 1)
    with pytest.raises(CatdogError, match="one changed"):
        check_unchanged(examples)
    examples[0].path.unlink()
    with pytest.raises(CatdogError, match="one gone"):
        check_unchanged(examples)


def test_an_unknown_split_lists_those_there_are(tmp_path: Path) -> None:
    paint_set(tmp_path, {"train": 2, "validation": 2})
    with pytest.raises(UsageError, match="train, validation"):
        load_set(tmp_path).split("test")
