"""The trials of a search on the disk, so that it goes on where it was stopped.

An SQLite file of our own: Optuna's storage would need a database toolkit as well, of 29 MB, and
would open whatever a stranger's database holds. It is small, so it is written whole, aside, and
renamed; it is read into memory, within bounds, and every value in it is checked.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sqlite3
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.errors import UsageError, listing
from tl_catdog.files import atomic_path, naming
from tl_catdog.runs.rules import (
    WrongValueError,
    flag,
    from_json,
    items,
    mapping,
    real,
    record,
    text,
    whole,
)
from tl_catdog.tuning.study import Trial

FORMAT = 1
"""The file's version, SQLite's ``user_version``."""

MOST = 64 * 2**20
"""Bytes of a file at most; a thousand trials of six searches take one."""

MOST_TRIALS = 100_000

TABLES = (
    "CREATE TABLE asked (part TEXT PRIMARY KEY, digest TEXT NOT NULL)",
    "CREATE TABLE trials (search TEXT NOT NULL, number INTEGER NOT NULL, trial TEXT NOT NULL, "
    "PRIMARY KEY (search, number))",
)
"""SQLite keeps these texts as they are, and reads its tables by them."""

PARTS = ("pictures", "settings", "values searched", "packages")
"""What has to be as it was for a search to go on."""

_TRIAL = record(
    {
        "point": mapping(real(-1e9, 1e9), most=100),
        "losses": items(real(0, 1e9), least=1, most=100),
        "pruned": flag,
        "seconds": real(0, 1e9),
    }
)
_DIGEST = text(64, least=64)
_NUMBER = whole(0, MOST_TRIALS)


@dataclass
class Storage:
    """The trials of the searches of one command.

    Attributes:
        path: The file.
        asked: What was asked for: each part's digest.
        searches: The trials of each search by its name, in order.
    """

    path: Path
    asked: Mapping[str, str]
    searches: dict[str, list[Trial]]

    @classmethod
    def open(cls, path: Path, asked: Mapping[str, str], *, force: bool = False) -> Storage:
        """Read what an earlier process kept; nothing is written yet.

        Args:
            path: The file; it needn't be there.
            asked: The digest of each of ``PARTS``.
            force: Whether to begin anew, whatever there is.

        Raises:
            UsageError: There is something else, or the search of something else.
            OSError: It can't be read.
        """
        if force and not path.is_dir():
            return cls(path, asked, {})
        try:
            with naming(path):
                content = _content(path)
        except FileNotFoundError:
            return cls(path, asked, {})
        try:
            known, searches = _read(content)
        except (sqlite3.Error, WrongValueError, UnicodeError, OverflowError) as error:
            raise _none_of_ours(path) from error
        changed = [part for part in PARTS if known.get(part) != asked[part]]
        if changed:
            raise UsageError(
                f"expected the search that {path} is of, found other {listing(changed)}.",
                "To begin anew add --force, or name another file: --out FILE",
            )
        return cls(path, asked, searches)

    def record(self, search: str, trial: Trial) -> None:
        """Keep a trial.

        Raises:
            OSError: It can't be written.
        """
        self.searches.setdefault(search, []).append(trial)
        self.write()

    def write(self) -> None:
        """Write everything, aside, and give it its name.

        Raises:
            OSError: It can't be written.
        """
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            for table in TABLES:
                database.execute(table)
            database.execute(f"PRAGMA user_version = {FORMAT}")
            database.executemany("INSERT INTO asked VALUES (?, ?)", self.asked.items())
            database.executemany(
                "INSERT INTO trials VALUES (?, ?, ?)",
                [
                    (name, trial.number, json.dumps(_to_json(trial)))
                    for name, trials in self.searches.items()
                    for trial in trials
                ],
            )
            database.commit()
            content = database.serialize()
        with atomic_path(self.path) as temporary:
            temporary.write_bytes(content)


def _none_of_ours(path: Path) -> UsageError:
    return UsageError(
        f"expected the trials of a search in {path}, found something else.",
        f"Remove it: rm {shlex.quote(str(path))}, or name another file: --out FILE",
    )


def _content(path: Path) -> bytes:
    """Return a regular file's bytes.

    Raises:
        OSError: There is none, or it can't be read.
        UsageError: It is of another kind, or too large.
    """
    # A pipe is opened without waiting for its writer, who may never come.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _none_of_ours(path)
        content = file.read(MOST + 1)
    if len(content) > MOST:
        raise _none_of_ours(path)
    return content


def _read(content: bytes) -> tuple[dict[str, str], dict[str, list[Trial]]]:
    """Return what was asked for, and the trials of each search.

    Raises:
        sqlite3.Error: It is no such database.
        WrongValueError: A value can't be.
    """
    if not content.startswith(b"SQLite format 3\0"):
        raise sqlite3.DatabaseError("no database")
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA query_only = ON")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        tables = [sql for (sql,) in database.execute("SELECT sql FROM sqlite_master") if sql]
        if version != FORMAT or sorted(map(repr, tables)) != sorted(map(repr, TABLES)):
            raise sqlite3.DatabaseError("other tables than expected")
        asked = database.execute("SELECT part, digest FROM asked").fetchmany(len(PARTS) + 1)
        for part, digest in asked:
            text(100)(part)
            _DIGEST(digest)
        rows = database.execute(
            "SELECT search, number, trial FROM trials ORDER BY search, number"
        ).fetchmany(MOST_TRIALS)
    searches: dict[str, list[Trial]] = {}
    for name, number, body in rows:
        text(100)(name)
        _NUMBER(number)
        text()(body)
        found = from_json(body.encode())
        _TRIAL(found)
        trials = searches.setdefault(name, [])
        if number != len(trials):
            raise WrongValueError(f"trial {len(trials)}", f"trial {number}")
        trials.append(
            Trial(
                number,
                dict(found["point"]),
                tuple(map(float, found["losses"])),
                found["pruned"],
                float(found["seconds"]),
            )
        )
    return dict(asked), searches


def _to_json(trial: Trial) -> dict[str, Any]:
    return {
        "point": trial.point,
        "losses": list(trial.losses),
        "pruned": trial.pruned,
        "seconds": trial.seconds,
    }


def kept_trials(storage: Storage, name: str) -> Sequence[Trial]:
    """Return the trials of a search that an earlier process made."""
    return tuple(storage.searches.get(name, ()))
