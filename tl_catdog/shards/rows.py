"""The rows of a listing, and what a source of pictures is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """One picture of a source.

    Attributes:
        path: Its name below the source, as people see it.
        label: Its class; None where nobody says.
        split: ``train``, ``validation`` or ``test``; None where nobody says.
        member: What it is called within a file that holds several.
        offset: The number of its row within a table, or of its first byte within an archive.
        size: Bytes, where that is known.
        version: Changes when its content does: an object's etag, a file's time.
        raw: The name's bytes, where they aren't UTF-8.
    """

    path: str
    label: str | None = None
    split: str | None = None
    member: str | None = None
    offset: int | None = None
    size: int | None = None
    version: str | None = None
    raw: bytes | None = None


class Source(Protocol):
    """Where pictures come from; may be pickled.

    Attributes:
        text: What ``open_source`` makes the same source of, on every machine.
        remarks: Kind and detail of what is noticed while ``rows`` runs; see ``audit.findings``.
    """

    text: str
    remarks: list[tuple[str, str]]

    def rows(self) -> Iterator[Row]:
        """Yield the pictures, always in the same order."""

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes; may be called by several threads at once.

        Raises:
            ImageError: It can't be had: it has vanished, say. That becomes the row's error.
            OSError: The same.
            Exception: Anything else fails the shard, which is then tried again.
        """
