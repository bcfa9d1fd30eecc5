"""What a listing says of a file."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 2**31
"""Bytes that are read at once at most, unless a caller says otherwise."""


@dataclass(frozen=True, slots=True)  # there may be very many
class Entry:
    """A file as it was listed.

    Attributes:
        name: Its path below the folder that was listed, with slashes.
        size: Its bytes.
        version: What changes when it does: a store's ETag or generation, else its time; may be
            empty where a store has neither.
        folder: Whether it is a folder.
    """

    name: str
    size: int
    version: str = ""
    folder: bool = False
