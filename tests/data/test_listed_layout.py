"""The layout of what is listed at an address is that of a folder with the same names."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tl_catdog.data.folders import UNSPLIT, scan
from tl_catdog.data.listed_layout import ListedFolders
from tl_catdog.errors import UsageError
from tl_catdog.storage.places import Place


def pictures(*folders: str, named: str = "{}.jpg") -> list[str]:
    return [f"{folder}/{named.format(number)}" for folder in folders for number in range(3)]


def below(outer: str, *inner: str) -> list[str]:
    return pictures(*(f"{outer}/{name}" for name in inner))


UNDERSTOOD = {
    "class folders": [*pictures("cats", "dogs"), "README.md"],
    "split folders": [*below("train", "cats", "dogs"), *below("val", "Cats", "dogs"), "loose.jpg"],
    "beside them": [*below("train", "cats", "dogs"), *pictures("more")],
    "both in a name": pictures("cats_train", "dogs_train", "cats_test", "dogs_test"),
    "splits of classes": [*below("cats", "train", "test"), *below("dogs", "train", "test")],
    "flat": pictures("train", named="cat.{}.jpg") + pictures("train", named="dog.{}.jpg"),
    "wrapped": [*below("archive/pets", "cats", "dogs"), "archive/README.txt"],
    "test without classes": [*below("train", "cats", "dogs"), *pictures("test/unknown")],
    "parts of classes": [*below("cats", "one", "two"), *below("dogs", "three", "four")],
    "an empty one": [*pictures("cats", "dogs"), "birds/names.txt"],
    "marked": [*pictures("train", "test"), ".classes"],
    "taught": [*pictures("cats", "dogs", "unlabelled"), ".teach/journal.jsonl"],
    "taught within": [*below("archive", "cats", "dogs", "unlabelled"), "archive/.teach/x.jsonl"],
    "a file called like it": [*pictures("cats", "dogs", "unlabelled"), ".teach"],
    "hidden": [*pictures("cats", "dogs", ".git/x"), "cats/.x.jpg"],
}
REFUSED = {
    "no classes": pictures("x"),
    "several sets": [*below("a/train", "cats", "dogs"), *below("b/train", "cats", "dogs")],
    "splits differ": [*below("train", "cats", "dogs"), *below("val", "cats", "cows")],
    "other formats": [*pictures("cats"), "dogs/a.svg", "dogs/b.svg"],
}


def listed(place: Place, names: list[str]) -> ListedFolders:
    folders = ListedFolders(place)
    for name in names:
        folders.add(name, shown(name))
    return folders


def shown(name: str) -> bool:
    return name.endswith(".jpg") and "/." not in f"/{name}"


def on_disk(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize("names", UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_what_is_understood(names: list[str], tmp_path: Path) -> None:
    folder = scan(on_disk(tmp_path / "pets", names))
    found = listed(Place("s3://bucket/pets"), names).layout()
    labelled = {
        item.name: (item.label, None if split == UNSPLIT else split)
        for split, items in folder.splits.items()
        for item in items
    }
    assert {name: said for name in names if shown(name) and (said := found.of(name))} == labelled
    assert (found.kind, found.notes) == (folder.layout, folder.notes)
    assert {what.partition(" (tl-")[0]: n for what, n in found.left_out.items()} == {
        what.partition(" (tl-")[0]: n for what, n in folder.ignored.items()
    }


@pytest.mark.parametrize("names", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_told_of_the_address(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as of_folder:
        scan(on_disk(tmp_path / "pets", names))
    with pytest.raises(UsageError) as of_address:
        listed(Place("s3://bucket/pets"), names).layout()
    there = str(tmp_path / "pets")
    assert of_address.value.message == of_folder.value.message.replace(there, "s3://bucket/pets")


def test_names_are_not_kept() -> None:
    folders = ListedFolders(Place("s3://bucket/pets"))
    tracemalloc.start()
    for number in range(20_000):
        folders.add(f"{'cats' if number % 2 else 'dogs'}/a-name-of-some-length-{number}.jpg", True)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 20 * 20_000  # a name alone takes 80 bytes
    assert folders.layout().of("cats/never-listed.jpg") == ("cats", None)
