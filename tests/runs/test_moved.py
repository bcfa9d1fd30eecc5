"""Pictures of a run that were moved and renamed: found again by their hashes, in their splits."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.made_up import made_up_run
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_set, load_training_set
from tl_catdog.errors import CatdogError
from tl_catdog.runs.contents import data_root, own_images, with_data
from tl_catdog.runs.moved import found_again, moved_root, with_own_splits


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    return load_training_set(paint_set(tmp_path / "set", {"": 10}))


def test_a_folder_of_the_same_pictures_is_found_where_theirs_is_gone(
    tmp_path: Path, images: ImageSet
) -> None:
    other = paint_set(tmp_path / "other" / "set", {"train": 3})
    new = tmp_path / "new" / "set"
    assert moved_root(images, [other]) == images.root
    shutil.copytree(images.root, new)
    assert moved_root(images, [new]) == images.root, "nothing is gone"
    images.root.rename(tmp_path / "away")
    assert moved_root(images, [tmp_path / "nowhere", other, new]) == new
    assert moved_root(images, [other]) == images.root


@pytest.mark.parametrize("beside", ["runs", "here"])
def test_a_run_finds_its_folder_beside_its_own_or_where_commands_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: str
) -> None:
    data = paint_set(tmp_path / "old" / "set", {"train": 2, "validation": 3, "test": 1})
    run = made_up_run(data, tmp_path / "project" / "models")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    new = tmp_path / ("project" if beside == "runs" else "here") / "set"
    data.rename(new)
    found = own_images(run)
    assert found.root == data_root(run) == new
    assert all(example.path.is_file() for example in found.examples)
    assert {example.name for example in found.examples} == {
        example.path.relative_to(new).as_posix() for example in found.examples
    }


def test_a_named_folder_stands_for_that_of_the_run(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 1})
    run = made_up_run(data, tmp_path / "models")
    data.rename(tmp_path / "elsewhere")
    assert own_images(run).root == data
    moved = with_data(run, tmp_path / "elsewhere")
    assert all(example.path.is_file() for example in own_images(moved).examples)


def test_renamed_pictures_are_found_by_their_bytes(images: ImageSet) -> None:
    first, second = images.examples[:2]
    target = images.root / "deeper" / "renamed.png"
    target.parent.mkdir()
    first.path.rename(target)
    found = found_again(images.examples, images.root)
    assert found[0] == replace(first, path=target)
    assert found[1:] == images.examples[1:]
    second.path.write_bytes(b"other bytes")
    with pytest.raises(CatdogError, match="found one changed") as caught:
        found_again(images.examples, images.root)
    assert str(second.path) in str(caught.value)


def test_an_unsplit_folder_of_a_runs_pictures_gets_its_splits(
    tmp_path: Path, images: ImageSet
) -> None:
    moved = tmp_path / "moved"
    for number, example in enumerate(images.examples):
        (moved / example.label).mkdir(parents=True, exist_ok=True)
        shutil.copy(example.path, moved / example.label / f"{number}.png")
    paint_set(tmp_path / "more", {"train": 1, "validation": 30})
    shutil.copy(max((tmp_path / "more").rglob("*.png")), moved / images.classes[0] / "unknown.png")
    found = with_own_splits(load_set(moved), images.examples, "mine")
    expected = Counter((item.digest, item.split) for item in images.examples)
    assert Counter((item.digest, item.split) for item in found.split("validation")) <= expected
    assert len(found.split("validation")) == len(images.split("validation"))
    assert len(found.split("train")) == len(images.split("train"))
    assert [item.path.name for item in found.split("all")] == ["unknown.png"]
    assert found.notes[-1] == (
        "These are the pictures of mine, by their hashes, so its own splits are used; 1 other "
        "left out, --split all takes all."
    )


def test_another_set_that_shares_a_few_pictures_is_taken_as_it_is(
    tmp_path: Path, images: ImageSet
) -> None:
    other = paint_set(tmp_path / "other", {"": 3})
    for path in other.rglob("*.png"):
        path.write_bytes(path.read_bytes() + b"\0")  # other bytes, the same picture
    shutil.copy(images.examples[0].path, other / images.classes[0] / "shared.png")
    loaded = load_set(other)
    assert with_own_splits(loaded, images.examples, "mine") is loaded
    split = load_set(paint_set(tmp_path / "split", {"train": 10, "validation": 2}))
    assert with_own_splits(split, images.examples, "mine") is split
