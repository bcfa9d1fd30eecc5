"""Hashes of archives: the publisher's counts, else that of the first download."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path

import pytest

from tl_catdog.errors import CatdogError
from tl_catdog.fetch.catalogue import Archive
from tl_catdog.fetch.hashes import CHUNK, Hashes, sha256_of

FIRST, SECOND = "1" * 64, "2" * 64
PINNED = Archive("pinned.zip", "https://example.org/pinned.zip", 9, FIRST)
LOOSE = Archive("loose.zip", "https://example.org/loose.zip", 9)


@pytest.fixture
def hashes(tmp_path: Path) -> Hashes:
    return Hashes(tmp_path / "hashes.json")


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, []), (5, [5]), (CHUNK, [CHUNK]), (2 * CHUNK + 1, [CHUNK, 2 * CHUNK, 2 * CHUNK + 1])],
)
def test_a_file_is_hashed_whole_and_the_bytes_read_are_told(
    tmp_path: Path, size: int, told: list[int]
) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    done: list[int] = []
    assert sha256_of(path, done.append) == hashlib.sha256(data).hexdigest() == sha256_of(path)
    assert done == told


def test_without_a_record_only_the_publishers_hash_is_known(hashes: Hashes) -> None:
    assert (hashes.of(PINNED), hashes.of(LOOSE)) == (FIRST, "")


def test_the_first_hash_is_recorded_and_stays(hashes: Hashes) -> None:
    assert hashes.record(LOOSE, FIRST) is True
    assert hashes.record(LOOSE, SECOND) is False
    assert hashes.of(LOOSE) == FIRST
    entry = json.loads(hashes.path.read_text())["loose.zip"]
    assert set(entry) == {"sha256", "url", "recorded"}
    assert entry["url"] == LOOSE.url
    when = datetime.datetime.fromisoformat(entry["recorded"])
    assert abs(datetime.datetime.now(datetime.UTC) - when) < datetime.timedelta(minutes=1)


def test_what_a_publisher_gives_is_not_recorded(hashes: Hashes) -> None:
    assert hashes.record(PINNED, SECOND) is False
    assert not hashes.path.exists()
    hashes.path.write_text(json.dumps({"pinned.zip": {"sha256": SECOND}}))
    assert hashes.of(PINNED) == FIRST


def test_records_of_other_archives_are_kept(hashes: Hashes) -> None:
    other = Archive("other.zip", "https://example.org/other.zip", 9)
    assert hashes.record(LOOSE, FIRST)
    assert hashes.record(other, SECOND)
    assert (hashes.of(LOOSE), hashes.of(other)) == (FIRST, SECOND)


@pytest.mark.parametrize("text", ["{", "[]", '{"loose.zip": "text"}', '{"loose.zip": {}}', "\xff"])
def test_a_damaged_record_knows_nothing_and_is_replaced(hashes: Hashes, text: str) -> None:
    hashes.path.write_bytes(text.encode("latin-1"))
    assert hashes.of(LOOSE) == ""
    hashes.check(LOOSE, SECOND)
    assert hashes.record(LOOSE, FIRST)
    assert hashes.of(LOOSE) == FIRST


def test_the_known_hash_and_any_first_one_pass(hashes: Hashes) -> None:
    hashes.check(PINNED, FIRST)
    hashes.check(LOOSE, SECOND)
    hashes.record(LOOSE, FIRST)
    hashes.check(LOOSE, FIRST)


def test_another_hash_than_the_publishers_is_refused(hashes: Hashes) -> None:
    with pytest.raises(CatdogError) as caught:
        hashes.check(PINNED, SECOND)
    assert caught.value.message == (f"expected pinned.zip with SHA-256 {FIRST}, found {SECOND}.")
    assert caught.value.hint == "Get the archive anew."


def test_another_hash_than_at_first_is_refused_and_may_be_forgotten(hashes: Hashes) -> None:
    hashes.record(LOOSE, FIRST)
    with pytest.raises(CatdogError) as caught:
        hashes.check(LOOSE, SECOND)
    assert f"SHA-256 {FIRST} as at the first download, found {SECOND}" in caught.value.message
    assert caught.value.hint.endswith(f"rm {hashes.path}")
