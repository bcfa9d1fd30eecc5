"""A split holds what it promises, whatever the pictures are called, and a file brings it back."""

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import paint_set
from tests.support.copies import near_copy
from tl_catdog.audit.split import split_set, write_folders
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import assign_splits, load_set, load_training_set
from tl_catdog.data.split_file import apply_split, to_csv
from tl_catdog.drawings import draw_set
from tl_catdog.errors import CatdogError, UsageError

PARTS = {"validation": 0.2, "test": 0.1}


@pytest.fixture
def heap(tmp_path: Path) -> Path:
    """Drawings without splits, one of them twice, one of them also smaller."""
    draw_set(tmp_path / "drawn", counts={"train": 12, "validation": 1}, size=128, workers=1)
    root = tmp_path / "heap"
    (tmp_path / "drawn" / "train").rename(root)
    first, second = sorted(root.glob("cats/*"))[:2]
    (root / "cats" / "twin.jpg").write_bytes(first.read_bytes())
    (root / "cats" / "small.jpg").write_bytes(near_copy(second.read_bytes(), "smaller"))
    return root


def where(root: Path, **options: object) -> dict[str, str]:
    found = split_set(root, validation=0.2, test=0.1, **options)  # type: ignore[arg-type]
    return {example.name: example.split for example in found.images.examples}


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


def test_near_copies_stay_together_and_each_picture_has_one_split(heap: Path) -> None:
    found = split_set(heap, validation=0.2, test=0.1)
    splits = {example.name: example.split for example in found.images.examples}
    assert len(splits) == 26
    first, second = sorted(path.name for path in heap.glob("cats/*.jpg"))[:2]
    assert splits["cats/twin.jpg"] == splits[f"cats/{first}"]
    assert splits["cats/small.jpg"] == splits[f"cats/{second}"]
    assert (found.groups, found.grouped) == (2, 4)
    counts = found.images.counts()
    assert counts["validation"]["dogs"] == 2
    assert counts["test"]["dogs"] == 1


def test_the_seed_decides_and_names_do_not_matter(heap: Path) -> None:
    before = where(heap)
    assert where(heap) == before
    assert any(where(heap, seed=seed) != before for seed in (1, 2, 3))
    for path in sorted(heap.glob("dogs/*")):
        path.rename(path.with_name(f"z{path.name}"))
    renamed = {name.replace("dogs/z", "dogs/"): split for name, split in where(heap).items()}
    assert renamed == before


def test_a_file_brings_the_split_back_after_renaming_and_moving(heap: Path) -> None:
    found = split_set(heap, validation=0.2, test=0.1).images
    file = heap.with_name("heap.split.csv")
    file.write_text(to_csv(found))
    moved = heap.rename(heap.with_name("elsewhere"))
    for path in sorted(moved.glob("dogs/*")):
        path.rename(path.with_name(f"z{path.name}"))
    (moved / "dogs" / "new.jpg").write_bytes(
        near_copy(next(moved.glob("dogs/*")).read_bytes(), "brighter")
    )
    loaded = load_training_set(moved, split_file=file)
    assert loaded.fingerprint == found.fingerprint
    assert loaded.ignored == {"pictures that heap.split.csv doesn't name": 1}
    assert loaded.layout == "split by heap.split.csv"


def test_a_picture_that_is_gone_or_changed_is_named(heap: Path) -> None:
    file = heap.with_name("heap.split.csv")
    file.write_text(to_csv(split_set(heap, validation=0.2, test=0.1).images))
    gone = sorted(heap.glob("dogs/*"))[3]
    gone.unlink()
    with pytest.raises(CatdogError, match=rf"found dogs/{gone.name} gone or changed"):
        apply_split(load_set(heap), file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n", "found a, b"),
        ("", "found nothing"),
        ("split,label,sha256,name\nholiday,cats,00,x.jpg\n", "found 'holiday'"),
        ("split,label,sha256,name\ntrain,cats\n", "in line 2"),
    ],
)
def test_what_is_no_split_file_is_refused(heap: Path, text: str, problem: str) -> None:
    file = heap.with_name("mine.csv")
    file.write_text(text)
    with pytest.raises(UsageError, match=problem):
        apply_split(load_set(heap), file)
    with pytest.raises(UsageError, match="can't be read"):
        apply_split(load_set(heap), heap)


def test_a_set_that_is_split_is_only_merged_when_told_to(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"train": 8, "validation": 4})
    with pytest.raises(UsageError, match="--again"):
        split_set(root, validation=0.2, test=0.1)
    found = split_set(root, validation=0.25, test=0, again=True).images
    assert found.counts() == {
        "train": {"ant": 9, "bee": 9},
        "validation": {"ant": 3, "bee": 3},
    }


def test_a_class_that_is_too_small_is_refused(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 2})
    with pytest.raises(UsageError, match="enough different pictures of 'ant'"):
        split_set(root, validation=0.3, test=0.3)


def test_folders_are_links_to_the_same_files_and_names_do_not_collide(heap: Path) -> None:
    (heap / "cats" / "below").mkdir()
    path = sorted(heap.glob("dogs/*"))[0]
    path.rename(heap / "cats" / "below" / "twin.jpg")
    found = split_set(heap, validation=0.2, test=0.1).images
    target = heap.with_name("made")
    assert write_folders(found, target) == 0
    made = sorted(target.rglob("*.jpg"))
    assert len(made) == len(found.examples)
    assert {path.stat().st_ino for path in made} == {
        example.path.stat().st_ino for example in found.examples
    }
    assert load_set(target).fingerprint == found.fingerprint
    with pytest.raises(UsageError, match="is there"):
        write_folders(found, target)
    assert not list(heap.parent.glob(".made*"))
