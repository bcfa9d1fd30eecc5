"""Which member of an archive becomes which file of a class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fetch_sets import Files, Shop, tarred, zipped
from tl_catdog.data.folders import scan
from tl_catdog.errors import CatdogError
from tl_catdog.fetch.archive import Bounds
from tl_catdog.fetch.archive_streams import ArchiveError
from tl_catdog.fetch.catalogue import FULL
from tl_catdog.fetch.layouts import by_name, is_image, oxford
from tl_catdog.files import SET_RECORD


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("0.jpg", True),
        ("0.JPG", True),
        ("0.jpeg", True),
        ("a.b.jpg", True),
        ("0.png", False),
        ("0.jpg.txt", False),
        ("0jpg", False),
        (".0.jpg", False),
        ("._0.jpg", False),
        (".jpg", False),
        ("Thumbs.db", False),
        ("", False),
    ],
)
def test_pictures_are_told_by_their_names(name: str, fits: bool) -> None:
    assert is_image(name) is fits


def test_names_tell_split_class_and_file() -> None:
    layout = by_name(r"(?P<split>a|b)/(?P<label>cat|DOG)s/(?P<file>[^/]+)")
    plan = layout([Path("first.zip"), Path("second.zip")], Bounds())
    assert plan.archive == Path("first.zip")
    assert plan.path_of("a/cats/0.jpg") == "a/cats/0.jpg"
    assert plan.path_of("b/DOGs/0.JPG") == "b/dogs/0.JPG"
    for other in (
        "a/cats/.0.jpg",
        "a/cats/0.png",
        "a/cats/0.jpg/",
        "x/a/cats/0.jpg",
        "c/cats/0.jpg",
    ):
        assert plan.path_of(other) is None


def test_a_set_without_splits_has_classes_alone() -> None:
    plan = by_name(r"(?P<file>(?P<label>cat|dog)\..*)")([Path("only.zip")], Bounds())
    assert plan.path_of("dog.7.jpg") == "dogs/dog.7.jpg"


def test_the_full_set_has_no_split_and_no_thumbs(shop: Shop) -> None:
    files: Files = {
        "PetImages/Cat/0.jpg": b"cat",
        "PetImages/Dog/0.jpg": b"dog",
        "PetImages/Cat/Thumbs.db": b"",
        "readme[1].txt": b"",
    }
    made = shop.source(zipped(files), name=FULL.archives[0].name)
    shop.get(replace(FULL, archives=made.archives, images=2, room=10))
    assert scan(shop.into / "full").layout == "class folders"
    names = {path.name for path in (shop.into / "full").rglob("*") if path.is_file()}
    assert names == {"0.jpg", SET_RECORD}


def lists(folder: Path, trainval: str, test: str = "") -> list[Path]:
    """Return the archives of Oxford-IIIT Pet with such lists; the pictures aren't read."""
    files = {"annotations/trainval.txt": trainval, "annotations/test.txt": test}
    path = folder / "annotations.tar.gz"
    path.write_bytes(tarred({name: text.encode() for name, text in files.items()}))
    return [folder / "images.tar.gz", path]


def test_lists_tell_the_split_and_the_species(tmp_path: Path) -> None:
    trainval = "#Image CLASS-ID SPECIES BREED ID\nAbyssinian_1 1 1 1\n\nbeagle_1 15 2 1\n"
    archives = lists(tmp_path, trainval, "beagle_2 2 2 1")
    plan = oxford(archives, Bounds())
    assert plan.archive == archives[0]
    assert plan.path_of("images/Abyssinian_1.jpg") == "train/cats/Abyssinian_1.jpg"
    assert plan.path_of("images/beagle_1.jpg") == "train/dogs/beagle_1.jpg"
    assert plan.path_of("images/beagle_2.jpg") == "test/dogs/beagle_2.jpg"
    for other in (
        "images/beagle_9.jpg",
        "images/beagle_1.mat",
        "beagle_1.jpg",
        "images/#Image.jpg",
    ):
        assert plan.path_of(other) is None


@pytest.mark.parametrize(
    "line", ["beagle_1 2 2", "beagle_1 2 2 1 1", "beagle_1 2 3 1", "beagle_1 1 0 1", "../a 2 2 1"]
)
def test_other_lines_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(CatdogError) as caught:
        oxford(lists(tmp_path, "Abyssinian_1 1 1 1", line), Bounds())
    text = caught.value.message
    assert f"in annotations/test.txt of annotations.tar.gz, found {line!r}" in text
    assert caught.value.hint == "Get the archive anew."


def test_a_long_line_is_not_told_whole(tmp_path: Path) -> None:
    with pytest.raises(CatdogError) as caught:
        oxford(lists(tmp_path, "a" * 5_000), Bounds())
    assert f"found '{'a' * 60}'." in caught.value.message


def test_bounds_hold_for_the_lists_too(tmp_path: Path) -> None:
    archives = lists(tmp_path, "Abyssinian_1 1 1 1")
    oxford(archives, Bounds(each=18))
    with pytest.raises(ArchiveError, match="at most 17 bytes"):
        oxford(archives, Bounds(each=17))
