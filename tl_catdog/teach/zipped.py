"""A zip archive of what lies on the disk, sent while it is made."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PIECE = 65_536  # bytes of a file that are read at a time


class _Pieces:
    """A file that can't be sought, whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        found, self.parts = b"".join(self.parts), []
        return found


def zipped(place: Path) -> Iterator[bytes]:
    """Yield the bytes of a zip archive of a file or a folder; what is a link is left out.

    No more than a piece of a file is in memory.
    """
    out = _Pieces()
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    stream: IO[bytes] = out  # type: ignore[assignment]  # all that zipfile asks of a stream
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # weights don't get smaller
        for path in files:
            if path.is_symlink() or not path.is_file():
                continue
            name = path.relative_to(place.parent).as_posix()
            info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as member:
                while piece := source.read(PIECE):
                    member.write(piece)
                    yield out.taken()
    yield out.taken()
