"""Whenever getting a set is killed, the next one ends with the set whole and nothing beside it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import filelock
import pytest

from tests.support.fetch_sets import FEW, Shop, zipped
from tests.support.kills import killed_at
from tl_catdog.errors import CatdogWarning
from tl_catdog.fetch import rests, storage
from tl_catdog.fetch.catalogue import PETS, PublicSet
from tl_catdog.fetch.hashes import Hashes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_after_a_kill_at_any_moment_the_next_one_mends_it(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shop.source(zipped(dict(list(FEW.items())[:2])), pinned=False)
    source = PublicSet(**{**source.__dict__, "images": 2})
    (archive,) = source.archives
    moment = 0
    while True:
        moment += 1
        room = tmp_path / str(moment)
        monkeypatch.setenv("XDG_CACHE_HOME", str(room / "cache"))
        mine = Shop(shop.site, room / "data")
        if not killed_at(moment, partial(mine.get, source)):
            break
        assert mine.get(source).images == 2
        assert [path.name for path in mine.into.iterdir()] == ["filtered"]
        assert mine.cached() == {"hashes.json"}
        assert Hashes(storage.archives_folder() / "hashes.json").of(archive)
    assert moment > 20


def test_archives_are_dropped_whole_or_in_part(shop: Shop) -> None:
    source = shop.source()
    cache = storage.archives_folder()
    cache.mkdir(parents=True)
    for name in ("few.zip", "few.zip.part", "few.zip.part.json", "other.zip"):
        (cache / name).touch()
    rests.drop_archives(source)
    assert shop.cached() == {"other.zip"}


def test_an_archive_that_is_kept_for_good_goes_with_the_next_command(shop: Shop) -> None:
    source = shop.source()
    shop.get(source)
    cache = storage.archives_folder()
    for name in ("few.zip", "few.zip.part.json", "other.zip"):
        (cache / name).touch()
    assert shop.get(source).already
    assert shop.cached() == {"other.zip"}


def test_what_another_one_fetches_stays(shop: Shop) -> None:
    source = shop.source()
    shop.get(source)
    cache = storage.archives_folder()
    for name in ("few.zip", "few.zip.part", "few.zip.part.json"):
        (cache / name).touch()
    with filelock.FileLock(cache / "filtered.lock"):
        assert shop.get(source).already
    assert shop.cached() == {"few.zip", "few.zip.part", "few.zip.part.json"}
    assert shop.get(source).already
    assert shop.cached() == {"few.zip.part", "few.zip.part.json"}


def test_archives_go_elsewhere_where_the_cache_folder_can_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert storage.kept_bytes(PETS) == 0  # which makes nothing, and says nothing

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", forbidden)
        assert storage.kept_bytes(PETS) == 0
    with pytest.warns(CatdogWarning, match="cache folder"):
        folder = storage.writable_archives_folder()
    folder.mkdir(parents=True, exist_ok=True)
    assert folder == storage.archives_folder()
    assert storage.partial_file_of(PETS.archives[0]).path.parent == folder
    assert not folder.is_relative_to(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert storage.writable_archives_folder() == tmp_path / "cache" / "tl-catdog" / "archives"
