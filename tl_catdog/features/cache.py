"""The cache of features for every later training: a bounded SQLite file.

SQLite lets several trainings read and write at once and survives a kill at any time: what was
committed is whole, what wasn't is not there.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from tl_catdog.config import TrainConfig
from tl_catdog.data.parallel import chunks
from tl_catdog.errors import CatdogError
from tl_catdog.files import cache_folder

WAIT = 60.0
"""Seconds to wait for another training that is writing."""

KEYS_A_QUERY = 500  # SQLite's oldest limit of variables in a statement is 999
ROWS_AN_EVICTION = 256

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY, id INTEGER NOT NULL, used REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used);
CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
"""


def store_path() -> Path:
    """Return the path of the cache's file."""
    return cache_folder() / "features.sqlite"


class FeatureStore:
    """Bytes by key; the least recently used are dropped when there are too many.

    A file that is no database any more is begun anew: all of it can be computed again.

    Args:
        path: The file; made if it isn't there.
        limit: Bytes that it may take on the disk.

    Raises:
        OSError: The folder can't be written to.
        sqlite3.Error: The file can't be opened or made.
    """

    def __init__(self, path: Path, limit: float = math.inf) -> None:
        self.path = path
        self.limit = limit
        path.parent.mkdir(parents=True, exist_ok=True)
        # One at a time: SQLite doesn't wait where two make a new file's log at once, and a damaged
        # file must not be begun anew by two.
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=WAIT):
            try:
                self._database = self._open()
            except sqlite3.OperationalError:  # locked, or not to be written to
                raise
            except sqlite3.DatabaseError:
                for suffix in ("", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                self._database = self._open()
        self._shrink()

    def _open(self) -> sqlite3.Connection:
        # Used by one thread after another, never by two at once.
        database = sqlite3.connect(self.path, timeout=WAIT, check_same_thread=False)
        try:
            database.execute("PRAGMA page_size = 16384")  # fewer pages for each vector
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # what is deleted leaves the disk
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def get(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of those that are there, in no order, and mark them as used."""
        for part in chunks(keys, KEYS_A_QUERY):
            marks = ",".join("?" * len(part))
            found = self._database.execute(
                f"SELECT key, value FROM entries JOIN vectors USING (id) WHERE key IN ({marks})",
                part,
            ).fetchall()
            yield from found
            with contextlib.suppress(sqlite3.OperationalError), self._database:
                self._database.execute(
                    f"UPDATE entries SET used = ? WHERE key IN ({marks})", (time.time(), *part)
                )

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Add values, then drop the least recently used until the file is within its limit.

        Raises:
            sqlite3.Error: They can't be written, as on a full disk.
        """
        now = time.time()
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            for key, value in values.items():
                known = self._database.execute("SELECT 1 FROM entries WHERE key = ?", (key,))
                if known.fetchone() is None:  # another training may have added it
                    row = self._database.execute("INSERT INTO vectors (value) VALUES (?)", (value,))
                    self._database.execute(
                        "INSERT INTO entries VALUES (?, ?, ?)", (key, row.lastrowid, now)
                    )
        self._shrink()

    def _shrink(self) -> None:
        while self.used_bytes() > self.limit and self._drop(ROWS_AN_EVICTION):
            pass

    def _drop(self, count: int) -> bool:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            oldest = self._database.execute(
                "SELECT key, id FROM entries ORDER BY used LIMIT ?", (count,)
            ).fetchall()
            self._delete(oldest)
        self._database.executescript("PRAGMA incremental_vacuum")  # execute frees one page only
        return bool(oldest)

    def _delete(self, entries: Sequence[tuple[bytes, int]]) -> None:
        self._database.executemany("DELETE FROM entries WHERE key = ?", [(k,) for k, _ in entries])
        self._database.executemany("DELETE FROM vectors WHERE id = ?", [(i,) for _, i in entries])

    def used_bytes(self) -> int:
        """Return how many bytes of the file are in use."""
        pages, free, size = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def __len__(self) -> int:
        """Return how many values there are."""
        return int(self._database.execute("SELECT COUNT(*) FROM entries").fetchone()[0])

    def clear(self) -> int:
        """Drop everything, and return how many values that was."""
        before = len(self)
        while self._drop(10 * ROWS_AN_EVICTION):
            pass
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before


@contextlib.contextmanager
def open_store(config: TrainConfig) -> Iterator[FeatureStore | None]:
    """Open the feature cache; its failures become errors that name a way around it."""
    if config.cache_size == 0:
        yield None
        return
    path = store_path()
    try:
        store = FeatureStore(path, round(config.cache_size * 1e9))
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, error) from error
    with store:
        try:
            yield store
        except sqlite3.Error as error:  # others have nothing to do with the cache
            raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> CatdogError:
    return CatdogError(
        f"expected a feature cache that can be read and written, found {path} ({error}).",
        "Type: tl-catdog cache --clear, or train with --cache-size 0",
    )
