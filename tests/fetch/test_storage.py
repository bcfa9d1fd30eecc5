"""Installed sets and archives on their way: what is there, room on the disk, locks."""

from __future__ import annotations

import datetime
import errno
import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path, PosixPath
from types import SimpleNamespace

import pytest

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.fetch import storage
from tl_catdog.fetch.catalogue import FILTERED, PETS, Archive
from tl_catdog.fetch.progress import Listener
from tl_catdog.files import SET_RECORD
from tl_catdog.scratch import SCRATCH

TWO = replace(
    PETS,
    archives=(
        Archive("a.zip", "https://example.org/sets/a.zip", 100),
        Archive("b.zip", "https://example.org/sets/b.zip", 100),
    ),
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = storage.archives_folder()
    folder.mkdir(parents=True)
    return folder


def install(into: Path, name: str = "pets") -> Path:
    """Write a set's folder by hand: 3 pictures of 21 bytes, and files that are none."""
    folder = into / name
    for path, size in {
        "train/dogs/0.jpg": 1,
        "train/dogs/1.JPEG": 4,
        "train/cats/0.jpg": 16,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(bytes(size))
    (folder / "train/cats/Thumbs.db").write_bytes(bytes(32))
    (folder / "train/cats/.hidden.jpg").write_bytes(bytes(64))
    record = storage.record_of(replace(PETS, name=name), {"images.tar.gz": "12ab"})
    (folder / SET_RECORD).write_text(json.dumps(record))
    return folder


# --- the cache -----------------------------------------------------------------------------------


def test_archives_on_their_way_are_in_the_cache(tmp_path: Path, cache: Path) -> None:
    assert cache == tmp_path / "cache" / "tl-catdog" / "archives"
    part = storage.partial_file_of(TWO.archives[0])
    assert (part.path, part.url) == (cache / "a.zip.part", TWO.archives[0].url)


def test_kept_bytes_are_those_of_whole_archives_or_of_their_parts(cache: Path) -> None:
    assert storage.kept_bytes(TWO) == 0
    (cache / "a.zip.part").write_bytes(bytes(30))
    (cache / "b.zip.part").write_bytes(bytes(7))
    (cache / "other.zip").write_bytes(bytes(500))
    assert storage.kept_bytes(TWO) == 37
    (cache / "a.zip").write_bytes(bytes(100))
    assert storage.kept_bytes(TWO) == 107


def test_free_bytes_are_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_usage(path: Path) -> SimpleNamespace:
        assert path == tmp_path
        return SimpleNamespace(total=100, used=60, free=35)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    assert storage.free_bytes(tmp_path) == 35


# --- installed sets ------------------------------------------------------------------------------


def test_the_record_says_what_the_set_is() -> None:
    record = storage.record_of(TWO, {"a.zip": "12ab"})
    when = datetime.datetime.fromisoformat(record.pop("got"))
    assert abs(datetime.datetime.now(datetime.UTC) - when) < datetime.timedelta(minutes=1)
    assert record == {
        "name": "pets",
        "pictures": PETS.images,
        "from": ["https://example.org/sets/a.zip", "https://example.org/sets/b.zip"],
        "home": PETS.home,
        "licence": PETS.licence,
        "sha256": {"a.zip": "12ab"},
    }


def test_an_installed_set_is_counted_by_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path)
    walk = os.walk  # gives folders in whatever order the disk has them
    monkeypatch.setattr(os, "walk", lambda folder: sorted(walk(folder), reverse=True))
    found = storage.find_installed(PETS, tmp_path)
    assert found is not None
    assert list(found.counts.items()) == [("train/cats", 1), ("train/dogs", 2)]
    assert found.to_json() == {
        "name": "pets",
        "folder": str(folder),
        "pictures": 3,
        "expected": PETS.images,
        "counts": {"train/cats": 1, "train/dogs": 2},
        "bytes": 21,
        "licence": PETS.licence,
        "home": PETS.home,
        "sha256": {"images.tar.gz": "12ab"},
        "recorded": [],
        "already": True,
    }
    fresh = storage.read_installed(PETS, tmp_path, recorded=["images.tar.gz"])
    assert fresh == replace(found, recorded=("images.tar.gz",), already=False)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"name": "full"}'])
def test_a_folder_with_another_record_is_not_the_set(tmp_path: Path, text: str) -> None:
    (install(tmp_path) / SET_RECORD).write_text(text)
    assert storage.find_installed(PETS, tmp_path) is None
    with pytest.raises(UsageError, match="found another"):
        storage.check_folder(PETS, tmp_path)


def test_where_nothing_is_no_set_is_found(tmp_path: Path) -> None:
    assert storage.find_installed(PETS, tmp_path / "nowhere") is None
    with pytest.raises(OSError, match="pets"):
        storage.read_installed(PETS, tmp_path)


def test_a_free_place_an_empty_folder_and_the_set_itself_pass(tmp_path: Path) -> None:
    storage.check_folder(PETS, tmp_path / "new")
    storage.check_folder(PETS, tmp_path)
    (tmp_path / "pets").mkdir()
    storage.check_folder(PETS, tmp_path)
    install(tmp_path)
    storage.check_folder(PETS, tmp_path)


def test_a_link_to_an_empty_folder_is_not_replaced(tmp_path: Path) -> None:
    into, target = tmp_path / "my data", tmp_path / "empty"
    into.mkdir()
    target.mkdir()
    (into / "pets").symlink_to(target)
    with pytest.raises(UsageError) as caught:
        storage.check_folder(PETS, into)
    assert f"mv '{into}/pets' '{into}/pets.mine'" in caught.value.hint


def test_sets_go_into_no_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(UsageError, match="found a file") as caught:
        storage.check_folder(PETS, tmp_path / "data")
    assert caught.value.hint == "Type: --into data"


# --- the disk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("name", ["b.jpg", None])
def test_a_full_disk_is_told_with_what_did_not_fit(
    tmp_path: Path, number: int, name: str | None
) -> None:
    with (
        pytest.raises(CatdogError, match="expected room on the disk") as caught,
        storage.on_disk(tmp_path),
    ):
        raise OSError(number, os.strerror(number), name)
    place = Path(name or tmp_path).absolute()
    assert f"for {place}, found none left ({os.strerror(number)})" in caught.value.message
    assert "Make room" in caught.value.hint


def test_other_failures_of_the_disk_say_what_and_where(tmp_path: Path) -> None:
    with pytest.raises(CatdogError) as caught, storage.on_disk(tmp_path / "my data"):
        raise PermissionError(errno.EACCES, "Permission denied", "b.jpg")
    assert caught.value.message.endswith(f"found {Path.cwd() / 'b.jpg'} (Permission denied).")
    assert caught.value.hint == f"Type: ls -ld '{tmp_path / 'my data'}'"
    with pytest.raises(ValueError, match="no matter"), storage.on_disk(tmp_path):
        raise ValueError("no matter of the disk")


def test_just_enough_room_is_enough(tmp_path: Path) -> None:
    storage.check_room([(tmp_path, 2_000_000)], lambda folder: 2_000_000, "again")
    with pytest.raises(CatdogError) as caught:
        storage.check_room([(tmp_path, 2_000_000)], lambda folder: 1_999_999, "again, please")
    assert f"expected 2.0 MB free for {tmp_path}, found 2.0 MB" in caught.value.message
    assert caught.value.hint == "Make room, then type: again, please"


def test_folders_on_one_disk_share_its_room(tmp_path: Path) -> None:
    needs = [(tmp_path, 60), (tmp_path.parent, 50), (tmp_path, 7)]
    storage.check_room(needs, lambda folder: 117, "again")
    with pytest.raises(CatdogError, match="expected 117 bytes free"):
        storage.check_room(needs, lambda folder: 116, "again")


class OtherDisk(PosixPath):
    """A folder that is on a disk of its own."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        mode, inode, _, *others = Path(self.parent).stat()
        return os.stat_result((mode, inode, -1, *others))


def test_each_disk_has_its_own_room(tmp_path: Path) -> None:
    other = OtherDisk(tmp_path / "other")
    needs = [(tmp_path, 60), (other, 50)]

    def free(folder: Path) -> int:
        return 50 if folder is other else 60

    storage.check_room(needs, free, "again")
    with pytest.raises(CatdogError, match=r"expected 51 bytes free for .*other, found 50 "):
        storage.check_room([(tmp_path, 60), (other, 51)], free, "again")


# --- locks and folders ---------------------------------------------------------------------------


def test_a_lock_is_waited_for_and_the_wait_is_said(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "pets.lock"
    waiting, steps = threading.Event(), list[str]()

    def say(text: str) -> None:
        steps.append(text)
        waiting.set()

    def second() -> None:
        with storage.locked(path, Listener(say=say)):
            steps.append("second")

    thread = threading.Thread(target=second)
    with storage.locked(path, Listener(say=lambda text: pytest.fail("waited for nobody"))):
        thread.start()
        assert waiting.wait(10)
        steps.append("first")
    thread.join(10)
    assert steps == ["Waiting for another one that gets the same set.", "first", "second"]


def test_a_failure_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "pets.lock"
    with pytest.raises(KeyboardInterrupt), storage.locked(path, Listener()):
        raise KeyboardInterrupt
    with storage.locked(path, Listener(say=lambda text: pytest.fail("still locked"))):
        pass


def test_a_scratch_folder_is_hidden_beside_the_set_and_goes(tmp_path: Path) -> None:
    into = tmp_path / "deep" / "data"
    made: list[Path] = []

    def interrupt(folder: Path) -> None:
        made.append(folder)
        (folder / "pets").mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), storage.scratch(PETS, into) as folder:
        interrupt(folder)
    assert made[0].parent == into
    assert SCRATCH.match(made[0].name), "as what is swept next time, should this one be killed"
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_folder_that_was_there_or_holds_the_set_now_stays(tmp_path: Path) -> None:
    with storage.scratch(PETS, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    into = tmp_path / "data"
    with storage.scratch(PETS, into) as folder:
        (folder / "set").mkdir()
        storage.publish(folder / "set", into / "pets")
    assert [path.name for path in into.iterdir()] == ["pets"]


def test_only_old_scratch_of_the_same_set_is_swept(tmp_path: Path) -> None:
    for name in (".pets.abc.tmp", ".full.abc.tmp", ".pets.abc", "pets.abc.tmp"):
        (tmp_path / name / "inside").mkdir(parents=True)
    with storage.scratch(PETS, tmp_path):
        assert not (tmp_path / ".pets.abc.tmp").exists()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".full.abc.tmp", ".pets.abc", "pets.abc.tmp"}


def test_a_set_is_published_over_nothing_or_an_empty_folder_alone(tmp_path: Path) -> None:
    made, target = tmp_path / "made", tmp_path / FILTERED.name
    for _ in range(2):
        (made / "train").mkdir(parents=True)
        storage.publish(made, target)
        assert [path.name for path in target.iterdir()] == ["train"]
        assert not made.exists()
        (target / "train").rmdir()
    made.mkdir()
    (target / "mine.txt").touch()
    with pytest.raises(CatdogError, match="in the meantime") as caught:
        storage.publish(made, target)
    assert caught.value.hint == f"Type: ls {target}"
    assert (target / "mine.txt").exists()
    assert made.exists()
    (tmp_path / "file").touch()
    with pytest.raises(CatdogError, match="in the meantime"):
        storage.publish(made, tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        storage.publish(tmp_path / "nothing", tmp_path / "new")
