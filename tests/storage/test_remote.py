"""Object stores: what is read is whole or an error, whatever the store does."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import sys
from typing import ClassVar

import pytest

from tests.support.object_store import SECRET, Fault, Store
from tl_catdog.errors import UsageError
from tl_catdog.storage import remote, systems
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import (
    BusyError,
    ChangedError,
    CutReadError,
    GoneError,
    Patience,
    RefusedError,
    StorageError,
    StrangerError,
    patiently,
)
from tl_catdog.storage.places import Place

DATA = bytes(range(256)) * 512


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Patience(first=0.001, longest=0.002)
    monkeypatch.setattr("tl_catdog.storage.failures.PATIENCE", quick)


@pytest.fixture
def place(object_store: Store) -> Place:
    place = Place.of("s3://pictures/set/cats/1.jpg")
    place.write(DATA)
    object_store.requests.clear()
    return place


def test_what_was_written_is_read_by_one_request_each(place: Place, object_store: Store) -> None:
    (entry,) = Place.of("s3://pictures/set").entries()
    assert entry == Entry("cats/1.jpg", len(DATA), hashlib.md5(DATA).hexdigest())
    object_store.requests.clear()
    assert place.read(entry=entry) == DATA
    assert place.read(100, 1000) == DATA[100:1100]
    assert [request.split()[0] for request in object_store.requests] == ["GET", "GET"]
    object_store.requests.clear()
    place.write(b"new")
    assert [request.split()[0] for request in object_store.requests] == ["PUT"]
    assert place.read() == b"new"


def test_there_and_not_there(place: Place) -> None:
    folder = Place.of("s3://pictures/set")
    assert folder.is_folder()
    assert place.is_file()
    assert not place.is_folder()
    assert not (folder / "none").exists()
    with pytest.raises(GoneError):
        (folder / "none").read()
    with pytest.raises(GoneError):
        folder.info()
    place.remove()
    place.remove()
    assert not place.exists()
    assert list(folder.entries()) == []


def test_throttling_is_waited_for(place: Place, object_store: Store) -> None:
    object_store.faults += [Fault("throttle", "1.jpg", times=4), Fault("throttle", method="PUT")]
    assert place.read(0, 10) == DATA[:10]
    place.write(b"new")
    assert place.read() == b"new"
    object_store.faults.append(Fault("throttle", times=2))
    assert len(list(Place.of("s3://pictures/set").entries())) == 1


def test_a_store_that_only_throttles_is_an_error_and_nothing_is_taken_for_missing(
    place: Place, object_store: Store
) -> None:
    object_store.faults += [Fault("throttle", times=99), Fault("throttle", times=99, method="HEAD")]
    with pytest.raises(BusyError, match="slow down"):
        place.read(0, 10)
    with pytest.raises(BusyError):
        place.exists()


def test_waiting_is_bounded_by_time_too() -> None:
    waited: list[float] = []
    patience = Patience(tries=99, first=40, longest=40, total=15, sleep=waited.append)

    def busy() -> None:
        raise OSError(errno.EBUSY, "slow down")

    with pytest.raises(BusyError):
        patiently(busy, "here", "s3", patience)
    assert waited == []


@pytest.mark.parametrize("kind", ["cut", "shorten"])
def test_a_read_that_ends_early_is_read_again(place: Place, object_store: Store, kind: str) -> None:
    (entry,) = Place.of("s3://pictures/set").entries()
    object_store.faults.append(Fault(kind, "1.jpg", times=2))
    assert place.read(entry=entry) == DATA
    object_store.faults.append(Fault(kind, "1.jpg", times=2))
    assert place.read() == DATA
    object_store.faults.append(Fault(kind, "1.jpg", times=2))
    assert place.read(100, 1000) == DATA[100:1100]
    assert all(fault.times == 0 for fault in object_store.faults)


@pytest.mark.parametrize("kind", ["cut", "shorten"])
def test_half_a_picture_is_never_given(place: Place, object_store: Store, kind: str) -> None:
    (entry,) = Place.of("s3://pictures/set").entries()
    object_store.faults.append(Fault(kind, "1.jpg", times=99))
    with pytest.raises((CutReadError, BusyError)):
        place.read(entry=entry)
    with pytest.raises((CutReadError, BusyError)):
        place.read(0, 1000)


def test_a_page_of_the_network_is_no_answer_of_a_store(place: Place, object_store: Store) -> None:
    """A page to sign in comes with 200, in place of whatever was asked for."""
    (entry,) = Place.of("s3://pictures/set").entries()
    object_store.faults += [
        Fault("page", times=99, method=method) for method in ("GET", "HEAD", "PUT")
    ]
    folder = Place.of("s3://pictures/set")
    for call in (
        lambda: list(folder.entries()),
        place.exists,
        place.read,
        lambda: place.read(entry=entry),
        lambda: place.write(b"new"),
    ):
        with pytest.raises(StrangerError, match="sign in"):
            call()
    with pytest.raises((StrangerError, CutReadError)):
        place.read(0, 1000)
    object_store.faults.clear()
    assert place.read() == DATA


def test_a_page_of_another_kind_is_no_empty_listing(
    place: Place, object_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"<?xml version='1.0'?><html><body>Sign in</body></html>"
    monkeypatch.setattr("tests.support.object_store.PAGE", page)
    object_store.faults += [Fault("page", times=9), Fault("page", times=9, method="PUT")]
    with pytest.raises(StrangerError):
        list(Place.of("s3://pictures/set").entries())
    with pytest.raises(StrangerError):
        place.write(b"new")


def test_large_reads_are_whole_too(object_store: Store) -> None:
    """By itself, s3fs fills what is missing of a large file with zeros."""
    place = Place.of("s3://pictures/large.tar")
    data = DATA * 408  # 51 MiB: more than a block of s3fs
    place.write(data)
    object_store.faults.append(Fault("shorten", "large.tar"))
    assert place.read() == data


def test_what_vanished_since_it_was_listed_is_gone(place: Place) -> None:
    (entry,) = Place.of("s3://pictures/set").entries()
    place.remove()
    with pytest.raises(GoneError):
        place.read(entry=entry)


@pytest.mark.parametrize("now", [DATA[::-1], DATA[:-1]], ids=["same length", "shorter"])
def test_what_was_replaced_since_it_was_listed_is_told(place: Place, now: bytes) -> None:
    (entry,) = Place.of("s3://pictures/set").entries()
    place.write(now)
    with pytest.raises(ChangedError):
        place.read(entry=entry)


def test_versions_that_are_no_hashes_are_believed(
    place: Place, monkeypatch: pytest.MonkeyPatch, object_store: Store
) -> None:
    """With keys of one's own, S3's ETag isn't the content's MD5."""
    entry = Entry("1.jpg", len(DATA), "0" * 32)
    monkeypatch.setattr(remote, "info", lambda address: entry)
    assert place.read(entry=entry) == DATA
    assert remote._no_hash == {"s3://pictures"}


def test_listings_are_read_page_by_page(
    object_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PAGE", 3)
    names = ["a-b/1", "a.jpg", "a/1", "a/2", "a/b/3", "z", "ä"]
    for name in names:
        Place.of(f"s3://pictures/many/{name}").write(b"x")
    Place.of("s3://pictures/many-more/1").write(b"x")
    object_store.requests.clear()
    listed = Place.of("s3://pictures/many").entries()
    assert next(listed).name == "a-b/1"
    assert object_store.count("GET /pictures") == 1
    assert [entry.name for entry in listed] == names[1:]
    assert object_store.count("GET /pictures") == 3


def test_the_order_is_the_same_without_pages() -> None:
    for name in ("a/2", "ä", "a.jpg", "a-b/1", "a/b/3"):
        Place.of(f"memory://order/{name}").write(b"x")
    found = [entry.name for entry in Place.of("memory://order").entries()]
    assert found == ["a-b/1", "a.jpg", "a/2", "a/b/3", "ä"]


def test_too_much_is_not_read(place: Place) -> None:
    with pytest.raises(StorageError, match="at most 1,000 bytes"):
        place.read(most=1000)


def test_no_credentials_are_told_by_the_variable_to_set(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setattr(systems, "_systems", {})
    with pytest.raises(RefusedError) as caught:
        place.read(0, 10)
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_refusal_shows_no_secret(place: Place, object_store: Store) -> None:
    class ForbiddenError(PermissionError):
        response: ClassVar = {"Error": {"Code": "SignatureDoesNotMatch", "Message": SECRET}}

    def refuse() -> None:
        raise ForbiddenError(f"computed with {SECRET}")

    with pytest.raises(RefusedError) as caught:
        patiently(refuse, str(place), "s3")
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
    assert "SignatureDoesNotMatch" in str(caught.value)


def test_a_bucket_that_is_not_there_is_told(object_store: Store) -> None:
    with pytest.raises(GoneError):
        list(Place.of("s3://no-such-bucket/set").entries())


def test_nobody_at_the_address_is_told(
    object_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(systems, "_systems", {})
    with pytest.raises(BusyError, match="can't be reached"):
        Place.of("s3://pictures/x").read(0, 1)


def test_a_package_that_is_missing_is_named_by_its_extra() -> None:
    with pytest.raises(UsageError) as caught:
        Place.of("gs://bucket/cats")
    assert "pip install 'tl-catdog[gs]'" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://a.org/cats", "a web address"),
        ("nonsense://a/b", "nonsense://"),
        ("simplecache::s3://a/b", "several"),
        ("sftp://me:pass@host/a", "a password|without a password"),
    ],
)
def test_other_addresses_are_refused(address: str, found: str) -> None:
    with pytest.raises(UsageError, match=found) as caught:
        Place.of(address)
    assert "pass@" not in str(caught.value)


def test_nothing_is_imported_for_a_folder() -> None:
    code = (
        "import sys; from tl_catdog.storage.places import Place; p = Place.of('.');"
        "list(p.entries()); print('fsspec' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["False", "False"]


def test_elsewhere_a_file_is_written_beside_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "WHOLE_PUTS", frozenset())
    place = Place.of("memory://aside/part")
    place.write(b"one")
    place.write(b"two")
    assert place.read() == b"two"
    assert [entry.name for entry in Place.of("memory://aside").entries()] == ["part"]
