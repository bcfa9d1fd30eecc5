"""Scenes: a backdrop with things on it, and things in front that leave the head free."""

from __future__ import annotations

import numpy as np
import pytest

from tl_catdog.drawings import scenes
from tl_catdog.drawings.palette import Rng
from tl_catdog.drawings.shapes import Canvas, Colour, Shape, box

HEAD = (0.5, 0.6, 0.3)


def block(rng: Rng, colour: Colour) -> list[Shape]:
    """A thing of one unit, standing on y = 0."""
    return [Shape(box(-0.5, -1, 0.5, 0), colour)]


def test_up_to_four_things_stand_behind_on_the_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    backdrop = Shape(box(0, 0, 1, 1), (1, 2, 3))
    monkeypatch.setattr(scenes, "BACKDROPS", (lambda rng: [backdrop],))
    monkeypatch.setattr(scenes, "BEHIND", (block,))
    drawn = [scenes.background(np.random.default_rng(seed)) for seed in range(300)]
    assert all(shapes[0] is backdrop for shapes in drawn)
    assert {len(shapes) - 1 for shapes in drawn} == {0, 1, 2, 3, 4}
    points = np.array([shape.points for shapes in drawn for shape in shapes[1:]])
    feet, size = points[:, :, 1].max(axis=1), np.ptp(points[:, :, 1], axis=1)
    middle = points[:, :, 0].mean(axis=1)
    for found, low, high in ((feet, 0.55, 0.95), (size, 0.14, 0.42), (middle, 0.0, 1.0)):
        assert low <= found.min() < low + 0.02
        assert high - 0.02 < found.max() <= high


def test_things_in_front_are_low_small_and_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "BEFORE", (block,))
    nowhere = (9.0, 9.0, 0.1)
    drawn = [scenes.foreground(np.random.default_rng(seed), nowhere) for seed in range(400)]
    grass = [shapes[-30:] for shapes in drawn if len(shapes) >= 30]
    assert 0.1 < len(grass) / 400 < 0.2
    assert min(shape.points[:, 1].min() for blades in grass for shape in blades) > 0.85
    things = [[shape for shape in shapes if len(shape.points) == 4] for shapes in drawn]
    assert {len(shapes) for shapes in things} == {0, 1, 2}
    points = np.array([shape.points for shapes in things for shape in shapes])
    size = np.hypot(*(points[:, 0] - points[:, 1]).T)
    assert 0.08 <= size.min() < 0.09
    assert 0.23 < size.max() <= 0.24
    foot = (points[:, 2] + points[:, 3]) / 2
    assert 0.8 <= foot[:, 1].min() < 0.82
    assert 1.06 < foot[:, 1].max() <= 1.08


def test_things_in_front_leave_the_head_free() -> None:
    kept = 0
    for seed in range(600):
        for shape in scenes.foreground(np.random.default_rng(seed), HEAD):
            apart = np.hypot(shape.points[:, 0] - HEAD[0], shape.points[:, 1] - HEAD[1])
            assert apart.min() > HEAD[2]
            kept += 1
    assert kept > 500


def test_a_head_in_the_way_takes_things_away() -> None:
    def drawn(head: tuple[float, float, float]) -> int:
        return sum(len(scenes.foreground(np.random.default_rng(k), head)) for k in range(200))

    assert drawn((0.5, 0.9, 0.3)) < drawn((0.5, 0.6, 0.3)) < drawn((9, 9, 0.3))


def test_a_background_covers_the_picture_and_can_be_painted() -> None:
    seen = set()
    for seed in range(20):
        canvas = Canvas(48)
        canvas.image.paste((255, 0, 255), (0, 0, 48, 48))
        canvas.paint(scenes.background(np.random.default_rng(seed)))
        assert not (np.asarray(canvas.image) == (255, 0, 255)).all(axis=2).any()
        seen.add(canvas.image.tobytes())
    assert len(seen) == 20
