"""Hashes: equal for the same bytes and the same set, and for nothing else."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tl_catdog.data.digest import (
    UNREADABLE,
    HashedFile,
    content_key,
    file_digest,
    file_digests,
    fingerprint,
)
from tl_catdog.data.images import decode, path_of, try_decode
from tl_catdog.errors import CatdogError, ImageError

ONE, TWO = hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    assert file_digest(path) == ONE
    path.write_bytes(b"two" * 500_000)
    assert file_digest(path) == hashlib.sha256(b"two" * 500_000).hexdigest()


def test_digests_come_in_the_order_of_their_files_readable_or_not(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(100)]
    for number, path in enumerate(paths):
        if number != 50:
            path.write_bytes(b"%d" % number)
    wanted = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(100)]
    wanted[50] = UNREADABLE
    assert file_digests(iter(paths)) == wanted


def test_identical_pictures_share_a_key_whatever_they_are_called() -> None:
    assert content_key(ONE, "cats/1.jpg") == content_key(ONE, "dogs/2.jpg")
    assert content_key(ONE, "cats/1.jpg") != content_key(TWO, "cats/1.jpg")


def test_pictures_that_cannot_be_read_share_none() -> None:
    """Nothing says that they were copies of each other."""
    keys = [content_key(UNREADABLE, name) for name in ("cats/1.jpg", "cats/2.jpg")]
    assert keys[0] != keys[1]
    assert keys[0] == content_key(UNREADABLE, "cats/1.jpg")
    assert content_key(UNREADABLE, ONE) != content_key(ONE, ONE)


def test_a_fingerprint_is_what_runs_of_earlier_versions_recorded() -> None:
    """SHA-256 of the sorted rows, fields between tabs, a line break after each row."""
    rows = [("train", "dogs", TWO), ("train", "cats", ONE), ("test", "cats", TWO)]
    text = f"test\tcats\t{TWO}\ntrain\tcats\t{ONE}\ntrain\tdogs\t{TWO}\n"
    assert fingerprint(rows) == hashlib.sha256(text.encode()).hexdigest()
    assert fingerprint(reversed(rows)) == fingerprint(rows)


def test_each_part_of_each_row_counts_and_so_do_copies() -> None:
    row = ("train", "cats", ONE)
    others = [[("test", "cats", ONE)], [("train", "dogs", ONE)], [("train", "cats", TWO)]]
    others += [[], [row, row]]
    found = {fingerprint(rows) for rows in ([row], *others)}
    assert len(found) == 6


def test_classes_may_have_odd_bytes() -> None:
    label = os.fsdecode(b"caf\xe9")
    text = b"train\tcaf\xe9\t" + ONE.encode() + b"\n"
    assert fingerprint([("train", label, ONE)]) == hashlib.sha256(text).hexdigest()


def test_the_bytes_of_a_hashed_file_are_those_that_were_hashed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    assert HashedFile(path, ONE).read() == b"one"
    path.write_bytes(b"two")
    with pytest.raises(CatdogError, match=r"a\.jpg changed meanwhile"):
        HashedFile(path, ONE).read()
    with pytest.raises(CatdogError, match="changed"):  # it couldn't be read at first
        HashedFile(path, UNREADABLE).read()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        HashedFile(path, ONE).read()


@pytest.mark.parametrize(
    ("place", "now"),
    [
        ("cats/a[1].jpg", "dogs/a[1].jpg"),
        ("cats/burst-1/a.jpg", "dogs/burst-1/a.jpg"),
        ("cats/a.jpg", ".teach/removed/7/cats/a.jpg"),
        ("cats/burst-1/a.jpg", ".teach/removed/7/cats/burst-1/a.jpg"),
    ],
)
def test_a_picture_that_got_another_class_is_found_by_its_bytes(
    tmp_path: Path, place: str, now: str
) -> None:
    (tmp_path / "birds/burst-1").mkdir(parents=True)
    (tmp_path / ".teach").mkdir()
    for name in ("a[1].jpg", "a.jpg", "burst-1/a.jpg"):
        (tmp_path / "birds" / name).write_bytes(b"another of that name")
    (tmp_path / now).parent.mkdir(parents=True)
    (tmp_path / now).write_bytes(b"one")
    hashed = HashedFile(tmp_path / place, ONE)
    assert hashed.read() == b"one"
    (tmp_path / now).unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(place)):
        hashed.read()


def test_nothing_is_looked_for_where_nobody_teaches(tmp_path: Path) -> None:
    (tmp_path / "dogs").mkdir()
    (tmp_path / "dogs/a.jpg").write_bytes(b"one")
    with pytest.raises(FileNotFoundError):
        HashedFile(tmp_path / "cats/a.jpg", ONE).read()


def test_a_hashed_file_is_decoded_as_its_path_is(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(path)
    hashed = HashedFile(path, file_digest(path))
    assert np.array_equal(decode(hashed, 8), decode(path, 8))
    assert path_of(hashed) == path_of(path) == path
    assert path_of(path.read_bytes()) is None
    path.write_bytes(b"other")
    with pytest.raises(CatdogError, match="changed") as caught:
        try_decode(hashed, 8)
    assert not isinstance(caught.value, ImageError)  # it isn't left out like a broken one
    path.unlink()
    assert isinstance(try_decode(hashed, 8), ImageError)
