"""Files that hold many pictures: which of them a row is in, and that they stay as they were."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from tl_catdog.errors import ImageError
from tl_catdog.shards.rows import Row
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import ChangedError, GoneError
from tl_catdog.storage.places import Place

T = TypeVar("T")
MOST_OPEN = 4
"""Files that a worker keeps open; a shard's rows lie in one after the other."""


class Opened(Generic[T]):
    """Files that were opened for reading, the last few of them; pickled, it is empty again."""

    def __init__(self) -> None:
        self._open: dict[str, T] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()

    def get(self, place: Place, version: str | None, make: Callable[[Place, Entry], T]) -> T:
        """Return an open file, made if it isn't there.

        Args:
            place: The file.
            version: The version that was listed.
            make: Called with the place and what is there now.

        Raises:
            ImageError: The file has vanished.
            ChangedError: It was replaced since it was listed: all that is known of it is wrong.
        """
        with self._lock:
            if place.address in self._open:
                return self._open[place.address]
            try:
                entry = place.info()
            except GoneError as error:
                raise ImageError("can't be read (No such file or directory)") from error
            if version is not None and entry.version != version:
                raise ChangedError(
                    f"expected {place} as it was listed, found that it was replaced meanwhile.",
                    "Choose another folder for --out, and type the command again",
                )
            while len(self._open) >= MOST_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[place.address] = made = make(place, entry)
            return made


def file_of(row: Row) -> str:
    """Return the name of the file that a row is in, below its source.

    >>> file_of(Row("train/00.tar/17.jpg", member="17.jpg"))
    'train/00.tar'
    """
    return row.path[: -len(row.member) - 1] if row.member else row.path


def named(files: list[Place], root: Place) -> list[tuple[str, Place]]:
    """Return each file with its name below the source."""
    start = len(str(root).rstrip("/")) + 1
    return [(str(file)[start:], file) for file in files]
