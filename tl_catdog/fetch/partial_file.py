"""A file that is partly here, with notes on the server's version that it is a part of."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tl_catdog.files import read_json, write_json


@dataclass(frozen=True)
class PartialFile:
    """The first bytes of a file that comes from ``url``."""

    path: Path
    url: str

    @property
    def _notes(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def size(self) -> int:
        """Return how many bytes are here."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def validator(self) -> str:
        """Return the server's mark of the version, ``validator_of``; empty if there is none."""
        notes = self._read()
        return str(notes.get("validator", "")) if notes.get("url") == self.url else ""

    def joined(self) -> bool:
        """Return whether the bytes came in several answers, which may be of different versions."""
        return bool(self._read().get("joined"))

    def begin(self, start: int, headers: Mapping[str, str]) -> IO[bytes]:
        """Open the file to write on from the byte ``start``, 0 for anew.

        Args:
            start: How many of its bytes to keep.
            headers: Of the server's answer.

        Raises:
            OSError: It or its notes can't be written.
        """
        notes = {"url": self.url, "validator": validator_of(headers), "joined": start > 0}
        if start:
            notes["validator"] = self.validator()
        # Emptied first: old bytes never stand beside a new version's notes.
        file = self.path.open("r+b" if start else "wb")
        try:
            write_json(self._notes, notes)
            file.seek(start)
            file.truncate()
        except BaseException:
            file.close()
            raise
        return file

    def finish(self, target: Path) -> None:
        """Give the whole file its own name."""
        self.path.replace(target)
        self._notes.unlink(missing_ok=True)

    def drop(self) -> None:
        """Delete it and its notes."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def lost_notes(self) -> list[Path]:
        """Return the notes that a killed ``finish`` has left without their file."""
        return [self._notes] if self._notes.exists() and not self.path.exists() else []

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            notes = read_json(self._notes)
            if isinstance(notes, dict):
                return notes
        return {}


def validator_of(headers: Mapping[str, str]) -> str:
    """Return a strong ETag, else the time of the last change, else an empty string.

    A weak ETag says that two versions mean the same, not that they have the same bytes.
    """
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")
