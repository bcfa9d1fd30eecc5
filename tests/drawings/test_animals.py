"""Cats and dogs: they stand on the ground, share coats and builds, and differ in their features."""

from __future__ import annotations

import numpy as np
import pytest

from tl_catdog.drawings import animals
from tl_catdog.drawings.animals import Animal, animal, extent
from tl_catdog.drawings.coats import Build, Coat, Rng, pick_build, pick_coat
from tl_catdog.drawings.heads import CAT_EYES, DOG_EYES
from tl_catdog.drawings.picture import KINDS
from tl_catdog.drawings.shapes import Canvas, Shape, box, placed

SEEDS = range(150)


@pytest.fixture(scope="module")
def crowd() -> dict[str, list[Animal]]:
    return {kind: [animal(kind, np.random.default_rng(k)) for k in SEEDS] for kind in KINDS}


def whole(crowd: dict[str, list[Animal]]) -> list[Animal]:
    """Return those that are seen from head to foot."""
    return [one for kind in KINDS for one in crowd[kind] if not one.close_up]


def test_an_animal_stands_on_the_ground_one_unit_tall(crowd: dict[str, list[Animal]]) -> None:
    heights = []
    for one in whole(crowd):
        low, high = extent(one.shapes[1:])  # a tail, painted first, may hang lower
        assert -0.02 < high[1] < 0.12
        heights.append(high[1] - low[1])
    assert min(heights) > 0.4
    assert max(heights) < 1.6
    assert np.median(heights) == pytest.approx(1.1, abs=0.15)


def test_it_faces_right_with_its_head_up(crowd: dict[str, list[Animal]]) -> None:
    for one in whole(crowd):
        low, high = extent(one.shapes)
        x, y, r = one.head
        assert low[0] + 0.2 * (high[0] - low[0]) < x
        assert y < low[1] + 0.6 * (high[1] - low[1])
        assert 0.2 <= r <= 0.28 * 1.1 * 1.25


def test_the_circle_of_the_head_holds_the_eyes(crowd: dict[str, list[Animal]]) -> None:
    awake = 0
    for kind in KINDS:
        for one in crowd[kind]:
            x, y, r = one.head
            seen = [s.points for s in one.shapes if s.fill in (CAT_EYES, DOG_EYES)[kind == "dog"]]
            for points in seen:
                assert np.hypot(points[:, 0] - x, points[:, 1] - y).max() < 0.9 * r
            if seen:
                middle = np.mean([points.mean(axis=0) for points in seen], axis=0)
                assert np.hypot(*(middle - (x, y))) < 0.35 * r, "the face is in its middle"
            assert not [s for s in one.shapes if s.fill in (DOG_EYES, CAT_EYES)[kind == "dog"]]
            awake += bool(seen)
    assert awake > 0.8 * 2 * len(SEEDS)


def test_poses_come_in_the_same_shares(crowd: dict[str, list[Animal]]) -> None:
    shares = [share for _, share in animals._POSES]
    assert sum(shares) == pytest.approx(1)
    close = [[one.close_up for one in crowd[kind]] for kind in KINDS]
    assert close[0] == close[1], "the same stream gives either kind the same pose"
    assert np.mean(close) == pytest.approx(0.4, abs=0.1)


def test_both_kinds_get_their_coats_and_builds_from_the_same_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coats: list[Coat] = []
    builds: list[Build] = []
    kinds: list[str] = []

    def coat(rng: Rng) -> Coat:
        coats.append(pick_coat(rng))
        return coats[-1]

    def build(kind: str, rng: Rng) -> Build:
        kinds.append(kind)
        builds.append(pick_build(kind, rng))
        return builds[-1]

    monkeypatch.setattr(animals, "pick_coat", coat)
    monkeypatch.setattr(animals, "pick_build", build)
    for kind in KINDS:
        for seed in range(20):
            one = animal(kind, np.random.default_rng(seed))
            for shape in one.shapes:
                # A head is built in units of its own, but its contour is as thick as the body's.
                assert shape.line_width in (0, pytest.approx(coats[-1].contour))
    assert kinds == ["cat"] * 20 + ["dog"] * 20
    assert coats[:20] == coats[20:]
    assert [(b.girth, b.length, b.head) for b in builds[:20]] == [
        (b.girth, b.length, b.head) for b in builds[20:]
    ]


@pytest.mark.parametrize("fluff", [0.0, 0.08])
def test_cats_tails_are_long_and_slim(fluff: float) -> None:
    start = (-0.4, -0.5)
    lengths: dict[str, list[float]] = {kind: [] for kind in KINDS}
    roots: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for seed in range(100):
        coat = Coat((200, 140, 60), (9, 9, 9), (250, 240, 230), (0, 0, 0), "plain", fluff, 0, 0)
        for kind in KINDS:
            tail = animals._tail(kind, coat, start, np.pi, np.random.default_rng(seed))
            away = np.hypot(*(tail.points - start).T)
            lengths[kind].append(float(away.max()))
            roots[kind].append(float(away.min()))
            assert tail.points[:, 0].mean() < start[0], "to the left, as it was told"
    assert np.median(lengths["cat"]) > 1.5 * np.median(lengths["dog"])
    assert max(lengths["cat"]) < 0.8 + 0.045 * 1.6 + 0.1
    assert max(lengths["dog"]) < 0.5 + 0.07 * 1.5 + 0.05
    assert np.median(roots["dog"]) > np.median(roots["cat"]) or fluff > 0


def test_any_animal_can_be_painted(crowd: dict[str, list[Animal]]) -> None:
    for kind in KINDS:
        for one in crowd[kind][:25]:
            canvas = Canvas(64)
            canvas.paint(placed(one.shapes, 0.4, 0.0, (0.5, 0.75)), mask=255)
            assert 0.03 < (np.asarray(canvas.mask) > 0).mean() < 0.5
            for shape in one.shapes:
                assert np.isfinite(shape.points).all()
                assert all(isinstance(v, int) and 0 <= v <= 255 for v in shape.fill)


def test_the_extent_is_of_areas_alone() -> None:
    area = Shape(box(1, 2, 3, 5), (0, 0, 0))
    whisker = Shape(np.array([(-9.0, -9.0), (9.0, 9.0)]), (0, 0, 0), stroke=0.1)
    low, high = extent([area, whisker, Shape(box(2, 3, 4, 4), (0, 0, 0))])
    assert (low.tolist(), high.tolist()) == ([1, 2], [4, 5])
