"""A split holds what it promises, whatever the pictures are called, and a file brings it back."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.audit.test_check import quietly
from tests.conftest import paint_set
from tests.support.copies import CHANGES, near_copy
from tests.support.kills import killed_at
from tests.support.look_alikes import look_alikes
from tl_catdog.audit.check import check
from tl_catdog.audit.split import split_set, write_folders
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.sets import load_set, load_training_set
from tl_catdog.data.split_file import to_csv
from tl_catdog.drawings import draw_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.scratch import sweep


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


@pytest.mark.parametrize("seed", range(3))
def test_the_check_finds_no_leak_in_a_split(seed: int, tmp_path: Path) -> None:
    """Whatever pictures there are: look-alikes, copies of them by chance, broken files."""
    rng = np.random.default_rng(seed)
    root, paths = tmp_path / "set", []
    for kind in ("board", "icon"):
        for number, picture in enumerate(look_alikes(kind, 14, seed)):
            paths.append(root / ("ant", "bee")[number % 2] / f"{kind}{number}.png")
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            picture.save(paths[-1])
    for number in range(24):
        original, change = paths[rng.integers(28)], list(CHANGES)[rng.integers(6)]
        copy = root / ("ant", "bee")[rng.integers(2)] / f"copy{number}.jpg"
        copy.write_bytes(near_copy(original.read_bytes(), change, number))
    (root / "ant" / "broken.jpg").write_bytes(copy.read_bytes()[:400])
    found = split_set(root, validation=0.3, test=0.2, seed=seed)
    assert found.grouped > 20
    write_folders(found.images, tmp_path / "made")
    audit, _ = check(tmp_path / "made", quietly)
    assert audit.of("leak") == ()
    assert len(audit.findings) > 5  # the copies are found, only on one side


def where(root: Path, **options: object) -> dict[str, str]:
    found = split_set(root, validation=0.2, test=0.1, **options)  # type: ignore[arg-type]
    return {example.name: example.split for example in found.images.examples}


def test_near_copies_stay_together_and_each_picture_has_one_split(heap: Path) -> None:
    found = split_set(heap, validation=0.2, test=0.1)
    splits = {example.name: example.split for example in found.images.examples}
    assert len(splits) == 26
    first, second = sorted(path.name for path in heap.glob("cats/*.jpg"))[:2]
    assert splits["cats/twin.jpg"] == splits[f"cats/{first}"]
    assert splits["cats/small.jpg"] == splits[f"cats/{second}"]
    for seed in range(1, 7):
        found_splits = where(heap, seed=seed)
        assert found_splits["cats/small.jpg"] == found_splits[f"cats/{second}"]
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


def test_where_no_links_can_be_made_files_are_copied(
    heap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    found = split_set(heap, validation=0.2, test=0.1).images
    target = heap.with_name("made")
    target.mkdir()  # an empty folder is as good as none
    monkeypatch.setattr(os, "link", refuse)
    assert write_folders(found, target) == 26
    assert load_set(target).fingerprint == found.fingerprint
    assert {path.stat().st_nlink for path in target.rglob("*.jpg")} == {1}


def test_links_lead_to_the_pictures_and_not_to_links(heap: Path) -> None:
    path = sorted(heap.glob("dogs/*"))[0]
    real = path.rename(heap.with_name("real.jpg"))
    path.symlink_to(real)
    found = split_set(heap, validation=0.2, test=0.1).images
    write_folders(found, heap.with_name("made"))
    inode = real.stat().st_ino
    (made,) = [p for p in heap.with_name("made").rglob("*.jpg") if p.stat().st_ino == inode]
    assert not made.is_symlink()


def test_folders_that_cannot_be_written_are_an_error_that_leaves_nothing(heap: Path) -> None:
    found = split_set(heap, validation=0.2, test=0.1).images
    sorted(heap.glob("dogs/*"))[-1].unlink()
    with pytest.raises(CatdogError, match=r"expected pictures that can be read, found .*dogs.*"):
        write_folders(found, heap.with_name("made"))
    assert sorted(path.name for path in heap.parent.iterdir()) == ["drawn", "heap"]


def test_a_full_disk_names_the_place_and_leaves_nothing(
    heap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    found = split_set(heap, validation=0.2, test=0.1).images
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_folders(found, heap.with_name("made"))
    assert Path(caught.value.filename).suffix == ".jpg"
    assert sorted(path.name for path in heap.parent.iterdir()) == ["drawn", "heap"]


def test_a_kill_leaves_nothing_that_the_next_one_does_not_sweep(heap: Path) -> None:
    found = split_set(heap, validation=0.2, test=0.1).images
    target = heap.with_name("made")
    moment = 3
    while killed_at(moment, partial(write_folders, found, target)):
        moment += 7
        sweep(heap.parent, again=True)
        assert sorted(path.name for path in heap.parent.iterdir() if path != target) == [
            "drawn",
            "heap",
        ]
    assert load_set(target).fingerprint == found.fingerprint
    assert moment > 20


def test_what_has_come_meanwhile_stays(heap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = split_set(heap, validation=0.2, test=0.1).images
    target = heap.with_name("made")
    link = os.link

    def late(source: Path, place: Path) -> None:
        link(source, place)
        target.mkdir(exist_ok=True)
        (target / "mine.txt").touch()

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(UsageError, match="is there"):
        write_folders(found, target)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("label", ["../../out", "..", "a/b", "a\0b", "."])
def test_classes_that_no_folder_can_be_called_like_are_refused(heap: Path, label: str) -> None:
    found = split_set(heap, validation=0.2, test=0.1).images
    with pytest.raises(UsageError, match="expected classes that folders can be called like"):
        write_folders(replace(found, classes=(*found.classes, label)), heap.with_name("made"))
    assert sorted(path.name for path in heap.parent.iterdir()) == ["drawn", "heap"]


def test_what_the_split_is_of_is_told(heap: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = split_set(
        heap,
        validation=0.2,
        test=0,
        seed=4,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found.images.layout == "class folders, split by seed 4"
    assert set(found.images.splits) == {"train", "validation"}
    assert seen == [(done, 26) for done in range(1, 27)]


def test_groups_stay_together_with_near_copies_of_any_of_them(heap: Path) -> None:
    for number, path in enumerate(sorted(heap.glob("*/*.jpg"))):
        if path.name not in ("twin.jpg", "small.jpg"):
            path.rename(path.with_name(f"{path.parent.name}{number // 3}_{number}.jpg"))
    how = Labelling(group_by="{group}_{number}")
    for seed in range(4):
        found = split_set(heap, how, validation=0.2, test=0.1, seed=seed)
        sides: dict[str, set[str]] = {}
        for example in found.images.examples:
            sides.setdefault(example.group, set()).add(example.split)
        assert all(len(splits) == 1 for splits in sides.values())
        assert found.images.grouping is not None
        assert found.images.grouping.alone == 2  # the twin and the smaller one
        names = [example.path.name for example in found.images.examples]
        assert set(sides) == {name.split("_")[0] for name in names if "_" in name}
        assert to_csv(found.images).startswith("split,label,sha256,name,group\r\n")


def test_classes_of_a_table_become_folders(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw_set(tmp_path / "drawn", counts={"train": 6, "validation": 1}, size=64, workers=1)
    root.mkdir()
    lines = ["id,breed"]
    for path in sorted((tmp_path / "drawn" / "train").glob("*/*.jpg")):
        path.rename(root / f"{path.parent.name}-{path.name}")
        lines.append(f"{path.parent.name}-{path.stem},of {path.parent.name}")
    (root / "labels.csv").write_text("\n".join(lines))
    found = split_set(root, validation=0.2, test=0.0).images
    write_folders(found, tmp_path / "made")
    assert {path.name for path in (tmp_path / "made" / "train").iterdir()} == {"of cats", "of dogs"}
    assert load_set(tmp_path / "made").fingerprint == found.fingerprint
