"""Trials on the disk: what was kept comes back, and what a stranger put there is refused."""

import contextlib
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.tuning import storage as module
from tl_catdog.tuning.storage import PARTS, Storage, kept_trials
from tl_catdog.tuning.study import Trial

ASKED = {part: f"{number}" * 64 for number, part in enumerate(PARTS)}
TRIALS = [
    Trial(0, {"strength": 3, "dropout": 0.1 + 0.2}, (0.3, 0.1, 1 / 3, 0.2, 0.7), False, 1.25),
    Trial(1, {"strength": 0, "dropout": 0.0}, (0.9,), True, 0.5),
]


def kept(path: Path) -> Storage:
    found = Storage.open(path, ASKED)
    for trial in TRIALS:
        found.record("search", trial)
    found.record("outer 1", TRIALS[0])
    return found


def test_what_was_kept_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "tune.trials.sqlite"
    assert Storage.open(path, ASKED).searches == {}
    assert not path.exists()
    kept(path)
    found = Storage.open(path, ASKED)
    assert kept_trials(found, "search") == tuple(TRIALS)
    assert kept_trials(found, "outer 1") == (TRIALS[0],)
    assert kept_trials(found, "outer 2") == ()
    assert list(path.parent.iterdir()) == [path]


def test_it_is_a_database_that_others_can_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    kept(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT search, number FROM trials ORDER BY 1, 2").fetchall()
    assert rows == [("outer 1", 0), ("search", 0), ("search", 1)]


@pytest.mark.parametrize("part", PARTS)
def test_the_search_of_something_else_is_refused_by_name(tmp_path: Path, part: str) -> None:
    path = tmp_path / "x"
    kept(path)
    with pytest.raises(UsageError, match=f"found other {part}") as caught:
        Storage.open(path, ASKED | {part: "f" * 64})
    assert "--force" in str(caught.value)
    anew = Storage.open(path, ASKED | {part: "f" * 64}, force=True)
    assert anew.searches == {}
    anew.record("search", TRIALS[0])
    assert Storage.open(path, anew.asked).searches == {"search": [TRIALS[0]]}


def changed(statement: str, *values: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute(statement, values)
            database.commit()

    return change


BODY = '{"point": %s, "losses": [0.1], "pruned": true, "seconds": 1}'
DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello"),
    "half": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "header": lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000),
    "version": changed("PRAGMA user_version = 7"),
    "a table more": changed("CREATE TABLE more (x)"),
    "a view": changed("CREATE VIEW more AS SELECT load_extension('x')"),
    "a trigger": changed("CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM asked; END"),
    "no JSON": changed("UPDATE trials SET trial = 'x'"),
    "bytes": changed("UPDATE trials SET trial = x'ff00'"),
    "no UTF-8": changed("UPDATE trials SET trial = CAST(x'22ff22' AS TEXT)"),
    "nested": changed("UPDATE trials SET trial = ?", "[" * 100_000),
    "digits": changed("UPDATE trials SET trial = ?", BODY % ('{"x": ' + "9" * 5000 + "}")),
    "huge": changed("UPDATE trials SET trial = ?", BODY % '{"x": 1e400}'),
    "nan": changed("UPDATE trials SET trial = ?", BODY % '{"x": NaN}'),
    "words": changed("UPDATE trials SET trial = ?", BODY % '{"x": "y"}'),
    "twice": changed("UPDATE trials SET trial = ?", BODY % '{"x": 1, "x": 2}'),
    "a gap": changed("UPDATE trials SET number = 5 WHERE number = 1"),
    "negative": changed("UPDATE trials SET number = -1 WHERE number = 0"),
    "numbers": changed("UPDATE trials SET number = 'x' WHERE number = 1"),
    "a name": changed("UPDATE trials SET search = x'00' WHERE number = 1"),
    "a long name": changed("UPDATE trials SET search = hex(zeroblob(500)) WHERE number = 1"),
    "a digest": changed("UPDATE asked SET digest = 5"),
    "nothing asked": changed("DELETE FROM asked"),
    "a column": changed("UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'BLOB')"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_a_stranger_put_there_is_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x"
    kept(path)
    DAMAGE[name](path)
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught:
        Storage.open(path, ASKED)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_any_byte_may_be_damaged(tmp_path: Path) -> None:
    """It is refused, or what comes back is of the right kinds."""
    path = tmp_path / "x"
    kept(path)
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 1, 4, 40))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(bytes(content))
        with contextlib.suppress(UsageError):
            for trials in Storage.open(path, ASKED).searches.values():
                for trial in trials:
                    assert isinstance(trial, Trial)
                    assert all(type(loss) is float for loss in trial.losses)


def test_what_is_no_file_or_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError):
        Storage.open(tmp_path / "pipe", ASKED)
    (tmp_path / "folder").mkdir()
    with pytest.raises((UsageError, OSError)):
        Storage.open(tmp_path / "folder", ASKED, force=True)
    path = tmp_path / "x"
    kept(path)
    monkeypatch.setattr(module, "MOST", 1000)
    with pytest.raises(UsageError):
        Storage.open(path, ASKED)
