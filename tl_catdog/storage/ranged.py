"""A file at a place, read in pieces: for archives and tables, of which a shard needs a part."""

from __future__ import annotations

import io
import threading

from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import StorageError
from tl_catdog.storage.places import Place

BLOCK = 2**20
"""Bytes of one request: small members share one, large ones are passed over."""
MOST_AT_ONCE = 2**31


class RangedFile(io.RawIOBase):
    """A readable file that asks its place for a block at a time; may be shared by threads.

    Args:
        place: The file.
        entry: What was listed of it; asked for if it isn't given.
        block: Bytes of one request at least.
        most: Bytes that one read may ask for: what a file says of itself isn't believed.

    Raises:
        StorageError: It isn't there.
    """

    def __init__(
        self,
        place: Place,
        entry: Entry | None = None,
        block: int = BLOCK,
        most: int = MOST_AT_ONCE,
    ) -> None:
        super().__init__()
        self.place = place
        self.entry = entry or place.info()
        self._block = block
        self._most = most
        self._at = 0
        self._start = 0
        self._held = b""
        self._lock = threading.RLock()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def size(self) -> int:
        """Return how many bytes it has."""
        return self.entry.size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; nothing is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.entry.size}[whence]
        if base + offset < 0:
            raise ValueError("before the first byte")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes; fewer than asked for at the end alone.

        Raises:
            StorageError: They can't be read, or are more than allowed.
        """
        with self._lock:
            left = max(0, self.entry.size - self._at)
            wanted = left if size is None or size < 0 else min(size, left)
            if wanted > self._most:
                raise StorageError(
                    f"expected pieces of at most {self._most:,} bytes, found one of {wanted:,} in "
                    f"{self.place}."
                )
            data = self._bytes(self._at, wanted)
            self._at += len(data)
            return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; return how many bytes there were."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _bytes(self, start: int, length: int) -> bytes:
        if length == 0:
            return b""
        inside = start - self._start
        if inside >= 0 and inside + length <= len(self._held):
            return self._held[inside : inside + length]
        if length >= self._block:
            return self.place.read(start, length)
        begin = start
        self._held = self.place.read(begin, min(self._block, self.entry.size - begin))
        self._start = begin
        return self._held[:length]


def lines(place: Place, entry: Entry | None = None) -> io.TextIOWrapper:
    """Open a text as UTF-8, with or without a mark, line by line; other bytes are spelt out.

    Raises:
        StorageError: It isn't there.
    """
    raw = RangedFile(place, entry)
    return io.TextIOWrapper(
        io.BufferedReader(raw, BLOCK), encoding="utf-8-sig", errors="backslashreplace", newline=""
    )
