"""Things around the animal: about one unit large, standing on y = 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tl_catdog.drawings.animals import extent
from tl_catdog.drawings.palette import Rng
from tl_catdog.drawings.shapes import Canvas, Colour, Shape, placed
from tl_catdog.drawings.things import BEFORE, BEHIND, blades, flower

Thing = Callable[[Rng, Colour], list[Shape]]

THINGS = sorted({*BEHIND, *BEFORE}, key=lambda thing: thing.__name__)
GREEN = (96, 150, 66)


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_stands_on_the_ground_and_is_about_one_unit_large(thing: Thing) -> None:
    drawn = [thing(np.random.default_rng(seed), (90, 120, 150)) for seed in range(60)]
    low, high = np.array([extent(shapes) for shapes in drawn]).swapaxes(0, 1)
    assert high[:, 1].min() >= -0.08
    assert high[:, 1].max() <= 0.25
    assert low[:, 1].min() > -1.85
    assert np.abs([low[:, 0], high[:, 0]]).max() < 1.3
    size = np.maximum(*(high - low).T)
    assert 0.5 < np.median(size) < 2.6


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_can_be_painted_in_whole_colours(thing: Thing) -> None:
    for seed in range(8):
        shapes = thing(np.random.default_rng(seed), (90, 120, 150))
        for shape in shapes:
            colours = [shape.fill, *(colour for _, colour in shape.marks)]
            assert all(isinstance(v, int) and 0 <= v <= 255 for c in colours for v in c)
            assert np.isfinite(shape.points).all()
        canvas = Canvas(64)
        canvas.paint(placed(shapes, 0.3, 0.0, (0.5, 0.7)), mask=255)
        seen = np.asarray(canvas.mask) > 0
        assert 0.005 < seen.mean() < 0.3


@pytest.mark.parametrize("thing", THINGS)
def test_the_same_stream_draws_the_same_thing(thing: Thing) -> None:
    one, two = (thing(np.random.default_rng(4), (90, 120, 150)) for _ in range(2))
    assert [s.points.tobytes() for s in one] == [s.points.tobytes() for s in two]


def test_nothing_is_as_likely_twice_on_a_side() -> None:
    assert len(set(BEHIND)) == len(BEHIND) == 10
    assert len(set(BEFORE)) == len(BEFORE) == 10


def test_blades_stand_all_over_the_ground() -> None:
    out = blades(np.random.default_rng(0), 0.6, GREEN, 400)
    assert len(out) == 400
    feet = np.array([(shape.points[0] + shape.points[1]) / 2 for shape in out])
    tips = np.array([shape.points[2] for shape in out])
    assert 0 <= feet[:, 0].min() < 0.02
    assert 0.6 <= feet[:, 1].min() < 0.61
    assert 1.0 < feet[:, 1].max() <= 1.02
    assert 0.98 < feet[:, 0].max() <= 1
    tall = feet[:, 1] - tips[:, 1]
    assert np.allclose(tall, 0.02 + 0.06 * (feet[:, 1] - 0.5)), "nearer ones are taller"
    assert np.abs(tips[:, 0] - feet[:, 0]).max() <= 0.02
    brighter = [sum(shape.fill) > sum(GREEN) for shape in out]
    assert brighter == [False, True] * 200


def test_a_flower_grows_from_its_foot_to_its_height() -> None:
    shapes = flower(np.random.default_rng(0), (200, 80, 90), 0.3, 0.9, 0.1)
    foot, top = shapes[0].points.tolist()
    assert foot == pytest.approx([0.3, 0.9])
    assert top == pytest.approx([0.305, 0.83])
    low, high = extent(shapes)
    assert low[1] == pytest.approx(0.8, abs=0.012)
    assert high[1] < 0.9
    assert [shape.fill for shape in shapes[1:6]] == [(200, 80, 90)] * 5
