"""The public picture sets: where they are, how large, under which licence, how they are laid out.

Every set is published with the classes ``cats`` and ``dogs``, as the drawings have them, so that a
run trained on one can be evaluated on another.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tl_catdog.errors import UsageError, listing, shown
from tl_catdog.fetch.layouts import Layout, by_name, oxford

MIRROR = "TL_CATDOG_MIRROR"
"""Names the environment variable whose address replaces the scheme and host of every archive."""


@dataclass(frozen=True)
class Archive:
    """A file to fetch.

    Attributes:
        name: Its name.
        url: Its address.
        size: Its bytes; a mere estimate if not ``exact``.
        sha256: Its hash in hexadecimal; empty where no publisher gives one.
        exact: Whether ``size`` is what it must have.
    """

    name: str
    url: str
    size: int
    sha256: str = ""
    exact: bool = True

    @property
    def host(self) -> str:
        """The server's name, for people."""
        return urlsplit(self.url).hostname or self.url


@dataclass(frozen=True)
class PublicSet:
    """A public picture set.

    Attributes:
        name: What users type.
        title: What people call it.
        archives: What to fetch.
        images: How many pictures its archives hold.
        room: About what its pictures take on the disk, in bytes.
        licence: Its licence.
        home: Its publisher's page.
        layout: How its archives are laid out.
        competition: Its name on Kaggle, for a set that only Kaggle has.
    """

    name: str
    title: str
    archives: tuple[Archive, ...]
    images: int
    room: int
    licence: str
    home: str
    layout: Layout
    competition: str = ""

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(archive.size for archive in self.archives)


FILTERED = PublicSet(
    name="filtered",
    title="TensorFlow tutorial",
    archives=(
        Archive(
            "cats_and_dogs_filtered.zip",
            "https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip",
            68_606_236,
        ),
    ),
    images=3_000,
    room=75_000_000,
    licence="competition rules",
    home="https://www.tensorflow.org/tutorials/images/transfer_learning",
    layout=by_name(
        r"cats_and_dogs_filtered/(?P<split>train|validation)/(?P<label>cat|dog)s/(?P<file>[^/]+)"
    ),
)

FULL = PublicSet(
    name="full",
    title="Microsoft",
    archives=(
        Archive(
            "kagglecatsanddogs_5340.zip",
            "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
            "kagglecatsanddogs_5340.zip",
            824_887_076,
            "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
        ),
    ),
    images=25_000,
    room=900_000_000,
    licence="CDLA-Permissive-2.0",
    home="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
    layout=by_name(r"PetImages/(?P<label>Cat|Dog)/(?P<file>[^/]+)"),
)

PETS = PublicSet(
    name="pets",
    title="Oxford-IIIT Pet",
    archives=(
        Archive(
            "images.tar.gz",
            "https://thor.robots.ox.ac.uk/~vgg/data/pets/images.tar.gz",
            791_918_971,
            "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
        ),
        Archive(
            "annotations.tar.gz",
            "https://thor.robots.ox.ac.uk/~vgg/data/pets/annotations.tar.gz",
            19_173_078,
            "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
        ),
    ),
    images=7_349,
    room=850_000_000,
    licence="CC BY-SA 4.0",
    home="https://www.robots.ox.ac.uk/~vgg/data/pets/",
    layout=oxford,
)

KAGGLE = PublicSet(
    name="kaggle",
    title="Kaggle (account needed)",
    archives=(
        Archive("train.zip", "https://www.kaggle.com/c/dogs-vs-cats", 570_000_000, exact=False),
    ),
    images=25_000,
    room=620_000_000,
    licence="competition rules",
    home="https://www.kaggle.com/c/dogs-vs-cats",
    layout=by_name(r"train/(?P<file>(?P<label>cat|dog)\.\d+\.jpg)"),
    competition="dogs-vs-cats",
)

SETS = {public_set.name: public_set for public_set in (FILTERED, FULL, PETS, KAGGLE)}


def find_set(name: str) -> PublicSet:
    """Return the set of that name, from the mirror if there is one.

    Raises:
        UsageError: There is no such set, or the mirror isn't an address.
    """
    public_set = SETS.get(name)
    if public_set is None:
        raise UsageError(
            f"expected one of the sets {listing(SETS)}, found {name!r}.",
            "Type: tl-catdog data list",
        )
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    return public_set if not mirror or public_set.competition else mirrored(public_set, mirror)


def mirrored(public_set: PublicSet, mirror: str) -> PublicSet:
    """Return the set with its archives at another host, under the same paths.

    Raises:
        UsageError: The mirror isn't an address.
    """
    if not _is_address(mirror):
        raise UsageError(
            f"expected an address in {MIRROR}, found {shown(mirror)}.",
            f"Type: export {MIRROR}=https://mirror.example.org",
        )
    archives = tuple(
        replace(archive, url=mirror + urlsplit(archive.url).path) for archive in public_set.archives
    )
    return replace(public_set, archives=archives)


def _is_address(text: str) -> bool:
    """Return whether a path can be put behind a text, so that the whole is an address."""
    import requests  # which takes a while, and a mirror is rare

    if not text.isprintable() or " " in text:
        return False  # urlsplit leaves some of that out
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        host.encode("idna")
        fits = parts.port != 0
        requests.Request("GET", text).prepare()
    except ValueError:
        return False
    behind = parts.query or parts.fragment or text.endswith(("?", "#"))
    return fits and bool(host) and not behind and parts.scheme in ("http", "https")
