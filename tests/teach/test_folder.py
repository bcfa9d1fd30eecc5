"""What lies in a folder is noticed, and read again only where it may have changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.teach.pictures import put
from tl_catdog.data.digest import file_digests
from tl_catdog.data.folders import scan
from tl_catdog.teach import folder
from tl_catdog.teach.folder import Disk


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that were hashed, as they are."""
    names: list[str] = []
    real = file_digests

    def noting(paths: list[Path]) -> list[str]:
        names.extend(path.name for path in paths)
        return real(paths)

    monkeypatch.setattr(folder, "file_digests", noting)
    return names


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(3):
        put(tmp_path / "cats" / f"{number}.png", number)
    (tmp_path / ".teach").mkdir()
    return tmp_path


def test_pictures_are_hashed_once_wherever_they_go(root: Path, read: list[str]) -> None:
    disk = Disk(root)
    assert disk.look()
    assert sorted(read) == ["0.png", "1.png", "2.png"]
    (root / "cats" / "1.png").rename(root / "moved.png")
    assert disk.look()
    disk.keep_hashes()
    again = Disk(root)
    again.look()
    assert again.files == disk.files
    assert set(again.files) == {"cats/0.png", "cats/2.png", "moved.png"}
    assert len(read) == 3


def test_a_strangers_hashes_are_passed_over(root: Path) -> None:
    rows = [[1, 2, 3, "x"], [1, 2, 3], "x", None, [True, 2, 3, "0" * 64], [1.5, 2, 3, "0" * 64]]
    lines = [json.dumps(row).encode() for row in rows]
    (root / ".teach" / "hashes.jsonl").write_bytes(b"\n".join([*lines, b"\xff", b"[" * 99_999]))
    disk = Disk(root)
    disk.look()
    assert len({file.sha256 for file in disk.files.values()}) == 3


def test_quiet_folders_are_not_listed_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = 1_000_000_000
    for path in (root / "cats", root):
        os.utime(path, (long_ago, long_ago))
    disk = Disk(root)
    disk.look()
    monkeypatch.setattr(folder, "Folder", None)  # listing anything would fail
    assert not disk.look()


def test_hidden_things_and_links_below_classes_are_no_pictures(root: Path, tmp_path: Path) -> None:
    put(root / ".git" / "1.png", 9)
    put(root / "cats" / ".thumbs" / "1.png", 9)
    (root / "cats" / "again").symlink_to(root / "cats")
    (root / "cats" / "notes.txt").write_text("x")
    disk = Disk(root)
    disk.look()
    assert set(disk.files) == {"cats/0.png", "cats/1.png", "cats/2.png"}
    assert disk.classes == {"cats": "cats"}


def test_folders_that_trainings_take_for_one_class_are_one(root: Path) -> None:
    put(root / "Cats " / "9.png", 9)
    disk = Disk(root)
    disk.look()
    assert disk.classes == {"Cats": "Cats "}
    assert disk.label_of("cats/0.png") == disk.label_of("Cats /9.png") == "Cats"


def test_many_new_pictures_are_read_some_at_a_time(root: Path, read: list[str]) -> None:
    for path in (root / "cats", root):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    disk = Disk(root)
    for number in (2, 3):
        assert disk.look(most=2)
        assert len(disk.files) == number
    assert not disk.look(most=2)
    assert len(read) == 3


def test_a_training_finds_the_same_pictures_in_the_same_classes(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = ("dogs/burst-1/1.png", "dogs/burst-2/1.png", "dogs/9.png", "unlabelled/b/1.png")
    for number, name in enumerate((*names, "loose.png", "Caf\u0065\u0301 au lait/1.png"), 10):
        put(root / name, number)
    (root / "empty").mkdir()
    (root / "far").symlink_to(put(tmp_path_factory.mktemp("far") / "1.png", 30).parent)
    disk = Disk(root)
    disk.look()
    ours = {place: label for place in disk.files if (label := disk.label_of(place))}
    found = scan(root)
    assert ours == {image.name: image.label for image in found.splits["all"]}
    assert set(disk.classes) == {*found.classes, "empty"}
    assert disk.files["far/1.png"].linked
