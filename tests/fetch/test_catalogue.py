"""The public sets: where they are, and what their archives become."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.fetch.archive import Bounds
from tl_catdog.fetch.catalogue import (
    FILTERED,
    FULL,
    KAGGLE,
    MIRROR,
    PETS,
    SETS,
    PublicSet,
    find_set,
    mirrored,
)
from tl_catdog.fetch.getting import command


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR, raising=False)


def test_a_mirror_has_the_same_paths_and_hashes() -> None:
    there = mirrored(PETS, "http://127.0.0.1:8000/mirror")
    assert there.archives[0].url == "http://127.0.0.1:8000/mirror/~vgg/data/pets/images.tar.gz"
    assert [item.sha256 for item in there.archives] == [item.sha256 for item in PETS.archives]
    with pytest.raises(UsageError, match="expected an address"):
        mirrored(PETS, "mirror.example.org")


@pytest.mark.parametrize("address", ["ftp://mirror.example.org", "https://", "https:///sets", "/"])
def test_what_is_no_address_is_no_mirror(address: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"in {MIRROR}, found {address!r}")) as caught:
        mirrored(FILTERED, address)
    assert f"export {MIRROR}=https://" in caught.value.hint


def test_the_catalogue_is_sound() -> None:
    for name, source in SETS.items():
        assert source.name == name
        for item in source.archives:
            assert item.url.startswith("https://")
            assert len(item.sha256) in (0, 64)
        assert command(source, Path("data")) == f"tl-catdog data get {name}"


def test_published_hashes_are_hexadecimal_and_each_ones_own() -> None:
    hashes = [item.sha256 for source in SETS.values() for item in source.archives if item.sha256]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in hashes)
    assert len(set(hashes)) == len(hashes) == 3


def test_the_pictures_of_a_set_take_more_room_than_its_archives_by_a_little() -> None:
    for source in SETS.values():
        assert source.size < source.room < 1.2 * source.size
        # A photograph of a few hundred pixels takes tens of thousands of bytes.
        assert 10_000 < source.size / source.images < 200_000


def test_only_the_size_of_what_needs_an_account_is_an_estimate() -> None:
    exact = {name: [item.exact for item in source.archives] for name, source in SETS.items()}
    assert exact == {"filtered": [True], "full": [True], "pets": [True, True], "kaggle": [False]}
    assert [name for name, source in SETS.items() if source.competition] == ["kaggle"]


def test_a_set_is_as_large_as_its_archives_together() -> None:
    assert PETS.size == 791_918_971 + 19_173_078


def test_the_host_is_the_server_without_port_and_path() -> None:
    assert PETS.archives[0].host == "thor.robots.ox.ac.uk"
    assert mirrored(FILTERED, "http://127.0.0.1:8000").archives[0].host == "127.0.0.1"


@pytest.mark.parametrize("source", SETS.values(), ids=list(SETS))
def test_a_set_is_found_by_its_name(source: PublicSet) -> None:
    assert find_set(source.name) is source


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="found 'Pets'") as caught:
        find_set("Pets")
    assert all(name in caught.value.message for name in SETS)
    assert caught.value.hint == "Type: tl-catdog data list"


def test_the_mirror_in_the_environment_replaces_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:8000/sets/")
    assert find_set("filtered").archives[0].url == (
        "http://127.0.0.1:8000/sets/mledu-datasets/cats_and_dogs_filtered.zip"
    )
    assert find_set("kaggle") is KAGGLE, "it comes through the publisher's own library"
    monkeypatch.setenv(MIRROR, "mirror.example.org")
    with pytest.raises(UsageError, match="expected an address"):
        find_set("filtered")
    monkeypatch.setenv(MIRROR, "")
    assert find_set("filtered") is FILTERED


@pytest.mark.parametrize(
    "mirror",
    [
        "http://[",
        "http://[::1",
        "http://]",
        "http://host:port",
        "http://host:99999",
        "http://host:-1",
        "http://",
        "http:///sets",
        "http://.",
        "http://a..b",
        "http://*.example.org",
        f"http://{'a' * 64}.example.org",
        "http://mirror example.org",
        "http://mirror.example.org/\tsets",
        "http://mirror.example.org\n",
        "http://mirror.example.org?sets",
        "http://mirror.example.org#sets",
        "ftp://mirror.example.org",
        "file:///etc",
        "mirror.example.org",
        "//mirror.example.org",
        "http://\udce9.example.org",
        "\x1b[31m",
        "http://" + "x" * 5_000,
    ],
)
def test_a_mirror_that_is_no_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    monkeypatch.setenv(MIRROR, mirror)
    with pytest.raises(UsageError, match=f"expected an address in {MIRROR}, found") as caught:
        find_set("filtered")
    assert len(caught.value.message) < 130


@pytest.mark.parametrize(
    "mirror",
    ["http://[::1]:8000", "https://me:secret@mirror.example.org/a%20b", "http://bücher.de"],
)
def test_any_address_can_be_a_mirror(mirror: str) -> None:
    (archive,) = mirrored(FILTERED, mirror).archives
    assert archive.url == f"{mirror}/mledu-datasets/cats_and_dogs_filtered.zip"


MEMBERS = [
    (FILTERED, "cats_and_dogs_filtered/train/cats/cat.0.jpg", "train/cats/cat.0.jpg"),
    (FILTERED, "cats_and_dogs_filtered/validation/dogs/dog.7.jpg", "validation/dogs/dog.7.jpg"),
    (FILTERED, "cats_and_dogs_filtered/vectorize.py", None),
    (FILTERED, "cats_and_dogs_filtered/test/cats/cat.0.jpg", None),
    (FILTERED, "cats_and_dogs_filtered/train/cats/more/cat.0.jpg", None),
    (FULL, "PetImages/Cat/0.jpg", "cats/0.jpg"),
    (FULL, "PetImages/Dog/12499.jpg", "dogs/12499.jpg"),
    (FULL, "PetImages/Cat/Thumbs.db", None),
    (FULL, "old/PetImages/Cat/0.jpg", None),
    (KAGGLE, "train/cat.0.jpg", "cats/cat.0.jpg"),
    (KAGGLE, "train/dog.12499.jpg", "dogs/dog.12499.jpg"),
    (KAGGLE, "train/cat.jpg", None),
    (KAGGLE, "train/cat.x.jpg", None),
    (KAGGLE, "test1/1.jpg", None),
]


@pytest.mark.parametrize(("source", "member", "path"), MEMBERS)
def test_members_become_pictures_of_a_class(
    source: PublicSet, member: str, path: str | None
) -> None:
    plan = source.layout([Path("only.zip")], Bounds())
    assert plan.archive == Path("only.zip")
    assert plan.path_of(member) == path
