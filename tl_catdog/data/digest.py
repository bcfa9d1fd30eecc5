"""Hashes of pictures: they tell copies apart from pictures, and one data set from another."""

from __future__ import annotations

import contextlib
import glob
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.data.parallel import map_threaded
from tl_catdog.data.reading import MAX_BYTES, open_file, read_file
from tl_catdog.data.tree import TAUGHT
from tl_catdog.errors import CatdogError

UNREADABLE = ""

EMPTY = hashlib.sha256().hexdigest()
"""Digest of a file without any bytes, which is a copy of nothing."""


def file_digest(path: Path, most: int = MAX_BYTES) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, or ``UNREADABLE``.

    Args:
        path: The file.
        most: How many bytes it may have.
    """
    try:
        with open_file(path, most) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return UNREADABLE


def file_digests(paths: Iterable[Path]) -> list[str]:
    """Return ``file_digest`` of each path, in order, read in parallel."""
    return list(map_threaded(file_digest, paths))


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file that was hashed, and has to be the same when it is read again.

    Attributes:
        path: Where it is.
        digest: Its ``file_digest``.
    """

    path: Path
    digest: str

    def read(self) -> bytes:
        """Return its bytes: the very ones that were hashed.

        One that was given another class meanwhile, or taken out, is found where ``teach`` puts it:
        whoever labels on doesn't disturb a training.

        Raises:
            OSError: It can't be read any more.
            CatdogError: It has changed.
        """
        try:
            data = read_file(self.path)
        except FileNotFoundError:
            found = self._moved()
            if found is None:
                raise
            return found
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise CatdogError(
                "expected pictures that stay as they are while they are used, "
                f"found that {self.path} changed meanwhile.",
                "Type the same command again.",
            )
        return data

    def _moved(self) -> bytes | None:
        """Return its bytes from another class of a taught folder, or from what was removed."""
        for above in self.path.parents[1:3]:  # the folder of its class is there, or a burst's
            if not (above / TAUGHT).is_dir():
                continue  # what lies in other folders is none of this set
            name = self.path.relative_to(above).as_posix()
            inner = glob.escape(name.partition("/")[2])
            for pattern in (f"*/{inner}", f"{TAUGHT}/removed/*/{glob.escape(name)}"):
                for place in above.glob(pattern):
                    with contextlib.suppress(OSError):
                        data = read_file(place)
                        if hashlib.sha256(data).hexdigest() == self.digest:
                            return data
        return None


def content_key(digest: str, name: str) -> str:
    """Return a key that is equal for byte-identical pictures, and for no others.

    It is the digest; a picture that can't be read has none, and its key is of its name.

    >>> content_key("9f86d081", "cats/1.jpg"), content_key(UNREADABLE, "cats/2.jpg")
    ('9f86d081', 'unreadable cats/2.jpg')
    """
    return digest if digest != UNREADABLE else f"unreadable {name}"


def fingerprint(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return one SHA-256 for a data set: equal when the same pictures have the same roles.

    Args:
        rows: (split, label, content digest) of each picture. Names, folders and order don't
            matter, so a copy of a data set elsewhere has the same fingerprint.

    >>> one, two = ("train", "cats", "9f86d081"), ("test", "dogs", "60303ae2")
    >>> fingerprint([one, two]) == fingerprint([two, one])
    True
    >>> fingerprint([one, two]) == fingerprint([one])
    False
    """
    return fingerprint_of(sorted(rows))


def fingerprint_of(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return ``fingerprint`` of rows that are sorted already."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update("\t".join(row).encode("utf-8", "surrogateescape") + b"\n")
    return whole.hexdigest()
