"""The cache of features for every later training: a bounded SQLite file.

It only saves time, so nothing that goes wrong with it ends a training. A value that isn't what was
put is not given out; a file that is damaged, or of another version, is begun anew; where nothing
can be written, the work goes on without. Each is said in one line.

SQLite lets several trainings read and write at once and survives a kill at any time: what was
committed is whole, what wasn't is not there.
"""

from __future__ import annotations

import contextlib
import math
import os
import shlex
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from filelock import FileLock

from tl_catdog.config import TrainConfig
from tl_catdog.data.parallel import chunks
from tl_catdog.errors import CatdogError, CatdogWarning
from tl_catdog.features.cache_file import (
    FAILURES,
    MOVED,
    WAIT,
    check,
    checksum,
    connect,
    count_values,
    drop,
    empty,
    evict,
    identity,
    is_damage,
    remove,
    used_bytes,
)
from tl_catdog.files import atomic_path, cache_folder, usable_cache_folder
from tl_catdog.wording import plural

T = TypeVar("T")

KEYS_A_QUERY = 500  # SQLite's oldest limit of variables in a statement is 999
ROWS_AN_EVICTION = 256

TRIES = 3
"""How often one thing is tried before the cache is given up."""


def store_path() -> Path:
    """Return the path of the cache's file."""
    return cache_folder() / "features.sqlite"


class FeatureStore:
    """Bytes by key; the least recently used are dropped when there are too many.

    No method raises an error of the database or the disk: see the module. Used by one thread after
    another, never by two at once.

    Args:
        path: The file; made if it isn't there.
        limit: Bytes that it may take on the disk.
    """

    def __init__(self, path: Path, limit: float = math.inf) -> None:
        self.path = path
        self.limit = limit
        self.damaged = 0
        """How many values weren't what had been put."""
        self._database: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._condemned: tuple[int, int] | None = None
        self._failed: Exception | None = None
        self._usable = self._marking = True
        self._do(self._shrink, None)

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.damaged:
            values = plural(self.damaged, "value")
            _warn(f"Damaged in the feature cache, and computed anew: {values} ({self.path}).")
            self.damaged = 0
            self._do(check, None)  # or what is put into such a file may get lost again
        self._close()

    def get(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of those that are there, in no order, and mark them as used."""
        for part in chunks(keys, KEYS_A_QUERY):
            nothing: list[tuple[bytes, bytes]] = []
            yield from self._do(partial(self._get, part), nothing)

    def _get(
        self, keys: Sequence[bytes], database: sqlite3.Connection
    ) -> list[tuple[bytes, bytes]]:
        marks = ",".join("?" * len(keys))
        rows = database.execute(
            "SELECT key, checksum, value FROM entries JOIN vectors USING (id) "
            f"WHERE key IN ({marks})",
            keys,
        ).fetchall()
        wanted, whole, broken = set(keys), [], []
        for key, written, value in rows:
            if not isinstance(value, bytes) or checksum(key, value) != written:
                broken.append(key)
            elif key in wanted:
                whole.append((key, value))
        if broken:
            self._drop(database, broken)
        if self._marking:
            try:
                with database:
                    database.execute(
                        f"UPDATE entries SET used = ? WHERE key IN ({marks})", (time.time(), *keys)
                    )
            except sqlite3.OperationalError:  # as where nothing may be written
                self._marking = False
        return whole

    def refuse(self, key: bytes) -> None:
        """Take a value that was given out for damaged: it is dropped, and counted."""
        self._do(lambda database: self._drop(database, [key]), None)

    def _drop(self, database: sqlite3.Connection, keys: Sequence[bytes]) -> None:
        self.damaged += len(keys)
        with contextlib.suppress(sqlite3.OperationalError):
            drop(database, keys)

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Add values, then drop the least recently used until the file is within its limit."""
        self._do(lambda database: self._put(database, values), None)

    def _put(self, database: sqlite3.Connection, values: Mapping[bytes, bytes]) -> None:
        now = time.time()
        with database:
            database.execute("BEGIN IMMEDIATE")
            for key, value in values.items():
                known = database.execute(
                    "SELECT 1 FROM entries JOIN vectors USING (id) WHERE key = ?", (key,)
                )
                if known.fetchone() is None:  # another training may have added it
                    row = database.execute(
                        "INSERT INTO vectors (checksum, value) VALUES (?, ?)",
                        (checksum(key, value), value),
                    )
                    database.execute(
                        "INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (key, row.lastrowid, now)
                    )
        self._shrink(database)

    def _shrink(self, database: sqlite3.Connection) -> None:
        while used_bytes(database) > self.limit and evict(database, ROWS_AN_EVICTION):
            pass

    def used_bytes(self) -> int:
        """Return how many bytes of the file are in use."""
        return self._do(used_bytes, 0)

    def __len__(self) -> int:
        """Return how many values there are."""
        return self._do(count_values, 0)

    def _do(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do something with the database, which is begun anew if it turns out to be damaged.

        Args:
            work: What to do; done again with the new one.
            otherwise: The answer where the cache can't be used.
        """
        for number in range(TRIES):
            if not self._usable:
                break
            try:
                return work(self._connected())
            except (*FAILURES, OSError, MemoryError) as error:
                self._close()
                moved = getattr(error, "sqlite_errorcode", 0) in MOVED or (
                    self._opened is not None and identity(self.path) != self._opened
                )
                if is_damage(error, self.path):
                    self._condemned, self._failed = self._opened, error
                if not (moved or is_damage(error, self.path)) or number == TRIES - 1:
                    self._usable = False
                    _warn(
                        "Going on without the feature cache, which only saves time: "
                        f"{self.path} can't be used ({error})."
                    )
        return otherwise

    def _connected(self) -> sqlite3.Connection:
        """Return the open database, opened again where another file has taken its place."""
        if self._database is not None and identity(self.path) != self._opened:
            self._close()
        if self._database is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self.path):
                self._database = self._open()
                self._opened = identity(self.path)
        return self._database

    def _open(self) -> sqlite3.Connection:
        there = identity(self.path)
        if there is not None and there != self._condemned:
            try:
                return connect(self.path)
            except FAILURES as error:
                if not is_damage(error, self.path):
                    raise
                self._failed = error
        if there is not None:
            remove(self.path)
            _warn(f"The feature cache is begun anew: {self.path} was damaged ({self._failed}).")
        with atomic_path(self.path) as temporary:
            temporary.write_bytes(empty())
        return connect(self.path)

    def _close(self) -> None:
        if self._database is not None:
            with contextlib.suppress(*FAILURES):
                self._database.close()
            self._database = None


def _warn(text: str) -> None:
    warnings.warn(text, CatdogWarning, stacklevel=2)


@contextlib.contextmanager
def open_store(config: TrainConfig) -> Iterator[FeatureStore | None]:
    """Open the feature cache; None where there is to be none, or no place for it."""
    if config.cache_size == 0 or usable_cache_folder() is None:
        yield None
        return
    with FeatureStore(store_path(), round(config.cache_size * 1e9)) as store:
        yield store


def clear(path: Path) -> None:
    """Remove the cache without opening it; a training that uses it meanwhile begins another.

    Raises:
        CatdogError: It can't be removed.
    """
    if not os.path.lexists(path):
        return
    try:
        with _alone(path):
            remove(path)
    except OSError as error:
        raise CatdogError(
            f"expected a feature cache that can be removed, found {path} "
            f"({error.strerror or error}).",
            f"Type: ls -ld {shlex.quote(str(path))}",
        ) from error


def _alone(path: Path) -> FileLock:
    """Return what only one process at a time enters to open a cache, to begin it or to remove it.

    Otherwise a damaged file would be begun anew by two.
    """
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=WAIT)
