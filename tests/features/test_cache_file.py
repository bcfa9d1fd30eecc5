"""The feature store when anything fails: never another value, never an error, said once."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tl_catdog.config import TrainConfig
from tl_catdog.errors import CatdogWarning
from tl_catdog.features import cache as module
from tl_catdog.features import cache_file
from tl_catdog.features.cache import FeatureStore, open_store
from tl_catdog.features.cache_file import contents

DICE = random.Random(0)
VALUES = {
    DICE.randbytes(32): DICE.randbytes(20_000 if number % 4 else 5120) for number in range(60)
}
PAGE = 16384


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "features.sqlite"
    with FeatureStore(path) as store:
        store.put(VALUES)
    return path


def used(path: Path, limit: float = 1e9) -> tuple[int, list[str]]:
    """Use a cache as a training does; return how many values it knew, and what was said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with FeatureStore(path, limit) as store:
            found = dict(store.get(VALUES))
            assert found.items() <= VALUES.items(), "another value"
            store.put(VALUES)
            again = dict(store.get(VALUES))
            assert again.items() <= VALUES.items(), "another value"
    return len(found), [str(item.message) for item in caught]


def test_single_flipped_bits_never_give_another_value_or_an_error(path: Path) -> None:
    whole = path.read_bytes()
    structure = [place for place in range(len(whole)) if place % PAGE < 200 or place < 3 * PAGE]
    anew = fewer = 0
    for number in range(200):
        place = DICE.choice(structure) if number % 2 else DICE.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << DICE.randrange(8)
        path.write_bytes(damaged)
        known, said = used(path, 1e6 if number % 5 == 0 else 1e9)
        assert len(said) <= 2
        anew += known == 0
        fewer += 0 < known < len(VALUES)
    assert anew > 10
    assert fewer > 10


@pytest.mark.parametrize("kind", ["zeroed", "swapped", "cut", "many"])
def test_larger_damage_does_not_either(path: Path, kind: str) -> None:
    whole = path.read_bytes()
    for _ in range(15):
        damaged = bytearray(whole)
        one, other = (DICE.randrange(len(whole) // PAGE) * PAGE for _ in range(2))
        if kind == "zeroed":
            damaged[one + 100 : one + PAGE] = bytes(PAGE - 100)
        elif kind == "swapped":
            damaged[one : one + PAGE] = whole[other : other + PAGE]
            damaged[other : other + PAGE] = whole[one : one + PAGE]
        elif kind == "cut":
            del damaged[DICE.randrange(len(whole)) :]
        else:
            for _ in range(50):
                damaged[DICE.randrange(len(whole))] ^= 1 << DICE.randrange(8)
        path.write_bytes(damaged)
        used(path)
        used(path)
        assert used(path) == (60, [])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vectors SET value = zeroblob(length(value))",
        "UPDATE vectors SET value = substr(value, 2)",
        "UPDATE vectors SET value = 'text'",
        "UPDATE vectors SET value = 7, checksum = 'text'",
        "UPDATE entries SET id = 1 + (id % 60)",  # each value under another's key
    ],
)
def test_values_that_are_not_what_was_put_are_dropped_and_counted(path: Path, change: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    known, said = used(path)
    assert known == 0
    assert said == [f"Damaged in the feature cache, and computed anew: 60 values ({path})."]
    assert used(path) == (60, [])  # they were put again


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE vectors",
        "DROP TABLE entries",
        "ALTER TABLE vectors RENAME COLUMN checksum TO hash",
        f"PRAGMA user_version = {cache_file.FORMAT + 1}",
        "PRAGMA user_version = 0",  # as all had before there were checksums
    ],
)
def test_a_file_of_another_make_is_begun_anew(path: Path, change: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    known, said = used(path)
    assert known == 0
    assert len(said) == 1
    assert "begun anew" in said[0]
    assert used(path) == (60, [])


def test_a_message_of_sqlite_s_that_no_encoding_shows_is_damage(path: Path) -> None:
    content = path.read_bytes()
    assert b"CREATE TABLE vectors" in content
    path.write_bytes(content.replace(b"CREATE TABLE vectors", b"CREATE TABLE v\xcbctors"))
    known, said = used(path)
    assert (known, len(said)) == (0, 1)
    assert used(path) == (60, [])


def test_a_file_that_says_it_is_read_only_is_damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[18] = 77  # the version that a program must know to write it
    path.write_bytes(content)
    used(path)
    used(path)
    assert used(path) == (60, [])
    with FeatureStore(path) as store:
        store.put({b"other": b"value"})
        assert dict(store.get([b"other"])) == {b"other": b"value"}


@pytest.mark.parametrize("content", [b"no database" * 500, b"", b"\0" * 40000])
def test_what_is_no_database_is_begun_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert used(path)[0] == 0
    assert used(path) == (60, [])


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("make", [Path.mkdir, make_pipe, make_link_to_a_device])
def test_what_is_no_file_is_replaced_and_what_a_link_names_stays(
    tmp_path: Path, make: object
) -> None:
    path = tmp_path / "features.sqlite"
    make(path)  # type: ignore[operator]
    assert used(path)[0] == 0
    assert path.is_file()
    assert not path.is_symlink()
    assert Path("/dev/null").is_char_device()
    assert used(path) == (60, [])


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "features.sqlite" / "mine").mkdir(parents=True)
    known, said = used(tmp_path / "features.sqlite")
    assert (known, len(said)) == (0, 1)
    assert "Going on without the feature cache" in said[0]
    assert (tmp_path / "features.sqlite" / "mine").is_dir()


def test_a_link_to_a_cache_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(path)
    assert used(link) == (60, [])
    path.write_bytes(b"damaged")
    assert used(link)[0] == 0
    assert link.is_symlink()
    assert used(path) == (60, [])


def test_damage_that_comes_while_it_is_open_is_mended(path: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with FeatureStore(path) as one, FeatureStore(path) as other:
            path.write_bytes(b"damaged" * 10_000)
            for store in (one, other):
                assert dict(store.get(VALUES)).items() <= VALUES.items()
            one.put(VALUES)
            assert dict(one.get(VALUES)) == VALUES
            assert dict(other.get(VALUES)) == VALUES  # it has found the new file
    assert sum("begun anew" in str(item.message) for item in caught) == 1
    assert used(path) == (60, [])


def test_a_cache_in_use_by_somebody_who_never_ends_is_done_without(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "WAIT", 0.05)
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    known, said = used(path)
    holder.close()
    assert known == 0
    assert len(said) == 1
    assert "locked" in said[0]
    assert used(path) == (60, [])  # nothing was lost


LIMITED = """
import resource, signal, sys
from pathlib import Path
from tl_catdog.features.cache import FeatureStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
with FeatureStore(Path(sys.argv[1])) as store:
    for number in range(100):
        store.put({str(number).encode(): bytes(40_000)})
    print("went on")
"""


def test_a_disk_without_room_is_done_without(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "features.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "went on\n"
    assert done.stderr.count("Going on without the feature cache") == 1
    with FeatureStore(tmp_path / "features.sqlite") as store:
        assert 0 < len(store) < 10  # what there was room for


def test_a_full_disk_at_the_first_opening_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "empty", full)
    known, said = used(tmp_path / "features.sqlite")
    assert known == 0
    assert len(said) == 1
    assert "No space left" in said[0]


def test_the_first_opening_leaves_no_file_without_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "features.sqlite"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "connect", killed)
    with pytest.raises(KeyboardInterrupt):
        FeatureStore(path)
    assert contents(path)[::2] == (0, None)


def test_a_place_that_can_not_be_written_to_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    known, said = used(tmp_path / "file" / "features.sqlite")
    assert (known, len(said)) == (0, 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with (
        pytest.warns(CatdogWarning, match="cache folder") as caught,
        open_store(TrainConfig()) as store,
    ):
        assert store is None
    assert len(caught) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_cache_that_is_read_only_is_read(path: Path) -> None:
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        known, said = used(path)
    finally:
        path.parent.chmod(0o755)
    assert known == 60
    assert said == []
