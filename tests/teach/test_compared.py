"""What was compared is read back as it was; whatever else lies there is passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tl_catdog.audit.candidates import WINDOWS
from tl_catdog.audit.near_duplicates import Pair
from tl_catdog.teach import compared
from tl_catdog.teach.compared import WIDTH, Compared

DIGESTS = ["0" * 64, "ab" * 32, "cd" * 32]


def some(pairs: list[Pair] | None = None, digests: list[str] | None = None) -> Compared:
    names = DIGESTS if digests is None else digests
    windows = np.random.default_rng(1).normal(size=(len(WINDOWS), len(names), WIDTH))
    found = [Pair(0, 2, 0.93, mirrored=True)] if pairs is None else pairs
    return Compared(names, windows.astype(np.float32), found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".teach").mkdir()
    return tmp_path


def test_it_is_read_as_it_was_written(root: Path) -> None:
    one = some()
    one.write(root)
    found = compared.read(root)
    assert found is not None
    assert found.digests == one.digests
    assert found.pairs == one.pairs
    assert np.array_equal(found.windows, one.windows)
    none = some([], [])
    none.write(root)
    assert compared.read(root) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        some([Pair(0, 3, 0.9, mirrored=False)]),
        some([Pair(2, 0, 0.9, mirrored=False)]),
        some([Pair(-1, 0, 0.9, mirrored=False)]),
        some([Pair(0, 1, 9.0, mirrored=False)]),
        some([Pair(0, 1, float("nan"), mirrored=False)]),
        some(digests=["ab" * 32, "ab" * 32, "cd" * 32]),
        Compared(DIGESTS, some([], DIGESTS[:2]).windows, []),
        Compared(DIGESTS, np.full((len(WINDOWS), 3, WIDTH), np.nan, np.float32), []),
    ],
)
def test_what_cannot_be_is_passed_over(root: Path, wrong: Compared) -> None:
    wrong.write(root)
    assert (root / compared.PLACE).is_file()
    assert compared.read(root) is None


def test_files_of_others_and_other_versions_are_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compared.read(root) is None
    for content in (b"", b"PK\x03\x04", b"\x93NUMPY", b"x" * 10_000):
        (root / compared.PLACE).write_bytes(content)
        assert compared.read(root) is None
    (root / compared.PLACE).unlink()
    (root / compared.PLACE).symlink_to("/dev/zero")
    assert compared.read(root) is None
    (root / compared.PLACE).unlink()
    some().write(root)
    monkeypatch.setattr(compared, "VERSION", 0)
    assert compared.read(root) is None


def test_without_a_place_to_write_nothing_happens(tmp_path: Path) -> None:
    some().write(tmp_path / "none")
    assert not list(tmp_path.iterdir())
