"""Heads, in units of their own radius: what tells the kinds apart is there in every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tl_catdog.drawings.animals import extent
from tl_catdog.drawings.coats import Coat, pick_coat
from tl_catdog.drawings.heads import CAT_EYES, DOG_EYES, HEADS
from tl_catdog.drawings.shapes import Shape

TONGUE = (216, 96, 104)
WHISKER = 0.042
SEEDS = range(80)


def heads(
    kind: str, side: bool, change: Callable[[Coat], Coat] = lambda coat: coat
) -> list[list[Shape]]:
    """Return many heads of a kind, in coats of all sorts."""
    coats: list[Coat] = [pick_coat(np.random.default_rng(seed)) for seed in SEEDS]
    return [
        HEADS[kind, side](change(coat), np.random.default_rng(seed))
        for seed, coat in zip(SEEDS, coats, strict=True)
    ]


def eyes(shapes: list[Shape]) -> list[Shape]:
    """Return the open eyes; each lies on a darker rim."""
    return [shape for shape in shapes if shape.fill in (*CAT_EYES, *DOG_EYES)]


def whiskers(shapes: list[Shape]) -> list[Shape]:
    return [shape for shape in shapes if shape.stroke == WHISKER]


def test_every_kind_has_a_head_of_either_view() -> None:
    assert set(HEADS) == {(kind, side) for kind in ("cat", "dog") for side in (False, True)}
    assert not set(CAT_EYES) & set(DOG_EYES)


@pytest.mark.parametrize(("kind", "side"), HEADS)
def test_a_head_is_about_its_unit(kind: str, side: bool) -> None:
    for shapes in heads(kind, side):
        low, high = extent(shapes)
        assert (-1.4 < low[0] < -0.75, -1.7 < low[1] < -0.8, 0.8 < high[1] < 1.45) == (True,) * 3
        if side:
            assert (high[0] > 1.4) == (kind == "dog"), "only a dog's muzzle is long"
            assert high[0] < 2.15
        else:
            assert 0.9 < high[0] < 1.4


@pytest.mark.parametrize(("kind", "side"), HEADS)
def test_open_eyes_are_the_kinds_own(kind: str, side: bool) -> None:
    found = [eyes(shapes) for shapes in heads(kind, side)]
    own = set(CAT_EYES if kind == "cat" else DOG_EYES)
    assert {eye.fill for pair in found for eye in pair} == own
    counts = [len(pair) for pair in found]
    if side:
        assert set(counts) == {1}
    else:
        assert set(counts) == {0, 2}
        assert 0.03 < counts.count(0) / len(counts) < 0.2, "some sleep"
        for left, right in filter(None, found):
            assert left.fill == right.fill
            assert left.points[:, 0].mean() < right.points[:, 0].mean()


def test_cats_eyes_are_larger() -> None:
    for side in (False, True):
        widths = {
            kind: [np.ptp(eye.points[:, 0]) for shapes in heads(kind, side) for eye in eyes(shapes)]
            for kind in ("cat", "dog")
        }
        assert min(widths["cat"]) >= max(widths["dog"])


def test_only_cats_have_whiskers() -> None:
    assert {len(whiskers(shapes)) for shapes in heads("cat", False)} == {6}
    assert {len(whiskers(shapes)) for shapes in heads("cat", True)} == {3}
    for side in (False, True):
        assert {len(whiskers(shapes)) for shapes in heads("dog", side)} == {0}


def test_whiskers_spread_to_both_sides_of_a_face() -> None:
    for shapes in heads("cat", False):
        left, right = whiskers(shapes)[:3], whiskers(shapes)[3:]
        assert all(line.points[-1, 0] < line.points[0, 0] - 0.7 for line in left)
        assert all(line.points[-1, 0] > line.points[0, 0] + 0.7 for line in right)


def test_only_dogs_show_their_tongue_and_not_all_do() -> None:
    for side, share in ((False, 0.6), (True, 0.45)):
        shown = [TONGUE in [shape.fill for shape in shapes] for shapes in heads("dog", side)]
        assert np.mean(shown) == pytest.approx(share, abs=0.15)
        assert not any(TONGUE in [s.fill for s in shapes] for shapes in heads("cat", side))


def test_cats_ears_rise_above_the_skull_and_are_alike() -> None:
    for shapes in heads("cat", False):
        left, right = shapes[0].points, shapes[2].points
        assert np.allclose(left, right * (-1, 1))
        assert left[:, 1].min() < -1.3
    for shapes in heads("cat", True):
        assert extent(shapes)[0][1] < -1.2


def test_most_dogs_ears_hang() -> None:
    tops = np.array([extent(shapes)[0][1] for shapes in heads("dog", False)])
    assert 0.45 < (tops > -1.1).mean() < 0.85
    assert (tops < -1.2).mean() > 0.1, "some are upright"


@pytest.mark.parametrize(("kind", "side"), HEADS)
def test_the_skull_bears_the_coats_pattern(kind: str, side: bool) -> None:
    def marks(pattern: str) -> set[int]:
        found = heads(kind, side, lambda coat: replace(coat, pattern=pattern))
        return {sum(len(shape.marks) for shape in shapes) for shapes in found}

    assert marks("plain") == {0}
    assert marks("tabby") == {7}
    assert marks("spots") == {6}
    assert marks("patches") == marks("bicolour") == {1}


@pytest.mark.parametrize(("kind", "side"), HEADS)
def test_the_contour_is_around_the_head_as_thick_as_the_coat_says(kind: str, side: bool) -> None:
    for shapes in heads(kind, side, lambda coat: replace(coat, contour=0.05)):
        lined = [shape for shape in shapes if shape.line is not None]
        assert len(lined) >= 2
        assert {shape.line_width for shape in lined} == {0.05}
