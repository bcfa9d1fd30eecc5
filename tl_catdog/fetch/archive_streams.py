"""Streams of archives that may be hostile: they give no more than an archive may hold.

What ``zipfile`` and ``tarfile`` read before anybody can look at a member is bounded here.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import IO, Self

from tl_catdog.errors import CatdogError

ENTRY = b"PK\x01\x02"
"""What a zip archive's directory says of a member begins so."""
SLACK = 1 << 20
"""Bytes that may come out of a small member however well it was packed."""

EXTENSIONS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
"""Headers whose content belongs to the member that follows."""


class ArchiveError(CatdogError):
    """An archive that is damaged or hostile."""

    def __init__(self, path: Path, wanted: str, found: str) -> None:
        super().__init__(
            f"expected {wanted} in {path.name}, found {found}.",
            "Nothing was unpacked. Get the archive anew.",
        )


def check(path: Path, fine: bool, wanted: str, found: str) -> None:
    """Raise an error about an archive unless something is fine.

    Raises:
        ArchiveError: It isn't; the words say what was wanted and what was found.
    """
    if not fine:
        raise ArchiveError(path, wanted, found)


class Header(tarfile.TarInfo):
    """A header that refuses the long names and attributes that tarfile would take into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return what 512 bytes of an archive say, if that isn't a very long text."""
        info = super().frombuf(buf, encoding, errors)
        if info.type in EXTENSIONS and info.size > SLACK:
            raise tarfile.ReadError(f"a header of {info.size:,} bytes")
        return info


class Counted(io.RawIOBase):
    """A stream that refuses to give more than so many bytes."""

    def __init__(self, path: Path, raw: IO[bytes], most: int) -> None:
        self._path, self._raw, self._left = path, raw, most

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes at most."""
        data = self._raw.read(size)
        self._left -= len(data)
        check(self._path, self._left >= 0, "no more bytes than pictures need", "more")
        return data


class Directory(io.FileIO):
    """A zip archive that refuses to give more of its members' descriptions than it may have.

    ``zipfile`` reads all of them at once and makes ten times as much of it, before anybody can ask
    how many there are.
    """

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self._path, self._most = path, most

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes at most."""
        found = super().read(-1 if size is None else size)
        few = found.count(ENTRY) <= self._most
        check(self._path, few, f"at most {self._most:,} members", "more")
        return found
