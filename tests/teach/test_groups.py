"""Copies as pictures come: the same are found as when all are compared at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tl_catdog.audit.inspection import Inspection, inspect
from tl_catdog.audit.near_duplicates import copy_groups
from tl_catdog.teach import compared
from tl_catdog.teach import groups as room
from tl_catdog.teach.groups import Groups
from tl_catdog.teach.items import Item
from tl_catdog.teach.steps import OWN


def drawn(number: int, size: int = 160) -> Image.Image:
    """Return a picture of large soft shapes, of which low frequencies tell much."""
    coarse = np.random.default_rng(number).integers(0, 255, (9, 9, 3), np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def item(path: Path, label: str | None = None, burst: str = "") -> Item:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Item(path.name, digest, path.parent, path.name, label, "", burst)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    for number in range(12):
        drawn(number).save(tmp_path / f"{number:02}.png")
    drawn(3).save(tmp_path / "small-copy-of-3.jpg", quality=60)
    drawn(5).crop((0, 0, 150, 150)).save(tmp_path / "crop-of-5.jpg", quality=90)
    drawn(7).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "mirrored-7.png")
    (tmp_path / "08-again.png").write_bytes((tmp_path / "08.png").read_bytes())
    return [item(path, "ab"[n % 2]) for n, path in enumerate(sorted(tmp_path.iterdir()))]


def together(names: list[str], keys: list[object]) -> set[frozenset[str]]:
    found: dict[object, set[str]] = {}
    for name, key in zip(names, keys, strict=True):
        found.setdefault(key, set()).add(name)
    return {frozenset(some) for some in found.values() if len(some) > 1}


@pytest.mark.parametrize("part", [1, 5, 100])
def test_copies_are_those_of_all_at_once_whatever_the_order(
    items: list[Item], part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "FIRST", 4)  # so that more room is made meanwhile
    for order in (items, items[::-1]):
        groups = Groups()
        waiting = groups.unknown(order)
        assert len(waiting) == 15
        for start in range(0, len(waiting), part):
            groups.look(waiting[start : start + part])
        assert not groups.unknown(items)
        found = groups.found(items)
        names = [one.name for one in items]
        expected = together(names, list(copy_groups([one.path for one in items])))
        assert together(names, [found.groups[name] for name in names]) == expected
        assert len(expected) == 4
        assert found.copies["crop-of-5.jpg"] == "05.png"
        assert found.copies["08.png"] == "08-again.png"
        assert "00.png" not in found.copies


def test_bursts_and_copies_are_one_group(items: list[Item], tmp_path: Path) -> None:
    burst = [item(tmp_path / name, "a", "burst-1") for name in ("00.png", "03.png")]
    copy = item(tmp_path / "small-copy-of-3.jpg", "b")
    groups = Groups()
    groups.look(groups.unknown([*burst, copy]))
    found = groups.found([*burst, copy])
    assert len(set(found.groups.values())) == 1


def test_what_cannot_be_read_is_told_and_what_changed_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    drawn(1).save(tmp_path / "1.png")
    bad, good = item(tmp_path / "bad.png"), item(tmp_path / "1.png")
    drawn(2).save(tmp_path / "1.png")
    groups = Groups()
    assert groups.look([bad, good])
    found = groups.found([bad, good])
    assert set(found.broken) == {bad.sha256}
    assert groups.unknown([bad, good]) == [good]
    assert not groups.found([]).groups


def test_what_was_compared_is_known_to_the_next_start(
    items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "FIRST", 4)
    names = ("small-copy-of-3.jpg", "crop-of-5.jpg", "mirrored-7.png")
    new = [one for one in items if one.name in names[:2]]
    old = [one for one in items if one not in new]
    first = Groups()
    first.look(first.unknown(old))
    assert first.kept(old) is None  # too few to be worth it
    known = first.kept(old, ending=True)
    assert known is not None
    (items[0].root / OWN).mkdir()
    known.write(items[0].root)
    assert first.kept(old, ending=True) is None
    kept = compared.read(items[0].root)
    second = Groups(kept)
    decoded: list[str] = []

    def look(path: Path) -> Inspection:
        decoded.append(path.name)
        return inspect(path)

    monkeypatch.setattr(room, "inspect", look)
    assert not second.unknown(old)
    assert second.found(old) == first.found(old)
    assert not decoded
    (items[0].root / "07.png").unlink()  # which new ones are no copies of
    second.look(second.unknown(items))
    first.look(first.unknown(items))
    assert second.found(items) == first.found(items)
    assert set(names[:2]) <= set(decoded)
    assert 2 + 2 <= len(decoded) < len(items)


def test_of_those_kept_only_pictures_of_the_folder_are(items: list[Item]) -> None:
    groups = Groups()
    groups.look(groups.unknown(items))
    some = [one for one in items if not one.name.startswith("0")]
    kept = groups.kept(some, ending=True)
    assert kept is not None
    assert set(kept.digests) == {one.sha256 for one in some}
    assert [pair for pair in kept.pairs if pair.second >= len(some)] == []
    assert Groups(kept).unknown(some) == []
