"""WebDataset tars: files of one key make a sample, such as ``17.jpg`` with ``17.cls``.

A tar is read from its headers on, in blocks, and never unpacked anywhere; a shard reads the ranges
of its own pictures.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, cast

from tl_catdog.data.objects import is_hidden, kind, labels_of
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.data.tree import SUFFIXES
from tl_catdog.errors import ImageError, UsageError, listing, shown
from tl_catdog.shards.rows import Row
from tl_catdog.shards.sources.members import Opened, file_of, named
from tl_catdog.storage.places import Place
from tl_catdog.storage.ranged import RangedFile

HEADERS = 2**20
"""Bytes that one header may take; names longer than that are an attack."""
LABEL_BYTES = 2**16
LABEL_ENDINGS = ("cls", "json")
LABEL_KEYS = ("label", "class", "cls", "class_name", "target", "category")
LEFT_OUT = "left-out"
ZEROS = bytes(tarfile.BLOCKSIZE)


class TarSource:
    """The pictures in tars, tar by tar.

    Args:
        files: The tars, in order.
        text: What ``open_source`` makes the same source of.
        root: The folder that they are below.
    """

    def __init__(self, files: list[Place], text: str, root: Place) -> None:
        self.files = named(files, root)
        self.text = text
        self.root = root
        self.remarks: list[tuple[str, str]] = []
        self._open = Opened[Place]()

    def rows(self) -> Iterator[Row]:
        """Yield the pictures; memory doesn't grow with their number.

        Raises:
            UsageError: A tar is damaged, or ends early.
            StorageError: It can't be read.
        """
        left_out = Counter[str]()
        for name, place in self.files:
            entry = place.info()
            split = labels_of(f"{name.replace('-', '/')}/x")[1]
            with RangedFile(place, entry) as file:
                for sample in _samples(members(file, place, left_out)):
                    yield from _rows(sample, file, f"{name}/", split, entry.version, left_out)
        self.remarks = [
            (LEFT_OUT, f"{number} × {what}") for what, number in sorted(left_out.items())
        ]

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes: a range of its tar.

        Raises:
            ImageError: It is too large, or its tar has vanished.
            ChangedError: The tar was replaced.
            StorageError: It can't be read.
        """
        if row.size is None or row.offset is None:
            raise ImageError("the listing doesn't say where in the tar it is")
        if row.size > MAX_BYTES:
            raise ImageError(f"{row.size:,} bytes are more than {MAX_BYTES:,} allowed")
        place = self._open.get(self.root / file_of(row), row.version, lambda place, _: place)
        return place.read(row.offset, row.size)


def members(file: RangedFile, place: Place, left_out: Counter[str]) -> Iterator[tarfile.TarInfo]:
    """Yield the regular files of a tar, in order; nothing is kept of those that were yielded.

    Args:
        file: The tar.
        place: Where it is.
        left_out: Counts links, devices and the like.

    Raises:
        UsageError: It is no tar, is compressed, damaged or ends early.
        StorageError: It can't be read.
    """
    try:
        # Its index of all members would grow with them; headers can't ask for more than a block.
        bounded = cast("Any", _Headers(file))
        with tarfile.open(fileobj=bounded, mode="r:", errors="backslashreplace") as tar:
            while (member := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]
                if member.isreg() and not member.issparse():
                    if member.offset_data + member.size > file.size():
                        raise tarfile.ReadError("ends early")
                    yield member
                elif not member.isdir():
                    left_out["link or device in a tar"] += 1
            end = tar.offset
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE) != ZEROS:  # tarfile takes a damaged header for the end
            raise tarfile.ReadError("ends early, or a header is damaged")
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise UsageError(
            f"expected a whole tar that isn't compressed, found that {place} is none ({error}).",
            "Fetch or write it again, or leave it out",
        ) from error


class _Headers(io.RawIOBase):
    """A tar's headers: no read is longer than one may be, whatever a header says of the next."""

    def __init__(self, file: RangedFile) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= HEADERS:
            raise tarfile.ReadError(f"a header of more than {HEADERS:,} bytes")
        return self._file.read(size)


def _samples(found: Iterator[tarfile.TarInfo]) -> Iterator[list[tarfile.TarInfo]]:
    """Yield the members of each key; those of one stand beside each other."""
    key, sample = None, list[tarfile.TarInfo]()
    for member in found:
        own = _key(member.name)
        full = len(sample) > MOST_PARTS and _stem(member.name) != _stem(sample[-1].name)
        if sample and (own != key or full or len(sample) > 2 * MOST_PARTS):
            yield sample
            sample = []
        key = own
        sample.append(member)
    if sample:
        yield sample


MOST_PARTS = 1000  # members of one sample; a tar of one key mustn't fill the memory


def _key(name: str) -> str:
    """Return a member's name up to the first dot of its last part.

    >>> _key("train/17.left.jpg")
    'train/17'
    """
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition('.')[0]}"


def _stem(name: str) -> str:
    """Return a member's name up to the last dot of its last part.

    >>> _stem("train/17.left.jpg"), _stem("a.b/c")
    ('train/17.left', 'a.b/c')
    """
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.rpartition('.')[0] or last}"


def _rows(
    sample: list[tarfile.TarInfo],
    file: RangedFile,
    start: str,
    split: str | None,
    version: str,
    left_out: Counter[str],
) -> Iterator[Row]:
    images, labels = [], dict[str, str | None]()
    for member in sample:
        ending = member.name.rpartition(".")[2].lower()
        if is_hidden(member.name):
            continue
        elif PurePosixPath(member.name).suffix.lower() in SUFFIXES:
            images.append(member)
        elif ending in LABEL_ENDINGS:
            stem = _stem(member.name)  # keys with dots: 17.a.jpg has 17.a.cls before 17.cls
            labels[stem] = labels.get(stem) or _label(ending, member, file)
        else:
            left_out[kind(member.name)] += 1
    for member in images:
        by_name = labels_of(member.name.removeprefix("./"))
        label = labels.get(_stem(member.name)) or labels.get(_key(member.name))
        yield Row(
            f"{start}{member.name}",
            label or by_name[0],
            split or by_name[1],
            member=member.name,
            offset=member.offset_data,
            size=member.size,
            version=version,
        )


def _label(ending: str, member: tarfile.TarInfo, file: RangedFile) -> str | None:
    """Return what a ``.cls`` or ``.json`` says of its sample's class; None if it says nothing."""
    if member.size > LABEL_BYTES:
        return None
    at = file.tell()
    file.seek(member.offset_data)
    text = file.read(member.size).decode("utf-8", "backslashreplace").strip()
    file.seek(at)
    if ending == "cls":
        return text or None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        found = next((found[key] for key in LABEL_KEYS if key in found), None)
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return None
    return str(found).encode("utf-8", "backslashreplace").decode() or None


def refuse_compressed(name: str) -> None:
    """Make sure that a tar isn't compressed: there would be no way to read a part of it.

    Raises:
        UsageError: Its name says that it is.
    """
    if name.lower().endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")):
        raise UsageError(
            f"expected tars that aren't compressed, found {shown(name)}: a shard reads its part.",
            f"Type: gunzip {listing([name])}",
        )
