"""Publishing a set: once, whole, checked, with or without the network."""

from __future__ import annotations

import errno
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fetch_server as server
from tests.support.fetch_sets import FEW, Files, Shop, noise, tarred, zipped
from tl_catdog.data.folders import scan
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.fetch import archive, storage
from tl_catdog.fetch.catalogue import KAGGLE, PETS, Archive, PublicSet
from tl_catdog.fetch.layouts import LISTS
from tl_catdog.fetch.partial_file import PartialFile
from tl_catdog.fetch.progress import Listener
from tl_catdog.files import SET_RECORD


def test_a_second_get_asks_nobody(shop: Shop) -> None:
    source = shop.source()
    first = shop.get(source)
    shop.site.asked.clear()
    again = shop.get(source)
    assert shop.site.asked == []
    assert again == replace(first, already=True)


def test_the_folder_says_what_it_is(shop: Shop) -> None:
    source = shop.source()
    shop.get(source)
    record = json.loads((shop.into / "filtered" / SET_RECORD).read_text())
    assert record["name"] == "filtered"
    assert record["from"] == [source.archives[0].url]
    assert record["licence"] == source.licence
    assert record["sha256"] == {"few.zip": source.archives[0].sha256}
    assert scan(shop.into).classes == ("cats", "dogs")
    assert load_training_set(shop.into / "filtered").splits == ("train", "validation")


def test_pictures_that_were_taken_away_do_not_come_back_by_themselves(shop: Shop) -> None:
    source = shop.source()
    shop.get(source)
    next((shop.into / "filtered").rglob("*.jpg")).unlink()
    again = shop.get(source)
    assert (again.already, again.images, again.expected) == (True, 11, 12)


@pytest.mark.parametrize("kind", ["pictures", "file", "link", "dangling link", "other record"])
def test_a_folder_of_yours_is_not_touched(shop: Shop, tmp_path: Path, kind: str) -> None:
    target = shop.into / "filtered"
    shop.into.mkdir()
    if kind == "file":
        target.write_text("mine")
    elif "link" in kind:
        target.symlink_to(tmp_path / ("nowhere" if "dangling" in kind else "cache"))
    else:
        target.mkdir()
        (target / (SET_RECORD if "record" in kind else "a.jpg")).write_text('{"name": "mine"}')
    with pytest.raises(UsageError, match="expected no"):
        shop.get(shop.source())
    assert shop.site.asked == []
    assert [path.name for path in shop.into.iterdir()] == ["filtered"]


def test_an_empty_folder_is_taken(shop: Shop) -> None:
    (shop.into / "filtered").mkdir(parents=True)
    shop.get(shop.source())
    assert shop.is_right()


def test_a_file_is_no_folder_to_put_sets_into(shop: Shop) -> None:
    shop.into.write_text("mine")
    with pytest.raises(UsageError, match="found a file"):
        shop.get(shop.source())


def test_a_hash_that_nobody_publishes_is_recorded_and_counts_from_then_on(shop: Shop) -> None:
    got = shop.get(shop.source(pinned=False))
    assert got.recorded == ("few.zip",)
    assert shop.cached() == {"hashes.json"}
    (shop.into / "filtered").rename(shop.into.parent / "elsewhere")
    other = zipped({name: data[::-1] for name, data in FEW.items()})
    with pytest.raises(CatdogError, match="as at the first download") as caught:
        shop.get(shop.source(other, pinned=False))
    assert got.sha256["few.zip"] in caught.value.message
    assert "rm " in caught.value.hint
    assert list(shop.into.iterdir()) == []
    assert shop.get(shop.source(pinned=False)).recorded == ()


def test_a_bad_first_download_records_nothing(shop: Shop) -> None:
    with pytest.raises(CatdogError):
        shop.get(shop.source(b"<html>an error page</html>", pinned=False))
    assert shop.get(shop.source(pinned=False)).recorded == ("few.zip",)


def test_an_archive_that_is_here_needs_no_network(shop: Shop, tmp_path: Path) -> None:
    mine = tmp_path / "download (1).zip"
    mine.write_bytes(zipped(FEW))
    shop.get(shop.source(zipped(FEW)), mine)
    assert shop.is_right()
    assert shop.site.asked == []
    assert mine.read_bytes() == zipped(FEW)


def test_an_archive_that_is_another_one_is_refused_and_kept(shop: Shop, tmp_path: Path) -> None:
    mine = tmp_path / "few.zip"
    mine.write_bytes(zipped({name: data[::-1] for name, data in FEW.items()}))
    with pytest.raises(CatdogError, match="with SHA-256"):
        shop.get(shop.source(zipped(FEW)), mine)
    mine.write_bytes(b"short")
    with pytest.raises(UsageError, match=r"bytes, found 5 in"):
        shop.get(shop.source(zipped(FEW)), mine)
    assert mine.read_bytes() == b"short"
    assert shop.is_empty()
    with pytest.raises(UsageError, match="found no file"):
        shop.get(shop.source(), tmp_path / "nothing.zip")


def test_a_hostile_archive_of_yours_is_refused_and_kept(shop: Shop, tmp_path: Path) -> None:
    mine = tmp_path / "few.zip"
    mine.write_bytes(zipped({"../evil.jpg": b""}))
    with pytest.raises(CatdogError, match="names that stay inside"):
        shop.get(shop.source(mine.read_bytes()), mine)
    assert mine.exists()
    assert not (tmp_path / "evil.jpg").exists()
    assert shop.is_empty()


def test_room_is_checked_before_anything_is_fetched(shop: Shop) -> None:
    source = replace(shop.source(), room=5_000_000)
    with pytest.raises(CatdogError, match=r"expected 5\.1 MB free for .*, found 1\.0 MB") as caught:
        shop.get(source, free=lambda folder: 1_000_000)
    assert "Make room" in caught.value.hint
    assert shop.site.asked == []
    assert shop.is_empty()


def test_what_is_here_already_needs_no_room(shop: Shop) -> None:
    source = shop.source()
    shop.site.script = [server.cut_after(98_304)]
    shop.site.always = server.status(404)
    with pytest.raises(CatdogError):
        shop.get(source)
    shop.site.always = None
    need = 2 * source.size - 98_304
    with pytest.raises(CatdogError, match="free for"):
        shop.get(source, free=lambda folder: need - 1)
    shop.get(source, free=lambda folder: need)
    assert shop.is_right()


@pytest.mark.parametrize("stage", ["fetching", "unpacking", "publishing"])
def test_a_full_disk_leaves_nothing_and_repeating_goes_on(
    shop: Shop, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    owner, name = {
        "fetching": (PartialFile, "begin"),
        "unpacking": (archive, "_write"),
        "publishing": (storage, "publish"),
    }[stage]
    source = shop.source()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        with pytest.raises(CatdogError, match="expected room on the disk"):
            shop.get(source)
    assert shop.is_empty()
    asked = len(shop.site.asked)
    shop.get(source)
    assert shop.is_right()
    assert len(shop.site.asked) - asked == (1 if stage == "fetching" else 0)


@pytest.mark.parametrize("stage", ["downloading", "checking", "unpacking"])
def test_an_interruption_leaves_nothing_and_repeating_goes_on(shop: Shop, stage: str) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what == stage and done > total // 2:
            raise KeyboardInterrupt

    source = shop.source()
    with pytest.raises(KeyboardInterrupt):
        shop.get(source, listener=Listener(interrupt))
    assert shop.is_empty()
    assert shop.cached()
    shop.get(source)
    assert shop.is_right()
    first, *others = shop.site.ranges()
    assert first is None
    assert [span is not None for span in others] == ([True] if stage == "downloading" else [])


def test_two_at_once_get_it_once(shop: Shop) -> None:
    source = shop.source()
    shop.site.script = [server.cut_after(50_000)]
    found: list[storage.InstalledSet] = []
    threads = [threading.Thread(target=lambda: found.append(shop.get(source))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got.already for got in found) == [False, True]
    assert len(shop.site.asked) == 2
    assert shop.is_right()


def test_what_a_killed_one_left_is_swept_away(shop: Shop) -> None:
    (shop.into / ".filtered.abc.tmp" / "filtered" / "train").mkdir(parents=True)
    shop.get(shop.source())
    assert shop.is_right()


def test_a_folder_that_comes_in_the_meantime_is_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = storage.publish

    def late(made: Path, target: Path) -> None:
        target.mkdir()
        (target / "mine.txt").touch()
        publish(made, target)

    monkeypatch.setattr(storage, "publish", late)
    with pytest.raises(CatdogError, match="in the meantime"):
        shop.get(shop.source())
    assert [path.name for path in (shop.into / "filtered").iterdir()] == ["mine.txt"]
    assert [path.name for path in shop.into.iterdir()] == ["filtered"]


LISTED = {"trainval": ("Abyssinian_1 1 1 1", "beagle_1 2 2 1"), "test": ("beagle_2 2 2 1",)}
NOTES: Files = {
    f"annotations/{name}.txt": "\n".join(("#Image CLASS-ID SPECIES BREED ID", *rows)).encode()
    for name, rows in LISTED.items()
}
IMAGES: Files = {
    f"images/{name}": noise(500, seed)
    for seed, name in enumerate(
        ("Abyssinian_1.jpg", "beagle_1.jpg", "beagle_2.jpg", "beagle_9.jpg", "Abyssinian_1.mat")
    )
}


def pets(shop: Shop, notes: Files = NOTES) -> PublicSet:
    archives = []
    for name, files in (("images.tar.gz", IMAGES), ("annotations.tar.gz", notes)):
        data = tarred(files)
        shop.site.files[f"/{name}"] = data
        archives.append(Archive(name, f"{shop.site.address}/{name}", len(data)))
    return replace(PETS, archives=tuple(archives), images=3, room=1_000)


def test_pets_are_cats_and_dogs_in_their_own_split(shop: Shop) -> None:
    shop.get(pets(shop))
    found = {path.relative_to(shop.into).as_posix() for path in shop.into.rglob("*.jpg")}
    assert found == {
        "pets/train/cats/Abyssinian_1.jpg",
        "pets/train/dogs/beagle_1.jpg",
        "pets/test/dogs/beagle_2.jpg",
    }


def test_pets_without_their_lists_are_refused(shop: Shop) -> None:
    lists = dict.fromkeys(LISTS, b"Abyssinian_1 1 3 1")
    for notes in ({}, lists):
        with pytest.raises(CatdogError, match="expected"):
            shop.get(pets(shop, notes))
        assert shop.is_empty()


def test_both_archives_of_pets_are_given_in_any_order(shop: Shop, tmp_path: Path) -> None:
    source = pets(shop)
    paths = [tmp_path / archive.name for archive in source.archives]
    for path in paths:
        path.write_bytes(shop.site.files[f"/{path.name}"])
    with pytest.raises(UsageError, match="expected 2 archives"):
        shop.get(source, paths[0])
    assert shop.get(source, *reversed(paths)).images == 3
    assert shop.site.asked == []


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_competition_may_be_given_as_a_whole(shop: Shop, tmp_path: Path, wrapped: bool) -> None:
    inner = zipped({"train/cat.0.jpg": b"cat", "train/dog.0.jpg": b"dog", "train/": b""})
    outer = zipped({"sampleSubmission.csv": b"", "test1.zip": b"PK", "train.zip": inner})
    mine = tmp_path / "download.zip"
    mine.write_bytes(outer if wrapped else inner)
    got = shop.get(replace(KAGGLE, images=2, room=10), mine)
    assert got.counts == {"cats": 1, "dogs": 1}
    assert got.recorded == ("train.zip",)
    assert [path.name for path in shop.into.iterdir()] == ["kaggle"]
