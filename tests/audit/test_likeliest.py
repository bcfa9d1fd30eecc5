"""The likeliest few: kept as windows are compared, each other picture once."""

from __future__ import annotations

import numpy as np
import pytest

from tl_catdog.audit import likeliest as module
from tl_catdog.audit import lists
from tl_catdog.audit.likeliest import Likeliest
from tl_catdog.audit.lists import Floats, Lists


def at(*degrees: float) -> Floats:
    """Return vectors whose second half is nothing: mirroring changes none."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], 1).astype(np.float32)


def test_the_likeliest_are_kept_in_order_and_none_finds_itself() -> None:
    vectors = at(0, 10, 25, 52, 180)
    likeliest = Likeliest(5, 2, 0.5)
    likeliest.ask(0, vectors, Lists(vectors), vectors, pair=0)
    found = likeliest.candidates()
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 2),
        (2, 1),
        (2, 0),
        (3, 2),
        (3, 1),
    ]
    assert found.likeness[:2] == pytest.approx(np.cos(np.radians([10, 25])))


def test_of_several_windows_the_one_that_fits_best_is_told() -> None:
    likeliest = Likeliest(2, 3, 0.5)
    for pair, degrees in enumerate((40, 20, 30)):
        vectors = at(0, degrees)
        likeliest.ask(0, vectors, Lists(vectors), vectors, pair)
    found = likeliest.candidates()
    assert found.window_pair.tolist() == [1, 1]
    assert found.likeness == pytest.approx([np.cos(np.radians(20))] * 2)


def test_pictures_are_asked_for_in_parts() -> None:
    vectors = at(*range(0, 60, 6))
    whole, parts = Likeliest(10, 3, 0.5), Likeliest(10, 3, 0.5)
    whole.ask(0, vectors, Lists(vectors), vectors, 0)
    for start in (4, 0, 8):
        parts.ask(start, vectors[start : start + 4], Lists(vectors), vectors, 0)
    assert parts.candidates().second.tolist() == whole.candidates().second.tolist()


def test_mirror_images_are_told() -> None:
    vectors = np.array([[0.6, 0.0, 0.8, 0.0], [0.6, 0.0, -0.8, 0.0]], np.float32)
    likeliest = Likeliest(2, 1, 0.5)
    likeliest.ask(0, vectors, Lists(vectors), vectors, 0)
    found = likeliest.candidates()
    assert found.likeness == pytest.approx([1, 1])
    assert found.mirrored.all()


def test_what_is_told_in_parts_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = at(*range(0, 80, 2))
    found = []
    for told in (2**19, 1):
        monkeypatch.setattr(module, "TOLD", told)
        monkeypatch.setattr(lists, "SIZE", 4)
        likeliest = Likeliest(40, 3, 0.5)
        likeliest.ask(0, vectors, Lists(vectors), vectors, 0)
        found.append(likeliest.candidates().second.tolist())
    assert found[0] == found[1]
