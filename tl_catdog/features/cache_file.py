"""The feature cache's file: an SQLite database that may be damaged in any way."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

WAIT = 20.0
"""Seconds to wait for another training that is writing."""

FORMAT = 2
"""The file's version, SQLite's ``user_version``; version 1 had no checksums and 0 for it."""

BESIDE = ("-journal", "-wal", "-shm")
"""What SQLite puts beside a file; versions before 0.3 used the last two."""

TABLES = (
    "CREATE TABLE entries (key BLOB PRIMARY KEY, id INTEGER NOT NULL, used REAL NOT NULL) "
    "WITHOUT ROWID",
    "CREATE INDEX entries_by_use ON entries (used)",
    "CREATE TABLE vectors (id INTEGER PRIMARY KEY, checksum BLOB NOT NULL, value BLOB NOT NULL)",
)
"""SQLite keeps these texts as they are, and reads its tables by them."""

MOVED = {sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_IOERR_DELETE_NOENT}
"""SQLite's codes for what it says while another process removes a file, or begins it anew."""

FAILURES = (sqlite3.Error, UnicodeError)
"""What Python raises for a database; the latter where a damaged name stands in SQLite's message."""

UNUSABLE = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_AUTH,
}  # fmt: skip
"""SQLite's codes for what lies with the disk or with others; any other means a damaged file."""

DAMAGED = {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}


def checksum(key: bytes, value: bytes) -> bytes:
    """Return what a value is checked by.

    It is of the key as well, so that a value under another key doesn't pass. BLAKE2b takes 4 µs for
    the 5 KB of pooled features, a tenth of what reading them takes, and needs no hardware of its
    own to be fast; 128 bits leave nothing to chance, which the 32 of a CRC do.
    """
    return hashlib.blake2b(b"%d:%b%b" % (len(key), key, value), digest_size=16).digest()


def connect(path: Path) -> sqlite3.Connection:
    """Open a cache.

    Raises:
        sqlite3.Error: It is none, or can't be opened.
        OSError: It is gone.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for ever
        raise sqlite3.DatabaseError("it is no regular file")
    database = sqlite3.connect(path, timeout=WAIT, check_same_thread=False)
    try:
        # What a power cut may damage is found by the checksums, and computed again.
        database.execute("PRAGMA synchronous = OFF")
        database.text_factory = bytes  # damage may turn anything into text
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            raise sqlite3.DatabaseError(f"version {version} instead of {FORMAT}")
        texts = [sql for (sql,) in database.execute("SELECT sql FROM sqlite_master")]
        if sorted(map(repr, texts)) != sorted(repr(table.encode()) for table in TABLES):
            raise sqlite3.DatabaseError("other tables than expected")
    except BaseException:
        database.close()
        raise
    return database


def empty() -> bytes:
    """Return the content of a cache without values; written whole, no file lacks its tables."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA page_size = 16384")  # fewer pages for each vector
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # what is deleted leaves the disk
        for table in TABLES:
            database.execute(table)
        database.execute(f"PRAGMA user_version = {FORMAT}")
        return database.serialize()


def remove(path: Path) -> None:
    """Remove a cache, in whatever state, with what SQLite has put beside it.

    Where a link points to something else than a file, the link goes and not what it points to.

    Raises:
        OSError: It can't be removed, or is a folder that isn't empty.
    """
    real = Path(os.path.realpath(path))
    if not real.is_file():
        real = path
    # These first: a new file must never meet the journal of an old one.
    for suffix in BESIDE:
        real.with_name(real.name + suffix).unlink(missing_ok=True)
    if real.is_dir() and not real.is_symlink():
        real.rmdir()
    else:
        real.unlink(missing_ok=True)


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another that has taken its name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_damage(error: Exception, path: Path) -> bool:
    """Return whether an error says that a file is damaged, not that it can't be used now."""
    if not isinstance(error, FAILURES):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_READONLY:  # because of its permissions, or of what is in it?
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code is None or code in DAMAGED or code & 0xFF not in UNUSABLE


def used_bytes(database: sqlite3.Connection) -> int:
    """Return how many bytes of the file are in use.

    Raises:
        sqlite3.DatabaseError: More pages are said to be free than there are, or fewer than none.
    """
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    if not 0 <= free <= pages:
        raise sqlite3.DatabaseError("its list of free pages is damaged")
    return int((pages - free) * size)


def count_values(database: sqlite3.Connection) -> int:
    """Return how many values there are."""
    return int(database.execute("SELECT COUNT(*) FROM entries").fetchone()[0])


def evict(database: sqlite3.Connection, count: int) -> bool:
    """Drop the longest unused values; return whether there was anything to drop.

    Raises:
        sqlite3.DatabaseError: None of them could be dropped: the index names others.
    """
    with database:
        database.execute("BEGIN IMMEDIATE")
        oldest = database.execute(
            "SELECT key, id FROM entries ORDER BY used LIMIT ?", (count,)
        ).fetchall()
        before = database.total_changes
        database.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key, _ in oldest])
        database.executemany("DELETE FROM vectors WHERE id = ?", [(id_,) for _, id_ in oldest])
        if not oldest:  # what damage has left without an entry
            database.execute("DELETE FROM vectors")
        changed = database.total_changes > before
        if oldest and not changed:
            raise sqlite3.DatabaseError("its index is damaged")
    database.executescript("PRAGMA incremental_vacuum")  # execute frees one page only
    return changed


def check(database: sqlite3.Connection) -> None:
    """Look through the whole file.

    Raises:
        sqlite3.DatabaseError: What holds it together is damaged.
    """
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != b"ok":
        raise sqlite3.DatabaseError(" ".join(found.decode(errors="replace").split()))


def drop(database: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """Drop these values, and others that damage has given the same number."""
    names = [(key,) for key in keys]
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "DELETE FROM vectors WHERE id IN (SELECT id FROM entries WHERE key = ?)", names
        )
        database.executemany("DELETE FROM entries WHERE key = ?", names)


class Contents(NamedTuple):
    """What a cache holds.

    Attributes:
        values: How many values; 0 if that can't be told.
        size: Bytes that its files take on the disk.
        problem: Why nothing can be read of it, None if nothing is wrong or there is none.
    """

    values: int
    size: int
    problem: str | None


def contents(path: Path) -> Contents:
    """Look at a cache without making, mending or marking anything in it."""
    if not os.path.lexists(path):
        return Contents(0, 0, None)
    size = 0
    real = Path(os.path.realpath(path))
    for suffix in ("", *BESIDE):
        with contextlib.suppress(OSError):
            size += real.with_name(real.name + suffix).stat().st_size
    try:
        with contextlib.closing(connect(path)) as database:
            return Contents(count_values(database), size, None)
    except (*FAILURES, OSError) as error:
        return Contents(0, size, str(error))
