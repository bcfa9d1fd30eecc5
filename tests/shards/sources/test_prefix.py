"""Pictures below an address, by the rules for folders; what vanishes is a row's error."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.object_store import Fault, Store
from tl_catdog.data.labelling import labelled
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.sources import open_other
from tl_catdog.shards.sources.prefix import PrefixSource
from tl_catdog.storage.failures import StorageError
from tl_catdog.storage.places import Place


def upload(folder: Path, address: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            Place.of(f"{address}/{path.relative_to(folder).as_posix()}").write(path.read_bytes())


def source_of(address: str) -> PrefixSource:
    source = open_other(address)
    assert isinstance(source, PrefixSource)
    return source


def test_classes_and_splits_are_those_of_the_same_folder(tmp_path: Path) -> None:
    upload(paint_set(tmp_path / "set", {"train": 3, "val": 2}), "memory://by-folder")
    (tmp_path / "set" / "val" / "bee" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "set" / "notes.txt").write_bytes(b"x")
    upload(tmp_path / "set", "memory://by-folder")
    source = source_of("memory://by-folder/")
    rows = {row.path: (row.label, row.split) for row in source.rows()}
    local = labelled(tmp_path / "set").folder
    assert rows == {
        item.name: (item.label, split) for split, items in local.splits.items() for item in items
    }
    assert source.remarks == [("left-out", "1 × .txt")]


def test_names_without_an_ending_are_told_by_their_bytes(tmp_path: Path) -> None:
    folder = paint_set(tmp_path / "set", {"": 1})
    data = (folder / "ant" / "000.png").read_bytes()
    for name, content in (("a/hash", data), ("a/other", b"text"), ("a/empty", b"")):
        Place.of(f"memory://bare/{name}").write(content)
    source = source_of("memory://bare")
    assert [row.path for row in source.rows()] == ["a/hash"]
    assert source.remarks == [("left-out", "2 × file without an ending")]


def test_names_that_no_file_could_have_are_left_out(object_store: Store) -> None:
    import s3fs

    Place.of("s3://pictures/odd/a.jpg").write(b"1")
    system = s3fs.S3FileSystem(endpoint_url=object_store.address)
    for key in ("odd/../up.jpg", "odd/a//b.jpg", "odd/./c.jpg"):
        system.call_s3("put_object", Bucket="pictures", Key=key, Body=b"1")
    source = source_of("s3://pictures/odd")
    assert [row.path for row in source.rows()] == ["a.jpg"]


def test_what_vanished_is_the_rows_error_and_what_throttles_is_not(
    object_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tl_catdog.storage import failures

    monkeypatch.setattr(failures, "PATIENCE", failures.Patience(tries=3, first=0.001))
    for name in ("1.jpg", "2.jpg"):
        Place.of(f"s3://pictures/two/{name}").write(b"a picture")
    source = pickle.loads(pickle.dumps(source_of("s3://pictures/two")))
    one, two = source.rows()
    Place.of("s3://pictures/two/1.jpg").remove()
    with pytest.raises(ImageError):
        source.read(one)
    object_store.faults.append(Fault("throttle", "2.jpg", times=99))
    with pytest.raises(StorageError):
        source.read(two)
    object_store.faults.clear()
    assert source.read(two) == b"a picture"


def test_nothing_at_an_address_is_told(object_store: Store) -> None:
    with pytest.raises(UsageError, match="found nothing"):
        open_other("s3://pictures/nothing")


def test_folders_of_this_machine_are_left_to_others(tmp_path: Path) -> None:
    assert open_other(str(paint_set(tmp_path / "set", {"": 1}))) is None
    assert open_other(str(tmp_path / "missing")) is None
